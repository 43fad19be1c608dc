"""What the edge needs to know of its surroundings, read once when a worker starts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from plainsail.kernel import environment

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True, kw_only=True)
class Config:
    """Sizes are bytes, times are seconds."""

    database_url: str
    web_socket: Path
    own_hosts: frozenset[str]
    """Hosts at which the application itself lives; everything on them goes to web."""
    is_https: bool = False
    """Whether TLS ends before us, as the application's address says: else each form would be taken for a forged one."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Peers whose X-Forwarded-For, X-Forwarded-Proto and X-Request-ID are believed."""
    cache_bytes: int = 64 * 1024 * 1024
    """Bound of the page cache, per worker."""
    access_log: str = "-"
    """`-` for standard output, `off`, or a file to append to."""
    database_patience: float = 10.0
    """How long a visitor is kept waiting for a database that restarts."""
    web_patience: float = 30.0
    """How long a request waits for a web process that restarts."""
    max_upload: int = 110 * 1024 * 1024
    max_import: int = 1025 * 1024 * 1024
    """The same for a file of contacts, and what stands around it in the form."""


def from_environment() -> Config:
    """The configuration of this process. Raises kernel.environment.BadEnvironment."""
    surroundings = environment.current()
    return Config(
        database_url=surroundings.edge_database_url,
        web_socket=surroundings.web_socket,
        own_hosts=LOOPBACK_NAMES | {surroundings.host, surroundings.base_domain},
        is_https=surroundings.is_https,
        trusted_proxies=_networks(surroundings.trusted_proxies),
        cache_bytes=_megabytes(os.environ.get("PLAINSAIL_EDGE_CACHE_MB", "64")) * 1024 * 1024,
        access_log=os.environ.get("PLAINSAIL_ACCESS_LOG", "-") or "-",
    )


def _networks(given: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part.strip(), strict=False) for part in given)
    except ValueError as error:
        raise environment.BadEnvironment(f"PLAINSAIL_TRUSTED_PROXIES: {error}.") from None


def _megabytes(given: str) -> int:
    if not given.isdigit() or int(given) < 1:
        raise environment.BadEnvironment(
            f"PLAINSAIL_EDGE_CACHE_MB is {given!r}; it must be a whole number of at least 1."
        )
    return int(given)
