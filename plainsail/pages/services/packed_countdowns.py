"""A countdown in a file that leaves the business: its time and words, without those for whom it runs. Read back with care: a file
may come from anybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from plainsail.blocks.sockets import is_safe_link
from plainsail.contacts.models import List, Tag
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Countdown
from plainsail.pages.services import countdowns

LONGEST = 60 * 24 * 366
"""Minutes."""
Kind, Then = Countdown.Kind, Countdown.Then


def pack(countdown: Countdown) -> dict[str, Any]:
    """`{name, kind, ends_at, minutes, list, tag, then, words, url, closes}`, plain JSON; lists and tags by their names.

    One that begins with an automation begins with the first look: the automation stays here.
    """
    return {
        "name": countdown.name,
        "kind": Kind.VISIT if countdown.kind == Kind.SEQUENCE else countdown.kind,
        "ends_at": countdown.ends_at.isoformat() if countdown.ends_at else None,
        "minutes": countdown.minutes,
        "list": countdown.list.name if countdown.list else "",
        "tag": countdown.tag.name if countdown.tag else "",
        "then": countdown.then,
        "words": countdown.words,
        "url": countdown.url,
        "closes": countdown.closes.get("offers", []),
    }


def unpack(
    workspace: Workspace, said: Mapping[str, Any], *, topic: List | None, tag: Tag | None, closes: Sequence[str]
) -> Countdown:
    """A countdown from a file; `closes` are the ids that its offers have here. Raises ValueError, KeyError, TypeError."""
    kind, then, url = Kind(said["kind"]), Then(said["then"]), str(said["url"])[:1000]
    ends_at = datetime.fromisoformat(said["ends_at"]) if said["ends_at"] else None
    if (kind == Kind.FIXED and (ends_at is None or ends_at.tzinfo is None)) or kind == Kind.SEQUENCE:
        raise ValueError(kind)
    if url and not (is_safe_link(url) and url.startswith(("https://", "http://", "/"))):
        url = ""
    return countdowns.save(
        Countdown(workspace=workspace),
        name=str(said["name"])[:120],
        kind=kind,
        ends_at=ends_at,
        minutes=min(LONGEST, max(0, int(said["minutes"]))),
        list=topic if kind == Kind.LIST else None,
        tag=tag if kind == Kind.TAG else None,
        then=then if url or then != Then.GO else Then.WORDS,
        words=str(said["words"])[:300],
        url=url,
        closes={"offers": [*closes]} if closes else {},
    )
