"""What anybody may fetch: renditions of pictures and files for download, under addresses that change with the content."""

from __future__ import annotations

from typing import cast

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags, quote_etag
from django.views.decorators.http import require_safe

from plainsail.files.services import storing
from plainsail.kernel.http import public

SAID = {
    "Cache-Control": "public, max-age=31536000, immutable",
    # Whatever a file claims to be, nothing in it runs on our hosts.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@require_safe
@public
def media(request: HttpRequest, business: str, file: str, name: str) -> HttpResponse:
    """A stored file. No database is asked: who has the address may have it, and it is never anything else."""
    path = storing.media_path(business, file, name)
    if path is None:
        raise Http404
    etag = quote_etag(name)
    is_known = etag in parse_etags(request.headers.get("If-None-Match", ""))
    response = HttpResponseNotModified() if is_known else _opened(path, name)
    for header, value in (SAID | {"ETag": etag}).items():
        response[header] = value
    return response


def _opened(path: str, name: str) -> HttpResponse:
    kind = storing.media_type(name)
    is_saved = kind == "application/octet-stream"
    # The content's sum before the name is of no use to who saves it.
    sent = FileResponse(default_storage.open(path), content_type=kind, as_attachment=is_saved, filename=name[17:])
    return cast(HttpResponse, sent)
