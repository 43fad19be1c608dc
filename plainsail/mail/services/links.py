"""Do the links of a mail answer? Asked from here, with care: never a private address, never for long, never with a cookie.

An address in a mail is written by people of a business; a server that follows it must not become their way into the network
it stands in (server-side request forgery). So the name is resolved here, every address it has must be a public one, and the
connection goes to exactly that address, also after each redirect.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urljoin

from plainsail.kernel.outside import Address, NotPublic, connect, path_of
from plainsail.kernel.outside import is_public as is_public  # noqa: PLC0414  # part of the face of links

TIMEOUT = 8
"""Seconds for each step: a name, a connection, an answer."""
MOST_LINKS = 60
MOST_HOPS = 5
SIDE_BY_SIDE = 6
AGENT = "Plainsail link check"


class Verdict(StrEnum):
    """What a link is worth. `unsure` is a site that doesn't talk to programs: people may well get in."""

    FINE = "fine"
    GONE = "gone"
    BROKEN = "broken"
    SILENT = "silent"
    UNSURE = "unsure"
    PRIVATE = "private"

    @property
    def is_fault(self) -> bool:
        return self in (Verdict.GONE, Verdict.BROKEN, Verdict.SILENT, Verdict.PRIVATE)


@dataclass(frozen=True)
class Looked:
    """One link: its verdict, the last answer's status (0 where there was none), and how many bytes it says to be."""

    url: str
    verdict: Verdict
    status: int = 0
    size: int | None = None


def look_at(urls: Sequence[str], *, allowed: Callable[[Address], bool] | None = None) -> list[Looked]:
    """Look at up to sixty links, six side by side. Talks to the network: never inside a transaction."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        return list(pool.map(lambda url: look(url, allowed=allowed or is_public), urls[:MOST_LINKS]))


def look(url: str, *, allowed: Callable[[Address], bool]) -> Looked:
    """Ask for a link with HEAD, and with GET where a server doesn't like that (RFC 9110 §9.3.2 lets it differ)."""
    target = url
    try:
        for _hop in range(MOST_HOPS + 1):
            answer = _ask("HEAD", target, allowed=allowed)
            if answer.status >= 400:
                answer = _ask("GET", target, allowed=allowed)
            if answer.status not in (301, 302, 303, 307, 308) or not answer.location:
                return Looked(url, _verdict(answer.status), answer.status, answer.size)
            target = urljoin(target, answer.location)
    except NotPublic:
        return Looked(url, Verdict.PRIVATE)
    except (OSError, http.client.HTTPException, ValueError):
        return Looked(url, Verdict.SILENT)
    return Looked(url, Verdict.BROKEN)


@dataclass(frozen=True)
class _Answer:
    status: int
    location: str
    size: int | None


def _ask(method: str, url: str, *, allowed: Callable[[Address], bool]) -> _Answer:
    connection = connect(url, timeout=TIMEOUT, allowed=allowed)
    try:
        connection.request(method, path_of(url), headers={"User-Agent": AGENT, "Accept": "*/*", "Connection": "close"})
        answer = connection.getresponse()
        size = answer.getheader("Content-Length", "")
        return _Answer(answer.status, answer.getheader("Location", ""), int(size) if size.isdecimal() else None)
    finally:
        connection.close()


def _verdict(status: int) -> Verdict:
    if status < 400:
        return Verdict.FINE
    if status in (404, 410):
        return Verdict.GONE
    # 401 and 403 to programs, 405, 406, 429, and 999 as one large network has it.
    return Verdict.UNSURE if status in (401, 403, 405, 406, 429, 451, 999) else Verdict.BROKEN
