"""One request on its way through the edge: who asks, for which host, and what was answered."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address
from time import perf_counter

from plainsail.edge import entropy
from plainsail.edge.rsgi import Connection, Headers, RequestHeaders, Scope, Transport

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""What can be asked for here; anything else is refused."""

_new_id = entropy.supply(16)
_HOST = re.compile(r"(?:\[[0-9a-f:.]{2,45}\]|[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?)\Z")
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}\Z")
_UNREADABLE = re.compile("[\x00-\x1f\x7f\ufffd\ud800-\udfff]")


class Request:
    """A request, its answer's status and size (for the access log), and the ways to answer."""

    __slots__ = (
        "agent",
        "asked",
        "authority",
        "connection",
        "headers",
        "id",
        "method",
        "path",
        "peer",
        "scheme",
        "scope",
        "sent",
        "started",
        "status",
    )

    def __init__(self, scope: Scope, connection: Connection) -> None:
        self.scope = scope
        self.connection = connection
        self.headers: RequestHeaders = scope.headers
        self.method = scope.method
        self.path = scope.path
        self.authority: str = self.headers.get("host", "")
        """The Host header as it came."""
        self.agent: str = self.headers.get("user-agent", "")
        self.id = _new_id()
        self.peer = _peer(scope.client)
        self.scheme = scope.scheme
        self.started = perf_counter()
        self.status = 0
        self.sent = 0
        self.asked = ""
        """Host and path as the access log writes them, where somebody knows them already."""

    @property
    def host(self) -> str:
        """The host that was asked for, in lower case and without port; empty where it is none."""
        return host_name(self.authority)

    @property
    def is_readable(self) -> bool:
        """Whether the path is one: rooted, UTF-8, without control characters."""
        return self.path.startswith("/") and not _UNREADABLE.search(self.path)

    def trust(self, proxies: tuple[IPv4Network | IPv6Network, ...]) -> None:
        """Believe what a known proxy in front says about the client: address, scheme, request id."""
        if not _within(self.peer, proxies):
            return
        for hop in reversed((self.headers.get("x-forwarded-for") or "").split(",")):
            address = peer_address(hop.strip())
            if not address:
                break
            self.peer = address
            if not _within(address, proxies):
                break
        if (scheme := self.headers.get("x-forwarded-proto")) in {"http", "https"}:
            self.scheme = scheme
        given = self.headers.get("x-request-id")
        if given and _REQUEST_ID.match(given):
            self.id = given

    def answer(self, status: int, headers: Headers, body: bytes = b"") -> None:
        """Send a whole answer; to HEAD goes its length only."""
        self.status = status
        headers = [*headers, ("x-request-id", self.id)]
        if self.method != "HEAD" and status != 304:
            self.sent = len(body)
            self.connection.response_bytes(status, headers, body)
            return
        if status != 304:
            headers.append(("content-length", str(len(body))))
        self.connection.response_empty(status, headers)

    def stream(self, status: int, headers: Headers) -> Transport:
        """Begin an answer whose body comes bit by bit."""
        self.status = status
        return self.connection.response_stream(status, [*headers, ("x-request-id", self.id)])


@lru_cache(maxsize=8192)
def host_name(given: str) -> str:
    """Host of a Host header: lower case, without port and trailing dot; empty when it is none."""
    name = given.lower()
    if name.startswith("["):
        name, bracket, port = name.partition("]")
        name, port = name + bracket, port.removeprefix(":")
    else:
        name, _, port = name.partition(":")
        name = name.removesuffix(".")
    return name if _HOST.match(name) and (port == "" or (port.isascii() and port.isdigit())) else ""


def _peer(client: str) -> str:
    """The address of who is connected. Its port is another each time, and nothing to remember an address by."""
    return peer_address(client.rpartition(":")[0])


@lru_cache(maxsize=8192)
def peer_address(given: str) -> str:
    """IP address of a peer, with or without port; empty when there is none (a unix socket) or it is garbage."""
    for text in (given, given.rpartition(":")[0].strip("[]")):
        try:
            address = ip_address(text.strip("[]"))
        except ValueError:
            continue
        mapped = getattr(address, "ipv4_mapped", None)
        # A zone (fe80::1%eth0) means nothing outside the machine, and PostgreSQL's inet knows none.
        return str(mapped or address).partition("%")[0]
    return ""


@lru_cache(maxsize=8192)
def _within(address: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    """A peer on a unix socket has no address: whoever can reach the socket was let in by the file system."""
    if not networks:
        return False
    return not address or any(ip_address(address) in network for network in networks)
