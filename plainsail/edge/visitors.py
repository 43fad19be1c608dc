"""Who looks: the number of a day, or that in a cookie; the shortened address, and what a visit says of where it came from.

Looking at pages gives nobody a cookie. Visits of a day are told apart by a hash of network address and browser, keyed by
a secret that is nowhere but in memory, made anew at each start. Who sends a form or follows a link of their mail has made
themselves known, and gets a cookie (docs/decisions/0023). A browser that sends `DNT: 1` or `Sec-GPC: 1` gets neither, and a
cookie it still has is not read.
"""

from __future__ import annotations

import os
import re
import time
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv4Address, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import parse_qsl

from plainsail.edge import entropy
from plainsail.edge.request import Request
from plainsail.kernel.passers import PASSING

COOKIE = "ps_v"
COOKIE_SECONDS = 365 * 24 * 3600
CAMPAIGN_FIELDS = frozenset(
    {
        *("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id"),
        *("gclid", "fbclid", "msclkid", "ref"),
    }
)
LONGEST_CAMPAIGN_FIELD = 200

_new_number = entropy.supply(32)
_COOKIE_VALUE = re.compile(rf"(?:^|;\s*)ps_v=((?!{PASSING})[0-9a-f]{{32}})\s*(?:;|$)")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,3}")


DAY = 24 * 3600
SEED_NAME = "PLAINSAIL_DAY_SEED"
_seed = blake2b(os.environ.get(SEED_NAME, "").encode() or os.urandom(32)).digest()


class Visitor(NamedTuple):
    """`id` is 32 hex digits, or empty for somebody who asked not to be followed. `is_passing`: without a cookie, so that the
    number is that of a day.
    """

    id: str
    is_passing: bool


NOBODY = Visitor("", is_passing=False)


def visitor_of(request: Request) -> Visitor:
    """The visitor whom the cookie names, else one for today, else nobody."""
    find = request.headers.get
    if find("dnt") == "1" or find("sec-gpc") == "1":
        return NOBODY
    cookies = find("cookie")
    if cookies is not None and (found := _COOKIE_VALUE.search(cookies)) is not None:
        return Visitor(found[1], is_passing=False)
    return _of_day(int(time.time()) // DAY, request.peer, request.agent, request.authority)


@lru_cache(maxsize=8192)
def _of_day(day: int, peer: str, agent: str, host: str) -> Visitor:
    """A visitor with the number of a day: not the same at another business's site, and nothing that could be worked out again later."""
    words = f"{day}\n{host}\n{peer}\n{agent}".encode("utf-8", "replace")
    return Visitor(PASSING + blake2b(words, key=_seed, digest_size=12).hexdigest(), is_passing=True)


def known_from_now_on() -> Visitor:
    """A visitor who made themselves known, with a number for the cookie."""
    while (drawn := _new_number()).startswith(PASSING):
        pass
    return Visitor(drawn, is_passing=False)


def cookie(visitor: Visitor, scheme: str) -> tuple[str, str]:
    """The Set-Cookie header by which a visitor is known again."""
    secure = "; Secure" if scheme == "https" else ""
    value = f"{COOKIE}={visitor.id}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax{secure}"
    return ("set-cookie", value)


@lru_cache(maxsize=8192)
def shortened(address: str) -> str:
    """An address without the part that names one household: /24 of IPv4, /48 of IPv6; empty stays empty."""
    if not address:
        return ""
    prefix = 24 if isinstance(ip_address(address), IPv4Address) else 48
    return str(ip_network((address, prefix), strict=False).network_address)


def language(accept_language: str) -> str:
    """The first language of an Accept-Language header, such as `de-AT`; empty when there is none."""
    found = _LANGUAGE.match(accept_language.strip())
    return found[0] if found else ""


def campaign(query: str) -> dict[str, str]:
    """What the address says of the campaign that led here; empty for a query that can't be read."""
    if not query:
        return {}
    try:
        pairs = parse_qsl(query, max_num_fields=50, errors="replace")
    except ValueError:
        return {}
    return {name: value.replace("\0", "")[:LONGEST_CAMPAIGN_FIELD] for name, value in pairs if name in CAMPAIGN_FIELDS}
