"""Connections to places that somebody of a business wrote down: never into the network that the server stands in.

The name is resolved here, every address it has must be a public one, and the connection goes to exactly that address
(server-side request forgery). Redirects are for the caller to look at: the next address is asked for in the same way.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable
from urllib.parse import urlsplit

PORTS = {"http": 80, "https": 443}
NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotPublic(Exception):
    """The name leads to an address that is nobody's business from here."""


def connect(url: str, *, timeout: float, allowed: Callable[[Address], bool]) -> Pinned:
    """A connection to a URL's host, not opened yet; `timeout` in seconds is for each step. Raises NotPublic, ValueError, OSError."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError(url)
    port = parts.port or PORTS[parts.scheme]
    found = address_of(parts.hostname, port, allowed=allowed)
    return Pinned(parts.hostname, port, found, is_tls=parts.scheme == "https", timeout=timeout)


def path_of(url: str) -> str:
    """What is asked for at the host."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


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


def address_of(host: str, port: int, *, allowed: Callable[[Address], bool]) -> str:
    """An address of a host. One private among public ones is reason enough to stay away. Raises NotPublic, OSError."""
    found = {str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    addresses = [ipaddress.ip_address(each.partition("%")[0]) for each in sorted(found)]
    if not addresses or not all(allowed(each) for each in addresses):
        raise NotPublic
    return str(addresses[0])


class Pinned(http.client.HTTPConnection):
    """A connection to an address that was looked at already; the certificate must be the host's."""

    def __init__(self, host: str, port: int, address: str, *, is_tls: bool, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self._address = address
        self._is_tls = is_tls

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), timeout=self.timeout)
        if self._is_tls:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)
