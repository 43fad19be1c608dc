"""Published pages in memory: only the encodings asked for, bounded in bytes, dropped when the database says so.

A page is kept once per encoding that somebody wanted; keeping all of them at once would halve what fits. Paths that
are not published are remembered apart, so that guessing addresses can't push pages out.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from plainsail.edge import landing
from plainsail.edge.access_log import asked
from plainsail.edge.addresses import is_path
from plainsail.edge.database import Database
from plainsail.edge.flight import Flights
from plainsail.edge.hosts import Host
from plainsail.edge.negotiation import Encoding
from plainsail.edge.rsgi import Headers
from plainsail.edge.splits import BESIDE, Split, read, shown_at

FIND_PAGE = (
    "SELECT page_id, etag, content_type, headers, split, {coded} "
    "FROM pages_publishedsnapshot WHERE workspace_id = %s AND path = %s"
)
QUERIES: dict[Encoding, str] = {
    "br": FIND_PAGE.format(coded="body_br, CASE WHEN body_br = ''::bytea THEN body ELSE ''::bytea END"),
    "gzip": FIND_PAGE.format(coded="body_gzip, CASE WHEN body_gzip = ''::bytea THEN body ELSE ''::bytea END"),
    "": FIND_PAGE.format(coded="''::bytea, body"),
}
FIND_FORMS = "SELECT page_id, forms, split FROM pages_publishedsnapshot WHERE workspace_id = %s AND path = %s"

PAGE_MAY_SAY = frozenset(
    {
        *("content-security-policy", "x-robots-tag", "content-language", "link", "permissions-policy"),
        *("referrer-policy", "cross-origin-opener-policy"),
    }
)
SAID_BY_DEFAULT = {
    "content-security-policy": (
        "default-src 'self'; img-src 'self' https: data:; media-src 'self' https:; frame-src https:; style-src 'self'; "
        "script-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "referrer-policy": "strict-origin-when-cross-origin",
    "cross-origin-opener-policy": "same-origin",
}
VARY = ("vary", "accept-encoding")
MOST_SHORTCUTS = 20_000
OVERHEAD = 2048
"""Bytes an entry costs besides its body, roughly."""


@dataclass(frozen=True, slots=True)
class Page:
    """A published page in one encoding, ready to be sent."""

    tag: tuple[str, str]
    """The ETag header."""
    headers: Headers
    """What else goes with the page, but for caching. One list for all pages that say the same."""
    body: bytes
    about: str
    """The end of a visit's landing line."""
    asked: str
    """Host and path as the access log writes them."""
    split: Split | None = None
    """The test in which it is one of the variants, if it stands at the address."""


@dataclass(frozen=True, slots=True)
class FormPage:
    """What a page's forms accept."""

    page_id: UUID
    path: str
    forms: dict[str, Any]
    split: Split | None = None


Key = tuple[UUID, str, str, str]
"""Workspace, host, path, and the encoding (or `forms`)."""


def words(host: str, path: str, accept_encoding: str) -> str:
    """What a page was asked for with, as it came. One string is found faster among thousands than three."""
    return f"{host}\n{path}\n{accept_encoding}"


class Snapshots:
    """Finds published pages by host and path, each loaded once for all who ask at the same time."""

    def __init__(self, database: Database, *, capacity: int, unknown_capacity: int = 10_000) -> None:
        self._database = database
        self._capacity = capacity
        self._unknown_capacity = unknown_capacity
        self._pages: OrderedDict[Key, Page | FormPage] = OrderedDict()
        self._unknown: OrderedDict[Key, None] = OrderedDict()
        self._flights: Flights[Key, Page | FormPage | None] = Flights()
        self.bytes = 0
        """What the pages in memory take, as counted against the bound."""
        self.shortcuts: dict[str, Page] = {}
        """Pages by the very words they were asked for in; the quick way of nearly every view. Emptied whenever anything
        is dropped, so that it never keeps what the bound or a notification took away."""

    async def page(self, host: Host, path: str, encoding: Encoding, *, asked_in: str = "") -> Page | None:
        """The page published there, or None. Raises DatabaseDown.

        With a shortcut from now on for the words that it was asked for in, where they are given (see `words`).
        """
        assert host.workspace_id is not None
        key = (host.workspace_id, host.name, path, encoding)
        found = self._pages.get(key)
        if found is None:
            if key in self._unknown or not (is_path(path) or path.startswith(BESIDE)):
                return None
            found = await self._flights.join(key, lambda: self._load_page(key, encoding), self._keep)
        else:
            self._pages.move_to_end(key)
        assert not isinstance(found, FormPage)
        if asked_in and self._pages.get(key) is found is not None and found.split is None:
            if len(self.shortcuts) >= MOST_SHORTCUTS:
                self.shortcuts.clear()
            self.shortcuts[asked_in] = found
        return found

    async def forms(self, host: Host, path: str) -> FormPage | None:
        """The forms of the page published there, or None. Raises DatabaseDown."""
        assert host.workspace_id is not None
        key = (host.workspace_id, host.name, path, "forms")
        found = self._pages.get(key)
        if found is None:
            if key in self._unknown or not (is_path(path) or path.startswith(BESIDE)):
                return None
            found = await self._flights.join(key, lambda: self._load_forms(key), self._keep)
        assert not isinstance(found, Page)
        return found

    def forget(self, payload: str) -> None:
        """Drop what a notification names: `<workspace>:<path>`; all of the workspace without a path; all if empty."""
        workspace, _, path = payload.partition(":")
        try:
            workspace_id = UUID(workspace)
        except ValueError:
            self.forget_all()
            return

        def is_meant(key: Key) -> bool:
            return key[0] == workspace_id and (not path or key[2] == path)

        self.shortcuts.clear()
        self._flights.disown_where(is_meant)
        for key in [key for key in self._pages if is_meant(key)]:
            self._drop(key)
        for key in [key for key in self._unknown if is_meant(key)]:
            del self._unknown[key]

    def forget_all(self) -> None:
        self.shortcuts.clear()
        self._flights.disown_all()
        self._pages.clear()
        self._unknown.clear()
        self.bytes = 0

    async def _load_page(self, key: Key, encoding: Encoding) -> Page | None:
        workspace_id, host, path, _ = key
        rows = await self._database.read(QUERIES[encoding], [workspace_id, path], workspace_id=workspace_id)
        if not rows:
            return None
        page_id, etag, content_type, extra, split, coded, plain = rows[0]
        path = shown_at(split) or path
        said = tuple(sorted((name.lower(), str(value)) for name, value in extra.items()))
        return Page(
            tag=("etag", f'W/"{etag}"'),
            headers=_headers(content_type, encoding if coded else "", said),
            body=bytes(coded or plain),
            about=landing.subject(
                workspace_id=workspace_id.hex, kind="visit", host=host, page_id=page_id.hex, path=path
            ),
            asked=asked(host, path),
            split=read(split),
        )

    async def _load_forms(self, key: Key) -> FormPage | None:
        workspace_id, _, path, _ = key
        rows = await self._database.read(FIND_FORMS, [workspace_id, path], workspace_id=workspace_id)
        if not rows:
            return None
        page_id, forms, split = rows[0]
        return FormPage(page_id, shown_at(split) or path, forms if isinstance(forms, dict) else {}, read(split))

    def _keep(self, key: Key, found: Page | FormPage | None) -> None:
        if found is None:
            self._unknown[key] = None
            if len(self._unknown) > self._unknown_capacity:
                self._unknown.popitem(last=False)
            return
        cost = _cost(found)
        if cost > self._capacity // 4:
            return
        if key in self._pages:
            self._drop(key)
        self._pages[key] = found
        self.bytes += cost
        while self.bytes > self._capacity:
            self._drop(next(iter(self._pages)))

    def _drop(self, key: Key) -> None:
        self.shortcuts.clear()
        self.bytes -= _cost(self._pages.pop(key))


@lru_cache(maxsize=1024)
def _headers(content_type: str, encoding: str, extra: tuple[tuple[str, str], ...]) -> Headers:
    """What goes with a page: the same list for the same answer, so that ten thousand pages don't hold as many."""
    headers: Headers = [("content-type", content_type), VARY, ("x-content-type-options", "nosniff")]
    if encoding:
        headers.append(("content-encoding", encoding))
    said = SAID_BY_DEFAULT | dict(extra)
    return headers + [(name, value) for name, value in said.items() if name in PAGE_MAY_SAY and value.isprintable()]


def _cost(kept: Page | FormPage) -> int:
    return OVERHEAD + (len(kept.body) if isinstance(kept, Page) else len(str(kept.forms)))
