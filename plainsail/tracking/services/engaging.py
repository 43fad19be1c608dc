"""What a batch of hits says about people: when each last opened a mail, followed a link, came by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from plainsail.contacts.services import engagement
from plainsail.tracking.models import Agent, Hit

DEEDS: Mapping[str, engagement.Deed] = {"open": "opened", "click": "clicked", "visit": "visited"}


def hear(hits: Sequence[Hit]) -> None:
    """Note it beside the contacts, in the batch's transaction: three statements at most, however many hits."""
    for kind, deed in DEEDS.items():
        last: dict[UUID, datetime] = {}
        for hit in hits:
            if hit.contact_id is not None and hit.kind == kind and hit.agent == Agent.HUMAN:
                last[hit.contact_id] = max(hit.at, last.get(hit.contact_id, hit.at))
        engagement.note(deed, last)
