"""Telling people from the programs that read mail and check links. Every hit is kept; each gets a class and a reason."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from plainsail.tracking.models import Agent, Landing

SCANNERS = re.compile(
    r"bot\b|crawl|spider|scan|preview|monitor|curl/|wget/|python-|java/|go-http|headless|barracuda|mimecast|proofpoint|safelinks"
    r"|facebookexternalhit|slackbot|whatsapp|telegrambot|bingpreview",
    re.IGNORECASE,
)
PROXIES = re.compile(r"GoogleImageProxy|YahooMailProxy|ggpht|Apple-?Mail-?Proxy|DuckDuckGo-Email", re.IGNORECASE)
MANY, WITHIN = 5, timedelta(seconds=10)
"""So many different links of one mail in so short a time are followed by a program."""


def classify(row: Landing, *, rushed: bool = False) -> tuple[Agent, str]:
    """The class of a hit and the reason for it; the first sign decides."""
    signs: list[tuple[object, Agent, str]] = [
        (row.payload.get("method") == "HEAD", Agent.SCANNER, "head"),
        (rushed, Agent.SCANNER, "many_links_at_once"),
        (not row.user_agent, Agent.UNKNOWN, "no_user_agent"),
        (PROXIES.search(row.user_agent), Agent.PROXY, "known_proxy"),
        (SCANNERS.search(row.user_agent), Agent.SCANNER, "known_program"),
        (row.payload.get("purpose"), Agent.PROXY, "prefetch"),
    ]
    return next(((agent, reason) for sign, agent, reason in signs if sign), (Agent.HUMAN, ""))


def in_a_rush(rows: Sequence[Landing]) -> set[object]:
    """Ids of clicks that belong to a burst over many links of one mail."""
    clicks: dict[object, list[Landing]] = defaultdict(list)
    for row in rows:
        if row.kind == "click" and row.delivery_id:
            clicks[row.delivery_id].append(row)
    found: set[object] = set()
    for group in clicks.values():
        group.sort(key=lambda row: row.at)
        for row in group:
            burst = [one for one in group if abs(one.at - row.at) <= WITHIN]
            if len({one.url for one in burst}) >= MANY:
                found.update(one.id for one in burst)
    return found
