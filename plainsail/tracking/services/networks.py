"""Networks that no person browses from: an updatable list, asked by address in about a microsecond."""

from __future__ import annotations

import ipaddress
import json
import logging
from bisect import bisect_right
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from plainsail.kernel import environment
from plainsail.tracking.models import Agent

logger = logging.getLogger("plainsail.tracking")

SHIPPED = Path(__file__).parents[1] / "networks.json"
CLASSES = {"proxy": Agent.PROXY, "scanner": Agent.SCANNER}


class Network(NamedTuple):
    """A range of addresses as numbers, whose it is and what comes from it."""

    first: int
    last: int
    owner: str
    agent: Agent


def find(address: str | None) -> Network | None:
    """The listed network that an address lies in. Addresses are the edge's: shortened to /24 or /48."""
    if not address:
        return None
    try:
        one = ipaddress.ip_address(address)
    except ValueError:
        return None
    listed = _listed()[one.version]
    number = int(one)
    place = bisect_right(listed, number, key=lambda network: network.first) - 1
    return listed[place] if place >= 0 and listed[place].last >= number else None


def read(path: Path) -> dict[int, list[Network]]:
    """A file of networks by version, in order. Raises ValueError for one that can't be understood."""
    found: dict[int, list[Network]] = {4: [], 6: []}
    for name, agent in CLASSES.items():
        for owner, ranges in json.loads(path.read_text()).get(name, {}).items():
            for written in ranges:
                net = ipaddress.ip_network(written)
                found[net.version].append(
                    Network(int(net.network_address), int(net.broadcast_address), str(owner)[:30], agent)
                )
    return {version: sorted(networks) for version, networks in found.items()}


@lru_cache(maxsize=1)
def _listed() -> dict[int, list[Network]]:
    """The operator's own file, else the one that comes along. Read once by each process."""
    own = environment.current().data_dir / "networks.json"
    if own.exists():
        try:
            return read(own)
        except (ValueError, OSError, AttributeError, TypeError) as error:
            logger.error("networks.json can't be read; the list that comes along is used", extra={"error": str(error)})
    return read(SHIPPED)


def forget() -> None:
    """Read the file anew at the next question."""
    _listed.cache_clear()
