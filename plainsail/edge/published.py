"""A visit to a published page: the page, or that it has not changed, and a row that says somebody was here.

The visit is recorded by group commit after the answer: a page view promises nobody anything.
"""

from __future__ import annotations

from plainsail.edge import landing
from plainsail.edge.addresses import location
from plainsail.edge.hosts import Host
from plainsail.edge.intake import Intake
from plainsail.edge.negotiation import accepted_encoding, is_unchanged
from plainsail.edge.request import Request
from plainsail.edge.snapshots import VARY, Page, Snapshots, words
from plainsail.edge.splits import BESIDE, Split, choose
from plainsail.edge.visitors import Visitor, visitor_of

FOR_ALL = ("cache-control", "no-cache")
"""Any cache may keep the page but asks each time whether it still holds: so every view is seen, and a 304 is cheap."""
FOR_ONE = ("cache-control", "private, no-cache")
"""A variant, which nobody else may get."""


class Published:
    """Answers GET and HEAD with published pages."""

    def __init__(self, snapshots: Snapshots, intake: Intake) -> None:
        self._snapshots = snapshots
        self._intake = intake

    def answer_at_once(self, request: Request) -> bool:
        """Answer from memory if the very same was asked before, without looking up anything; else False.

        False too while visits can't be written as fast as they come: the long way shares its thread with their writer.
        """
        if self._intake.is_pressed:
            return False
        accepted = request.headers.get("accept-encoding", "")
        page = self._snapshots.shortcuts.get(words(request.authority, request.path, accepted))
        if page is None:
            return False
        self._show(request, page)
        return True

    async def answer(self, request: Request, host: Host) -> bool:
        """Answer with the page published at this path; False when there is none. Raises DatabaseDown."""
        accepted = request.headers.get("accept-encoding", "")
        asked_in = words(request.authority, request.path, accepted)
        page = await self._snapshots.page(host, request.path, accepted_encoding(accepted), asked_in=asked_in)
        if page is None or request.path.startswith(BESIDE):
            return await self._without_slash(request, host)
        if page.split is None:
            self._show(request, page)
        else:
            await self._show_variant(request, host, page, page.split)
        return True

    async def _show_variant(self, request: Request, host: Host, page: Page, split: Split) -> None:
        """One snapshot a variant, each with its own tag: whoever asks again gets 304 for theirs."""
        visitor = visitor_of(request)
        path = choose(split, request, visitor)
        accepted = accepted_encoding(request.headers.get("accept-encoding", ""))
        # A variant that is gone, by a change that is not here yet, is the page itself.
        shown = (await self._snapshots.page(host, path, accepted) if path else None) or page
        self._show(request, shown, visitor=visitor)

    def _show(self, request: Request, page: Page, *, visitor: Visitor | None = None) -> None:
        caching = FOR_ALL if visitor is None else FOR_ONE
        visitor = visitor or visitor_of(request)
        known = request.headers.get("if-none-match")
        request.asked = page.asked
        if known is not None and is_unchanged(known, page.tag[1]):
            request.answer(304, [page.tag, VARY, caching])
        else:
            request.answer(200, [*page.headers, page.tag, caching], page.body)
        if request.method == "GET":
            payload = landing.payload_of_visit(request)
            self._intake.add(landing.line(request, page.about, visitor=visitor, payload=payload))

    async def _without_slash(self, request: Request, host: Host) -> bool:
        """`/pricing/` leads to `/pricing` where that is published."""
        path = request.path.rstrip("/")
        if not path or path == request.path or await self._snapshots.page(host, path, "gzip") is None:
            return False
        request.answer(301, [("location", location(path, request.scope.query_string)), ("cache-control", "no-cache")])
        return True
