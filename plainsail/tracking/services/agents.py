"""Telling people from the programs that read mail and check links. Every hit is kept; each gets a class and a reason."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from plainsail.tracking.models import Agent, Hit, Landing
from plainsail.tracking.services import networks
from plainsail.tracking.sockets import ACCEPTED

SCANNERS = re.compile(
    r"bot\b|crawl|spider|scan|preview|monitor|curl/|wget/|python-|java/|go-http|headless|barracuda|mimecast|proofpoint|safelinks"
    r"|facebookexternalhit|slackbot|whatsapp|telegrambot|bingpreview",
    re.IGNORECASE,
)
PROXIES = re.compile(r"GoogleImageProxy|YahooMailProxy|ggpht|Apple-?Mail-?Proxy|DuckDuckGo-Email", re.IGNORECASE)
MANY, WITHIN = 5, timedelta(seconds=10)
"""So many different links of one mail in so short a time are followed by a program."""
HIDDEN = "not-for-people"
"""The query of a link that no reader sees: whoever follows it follows everything."""
NEAR = timedelta(minutes=2)
"""What the same mail's links got this close to the hidden one, the same program followed."""


@dataclass(frozen=True)
class Around:
    """What is known beside a row itself: ids of rows in a burst, clicks that came in shortly before, deliveries whose hidden
    link was followed and when, and when deliveries were accepted.
    """

    rushed: frozenset[object] = frozenset()
    before: Sequence[Landing] = ()
    hidden: Mapping[object, datetime] = field(default_factory=dict)
    accepted: Mapping[UUID, datetime] = field(default_factory=dict)


def classify(row: Landing, around: Around = Around()) -> tuple[Agent, str]:
    """The class of a hit and the reason for it; the first sign decides. Nothing is dropped: reports show each class."""
    network = networks.find(row.ip) if row.delivery_id else None
    hidden = around.hidden.get(row.delivery_id) if row.delivery_id else None
    accepted = around.accepted.get(row.delivery_id) if row.delivery_id else None
    signs: list[tuple[object, Agent, str]] = [
        (row.payload.get("method") == "HEAD", Agent.SCANNER, "head"),
        (is_hidden(row.url), Agent.SCANNER, "hidden_link"),
        (row.id in around.rushed, Agent.SCANNER, "many_links_at_once"),
        (hidden and row.kind == "click" and abs(row.at - hidden) <= NEAR, Agent.SCANNER, "beside_hidden_link"),
        (not row.user_agent, Agent.UNKNOWN, "no_user_agent"),
        (PROXIES.search(row.user_agent), Agent.PROXY, "known_proxy"),
        (row.kind == "open" and row.user_agent == "Mozilla/5.0", Agent.PROXY, "mail_privacy"),
        (SCANNERS.search(row.user_agent), Agent.SCANNER, "known_program"),
        (network, network.agent if network else Agent.UNKNOWN, f"network_{network.owner}" if network else ""),
        (row.payload.get("purpose"), Agent.PROXY, "prefetch"),
        # A batch is settled some seconds after its first message was accepted: so early may be a quick reader, too.
        (accepted and row.at < accepted, Agent.UNKNOWN, "before_delivery"),
    ]
    return next(((agent, reason) for sign, agent, reason in signs if sign), (Agent.HUMAN, ""))


def seen_otherwise(around: Around) -> dict[UUID, str]:
    """Clicks taken in before that this batch shows to be a program's, with the reason: the burst only shows at its last link."""
    found: dict[UUID, str] = {}
    for row in around.before:
        hidden = around.hidden.get(row.delivery_id)
        if row.id in around.rushed:
            found[row.id] = "many_links_at_once"
        elif hidden and abs(row.at - hidden) <= NEAR:
            found[row.id] = "beside_hidden_link"
    return found


def is_hidden(url: str) -> bool:
    return url.endswith(f"?{HIDDEN}")


def look_around(rows: Sequence[Landing]) -> Around:
    """What a batch of rows says about each of them, with what was recorded shortly before. Two statements at most."""
    clicked = {row.delivery_id for row in rows if row.kind == "click" and row.delivery_id}
    before = _recorded(clicked, rows) if clicked else []
    hits = {row.delivery_id for row in rows if row.delivery_id}
    accepted: dict[UUID, datetime] = {}
    for source in ACCEPTED if hits else ():
        accepted.update(source(hits))
    return Around(
        rushed=frozenset(in_a_rush([*rows, *before])),
        before=before,
        hidden={row.delivery_id: row.at for row in [*before, *rows] if row.delivery_id and is_hidden(row.url)},
        accepted=accepted,
    )


def _recorded(deliveries: Collection[UUID], rows: Sequence[Landing]) -> list[Landing]:
    """Clicks of these deliveries that came in just before, in another batch."""
    first = min(row.at for row in rows)
    found = Hit.objects.filter(kind="click", delivery_id__in=deliveries, at__gte=first - NEAR)
    return [
        Landing(id=hit.id, kind="click", at=hit.at, delivery_id=hit.delivery_id, url=hit.url)
        for hit in found.only("id", "at", "delivery_id", "url")
    ]


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
