"""What anybody may fetch: renditions of pictures and files for download, under addresses that change with the content."""

from __future__ import annotations

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags, quote_etag
from django.views.decorators.http import require_safe

from plainsail.files.services import storing
from plainsail.kernel.http import public

FOREVER = "public, max-age=31536000, immutable"


@require_safe
@public
def media(request: HttpRequest, business: str, file: str, name: str) -> HttpResponse | FileResponse:
    """A stored file. No database is asked: who has the address may have it, and it is never anything else."""
    path = storing.media_path(business, file, name)
    if path is None:
        raise Http404
    etag = quote_etag(name)
    response: HttpResponse | FileResponse
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response = HttpResponseNotModified()
    else:
        kind = storing.media_type(name)
        is_saved = kind == "application/octet-stream"
        response = FileResponse(
            default_storage.open(path), content_type=kind, as_attachment=is_saved, filename=name[17:]
        )
    response["ETag"] = etag
    response["Cache-Control"] = FOREVER
    # Whatever a file claims to be, nothing in it runs on our hosts.
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
