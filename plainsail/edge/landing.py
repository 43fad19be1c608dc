"""Rows of the landing table as lines of PostgreSQL's COPY text format.

The edge only appends; a job of `tracking` takes the rows from there. A row's id is made here (UUIDv7), so that a batch
whose outcome is unknown can be sent again without doubling anything.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

import orjson

from plainsail.edge import entropy
from plainsail.edge.addresses import LONGEST_PATH
from plainsail.edge.request import Request
from plainsail.edge.visitors import Visitor, campaign, language, shortened

NULL = "\\N"

LONGEST_REFERRER = 500
LONGEST_USER_AGENT = 400
LONGEST_PURPOSE = 40
LONGEST_URL = 2000


def subject(
    *,
    workspace_id: str,
    kind: str,
    host: str,
    contact_id: str = NULL,
    delivery_id: str = NULL,
    page_id: str = NULL,
    path: str = "",
    url: str = "",
) -> str:
    """The end of a line: what the row is about. The same for every visit of one page, so it is kept with the page.

    Ids are given as their 32 hex digits.
    """
    about = f"{workspace_id}\t{kind}\t{contact_id}\t{delivery_id}\t{page_id}"
    return f"{about}\t{text(host, 255)}\t{text(path, LONGEST_PATH)}\t{text(url, LONGEST_URL)}"


def line(request: Request, about: str, *, visitor: Visitor, payload: str, full_address: bool = False) -> str:
    """One row: who asked, when and how, then `payload` (see below) and `about` (made by `subject`)."""
    millis, micros = divmod(time.time_ns() // 1000, 1000)
    id_begins, moment = _millisecond(millis)
    address = request.peer if full_address else shortened(request.peer)
    referrer, agent = request.headers.get("referer"), request.agent
    return (
        f"{id_begins}{_rest_of_id()}\t{moment}{_THREE_DIGITS[micros]}+00\t"
        f"{visitor.id or NULL}\t{address or NULL}\t{text(referrer, LONGEST_REFERRER) if referrer else ''}\t"
        f"{text(agent, LONGEST_USER_AGENT) if agent else ''}\t{payload}\t{about}\n"
    )


def payload_of_visit(request: Request) -> str:
    """Language, fetching ahead, campaign: only what is there."""
    find = request.headers.get
    return _payload_of_visit(find("accept-language", ""), find("sec-purpose", ""), request.scope.query_string)


def payload_of_hit(request: Request) -> str:
    """How a link or pixel was fetched, language, fetching ahead: only what is there."""
    find = request.headers.get
    return _payload_of_hit(request.method, find("accept-language", ""), find("sec-purpose", ""))


def payload(request: Request, **more: Any) -> str:
    """`more`, language and fetching ahead: only what is there. Nothing in it may contain NUL."""
    find = request.headers.get
    return _json(more | _circumstances(find("accept-language", ""), find("sec-purpose", "")))


def text(value: str, limit: int) -> str:
    """A value for COPY: at most `limit` characters, without control characters, backslashes escaped."""
    value = value[:limit]
    if value.isprintable():
        return value.replace("\\", "\\\\") if "\\" in value else value
    kept = "".join(character for character in value if character >= " " and character not in _UNSTORABLE)
    return kept.replace("\\", "\\\\")


_UNSTORABLE = frozenset(map(chr, [0x7F, *range(0xD800, 0xE000)]))


@lru_cache(maxsize=2048)
def _payload_of_visit(accept_language: str, sec_purpose: str, query: str) -> str:
    return _json(_circumstances(accept_language, sec_purpose) | campaign(query))


@lru_cache(maxsize=2048)
def _payload_of_hit(method: str, accept_language: str, sec_purpose: str) -> str:
    return _json({"method": method} | _circumstances(accept_language, sec_purpose))


def _circumstances(accept_language: str, sec_purpose: str) -> dict[str, str]:
    found = {"language": language(accept_language), "purpose": sec_purpose[:LONGEST_PURPOSE]}
    return {name: value for name, value in found.items() if value}


def _json(payload: dict[str, Any]) -> str:
    # What JSON escapes with a backslash needs a second one for COPY.
    return orjson.dumps(payload).decode().replace("\\", "\\\\")


_rest_of_id = entropy.supply(18, shape=lambda digits: f"7{digits[:3]}8{digits[3:]}")
_THREE_DIGITS = [f"{number:03d}" for number in range(1000)]


@lru_cache(maxsize=4)
def _millisecond(since_1970: int) -> tuple[str, str]:
    """What the rows of a millisecond share: the beginning of their ids (UUIDv7, RFC 9562 §5.7), and of their moments."""
    seconds, millis = divmod(since_1970, 1000)
    return f"{since_1970:012x}", f"{_second(seconds)}.{_THREE_DIGITS[millis]}"


@lru_cache(maxsize=4)
def _second(whole: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(whole))
