"""Rows of the landing table as lines of PostgreSQL's COPY text format.

The edge only appends; a job of `tracking` takes the rows from there. A row's id is made here (UUIDv7), so that a batch
whose outcome is unknown can be sent again without doubling anything.
"""

from __future__ import annotations

import os
import time
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from plainsail.edge.addresses import LONGEST_PATH
from plainsail.edge.request import Request
from plainsail.edge.visitors import Visitor, language, purpose, shortened

COLUMNS = (
    *("id", "at", "visitor_id", "ip", "referrer", "user_agent", "payload"),
    *("workspace_id", "kind", "contact_id", "delivery_id", "page_id", "host", "path", "url"),
)
COPY = f"COPY tracking_landing ({', '.join(COLUMNS)}) FROM STDIN"
NULL = "\\N"

LONGEST_REFERRER = 500
LONGEST_USER_AGENT = 400
LONGEST_URL = 2000


def subject(
    *,
    workspace_id: UUID,
    kind: str,
    host: str,
    contact_id: UUID | None = None,
    delivery_id: UUID | None = None,
    page_id: UUID | None = None,
    path: str = "",
    url: str = "",
) -> str:
    """The end of a line: what the row is about. The same for every visit of one page, so it is kept with the page."""
    return "\t".join(
        (
            workspace_id.hex,
            kind,
            contact_id.hex if contact_id else NULL,
            delivery_id.hex if delivery_id else NULL,
            page_id.hex if page_id else NULL,
            text(host, 255),
            text(path, LONGEST_PATH),
            text(url, LONGEST_URL),
        )
    )


def line(request: Request, about: str, *, visitor: Visitor, payload: dict[str, Any], full_address: bool = False) -> str:
    """One row: who asked, when and how, then `about` (made by `subject`)."""
    headers = request.headers
    seconds = time.time()
    random = os.urandom(9).hex()
    address = request.peer if full_address else shortened(request.peer)
    return (
        f"{int(seconds * 1000):012x}7{random[:3]}8{random[3:]}\t{_stamp(seconds)}\t"
        f"{visitor.id or NULL}\t{address or NULL}\t"
        f"{text(headers.get('referer') or '', LONGEST_REFERRER)}\t"
        f"{text(headers.get('user-agent') or '', LONGEST_USER_AGENT)}\t{_json(payload) if payload else '{}'}\t{about}\n"
    )


def circumstances(request: Request) -> dict[str, str]:
    """Language and prefetching, only what is there: the beginning of most payloads."""
    found = {"language": language(request.headers.get("accept-language") or ""), "purpose": purpose(request.headers)}
    return {name: value for name, value in found.items() if value}


def text(value: str, limit: int) -> str:
    """A value for COPY: at most `limit` characters, without control characters, backslashes escaped."""
    value = value[:limit]
    if value.isprintable():
        return value.replace("\\", "\\\\")
    kept = "".join(character for character in value if character >= " " and character not in _UNSTORABLE)
    return kept.replace("\\", "\\\\")


_UNSTORABLE = frozenset(map(chr, [0x7F, *range(0xD800, 0xE000)]))


def _json(payload: dict[str, Any]) -> str:
    # jsonb can't hold NUL: whoever makes a payload leaves it out. What JSON escapes needs a second backslash for COPY.
    return orjson.dumps(payload).decode().replace("\\", "\\\\")


def _stamp(seconds: float) -> str:
    whole = int(seconds)
    return f"{_second(whole)}.{int((seconds - whole) * 1_000_000):06d}+00"


@lru_cache(maxsize=4)
def _second(whole: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(whole))
