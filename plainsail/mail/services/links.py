"""Do the links of a mail answer? Asked from here, with care: never a private address, never for long, never with a cookie.

An address in a mail is written by people of a business; a server that follows it must not become their way into the network
it stands in (server-side request forgery). So the name is resolved here, every address it has must be a public one, and the
connection goes to exactly that address, also after each redirect.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urljoin, urlsplit

TIMEOUT = 8
"""Seconds for each step: a name, a connection, an answer."""
MOST_LINKS = 60
MOST_HOPS = 5
SIDE_BY_SIDE = 6
PORTS = {"http": 80, "https": 443}
AGENT = "Plainsail link check"
NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


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
    except _NotPublic:
        return Looked(url, Verdict.PRIVATE)
    except (OSError, http.client.HTTPException, ValueError):
        return Looked(url, Verdict.SILENT)
    return Looked(url, Verdict.BROKEN)


def is_public(address: Address) -> bool:
    """Whether an address belongs to the internet, and not to this machine or the network around it."""
    if isinstance(address, ipaddress.IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour
        if address in NAT64:
            inside = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inside is not None:
            return is_public(inside)
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast


class _NotPublic(Exception):
    """The name leads to an address that is nobody's business from here."""


@dataclass(frozen=True)
class _Answer:
    status: int
    location: str
    size: int | None


def _ask(method: str, url: str, *, allowed: Callable[[Address], bool]) -> _Answer:
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError(url)
    port = parts.port or PORTS[parts.scheme]
    connection = _Pinned(parts.hostname, port, _address(parts.hostname, port, allowed), is_tls=parts.scheme == "https")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, path, headers={"User-Agent": AGENT, "Accept": "*/*", "Connection": "close"})
        answer = connection.getresponse()
        size = answer.getheader("Content-Length", "")
        return _Answer(answer.status, answer.getheader("Location", ""), int(size) if size.isdecimal() else None)
    finally:
        connection.close()


def _address(host: str, port: int, allowed: Callable[[Address], bool]) -> str:
    """An address of a host. One private among public ones is reason enough to stay away."""
    found = {str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    addresses = [ipaddress.ip_address(each.partition("%")[0]) for each in sorted(found)]
    if not addresses or not all(allowed(each) for each in addresses):
        raise _NotPublic
    return str(addresses[0])


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was looked at already; the certificate must be the host's."""

    def __init__(self, host: str, port: int, address: str, *, is_tls: bool) -> None:
        super().__init__(host, port, timeout=TIMEOUT)
        self._address = address
        self._is_tls = is_tls

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), timeout=TIMEOUT)
        if self._is_tls:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)


def _verdict(status: int) -> Verdict:
    if status < 400:
        return Verdict.FINE
    if status in (404, 410):
        return Verdict.GONE
    # 401 and 403 to programs, 405, 406, 429, and 999 as one large network has it.
    return Verdict.UNSURE if status in (401, 403, 405, 406, 429, 451, 999) else Verdict.BROKEN
