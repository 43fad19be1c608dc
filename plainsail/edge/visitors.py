"""Who looks: the first-party visitor cookie, the shortened address, and what a visit says of where it came from.

A browser that sends `DNT: 1` or `Sec-GPC: 1` gets no cookie, and one it still has is not read.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import parse_qsl

from plainsail.edge.entropy import hex_digits
from plainsail.edge.rsgi import RequestHeaders

COOKIE = "ps_v"
COOKIE_SECONDS = 365 * 24 * 3600
CAMPAIGN_FIELDS = frozenset(
    {
        *("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id"),
        *("gclid", "fbclid", "msclkid", "ref"),
    }
)
LONGEST_CAMPAIGN_FIELD = 200

_COOKIE_VALUE = re.compile(r"(?:^|;\s*)ps_v=([0-9a-f]{32})\s*(?:;|$)")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,3}")


class Visitor(NamedTuple):
    """`id` is 32 hex digits, or empty for somebody who asked not to be followed."""

    id: str
    is_new: bool


NOBODY = Visitor("", is_new=False)


def visitor_of(headers: RequestHeaders) -> Visitor:
    """The visitor whom the cookie names, else a new one, else nobody."""
    if headers.get("dnt") == "1" or headers.get("sec-gpc") == "1":
        return NOBODY
    cookies = headers.get("cookie")
    if cookies is not None and (found := _COOKIE_VALUE.search(cookies)) is not None:
        return Visitor(found[1], is_new=False)
    return Visitor(hex_digits(32), is_new=True)


def cookie(visitor: Visitor, scheme: str) -> tuple[str, str]:
    """The Set-Cookie header that makes a new visitor known."""
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
