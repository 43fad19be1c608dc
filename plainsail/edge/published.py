"""A visit to a published page: the page, or that it has not changed, and a row that says somebody was here."""

from __future__ import annotations

from plainsail.edge import landing
from plainsail.edge.addresses import location
from plainsail.edge.hosts import Host
from plainsail.edge.intake import Intake
from plainsail.edge.request import Request
from plainsail.edge.snapshots import Snapshots, accepted_encoding, is_unchanged
from plainsail.edge.visitors import campaign, cookie, visitor_of

FOR_ALL = ("cache-control", "no-cache")
"""Any cache may keep the page but asks each time whether it still holds: so every view is seen, and a 304 is cheap."""
FOR_ONE = ("cache-control", "private, no-cache")
"""With a new visitor's cookie, which nobody else may get."""


async def answer(request: Request, host: Host, *, snapshots: Snapshots, intake: Intake) -> bool:
    """Answer GET or HEAD with the page published at this path; False when there is none. Raises DatabaseDown.

    The visit is recorded by group commit after the answer: a page view promises nobody anything.
    """
    headers = request.headers
    encoding = accepted_encoding(headers.get("accept-encoding") or "")
    page = await snapshots.page(host, request.path, encoding)
    if page is None:
        return await _without_slash(request, host, snapshots=snapshots)
    visitor = visitor_of(headers)
    caching = [FOR_ONE, cookie(visitor, request.scheme)] if visitor.is_new else [FOR_ALL]
    known = headers.get("if-none-match")
    if known is not None and is_unchanged(known, page.etag):
        request.answer(304, page.unchanged_headers + caching)
    else:
        request.answer(200, page.headers + caching, page.body)
    if request.method == "GET":
        query = request.scope.query_string
        payload = landing.circumstances(request)
        if query:
            payload |= campaign(query)
        intake.add(landing.line(request, page.about, visitor=visitor, payload=payload))
    return True


async def _without_slash(request: Request, host: Host, *, snapshots: Snapshots) -> bool:
    """`/pricing/` leads to `/pricing` where that is published."""
    path = request.path.rstrip("/")
    if not path or path == request.path or await snapshots.page(host, path, "gzip") is None:
        return False
    request.answer(301, [("location", location(path, request.scope.query_string)), ("cache-control", "no-cache")])
    return True
