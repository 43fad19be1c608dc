"""What programs read of a site, on its own host: robots.txt, its map, its feeds."""

from __future__ import annotations

from hashlib import blake2b

from django.http import Http404, HttpResponse
from django.utils.http import parse_etags
from django.views.decorators.http import require_safe

from plainsail.kernel.http import Request, public
from plainsail.pages.services import discovery


@require_safe
@public
def robots(request: Request) -> HttpResponse:
    return _answer(request, discovery.robots(request.workspace), "text/plain; charset=utf-8")


@require_safe
@public
def sitemap(request: Request, number: int | None = None) -> HttpResponse:
    found = discovery.sitemap(request.workspace, number=number)
    if found is None:
        raise Http404
    return _answer(request, found, "application/xml; charset=utf-8")


@require_safe
@public
def atom(request: Request) -> HttpResponse:
    if not discovery.has_posts(request.workspace):
        raise Http404
    return _answer(request, discovery.atom(request.workspace), "application/atom+xml; charset=utf-8")


@require_safe
@public
def rss(request: Request) -> HttpResponse:
    if not discovery.has_posts(request.workspace):
        raise Http404
    return _answer(request, discovery.rss(request.workspace), "application/rss+xml; charset=utf-8")


def _answer(request: Request, text: str, content_type: str) -> HttpResponse:
    """The text, or that it has not changed: feed readers ask often."""
    body = text.encode()
    etag = f'W/"{blake2b(body, digest_size=12).hexdigest()}"'
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return HttpResponse(status=304, headers={"ETag": etag})
    return HttpResponse(body, content_type=content_type, headers={"ETag": etag, "Cache-Control": "no-cache"})
