"""Clicks that were taken for a person's until more of them came: their class follows, and what was counted is taken back.

What was told as an event meanwhile stays told: an automation that began with such a click has begun.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Max

from plainsail.contacts.services import engagement
from plainsail.tracking.models import Agent, Hit
from plainsail.tracking.sockets import RECLASSED


def reclass(reasons: Mapping[UUID, str], *, since: datetime) -> None:
    """Call these hits a program's, each for its reason, and take back what they were counted for. In a transaction.

    `since` is before all of them: it says in which months to look. None of a program's before costs nothing but one statement.
    """
    if not reasons:
        return
    found = Hit.objects.filter(id__in=list(reasons), at__gte=since).exclude(agent=Agent.SCANNER)
    hits = list(found.select_for_update().order_by("id"))
    were_people = [hit for hit in hits if hit.agent == Agent.HUMAN]
    by_reason: dict[str, list[UUID]] = defaultdict(list)
    for hit in hits:
        hit.agent, hit.reason = Agent.SCANNER, reasons[hit.id]
        by_reason[hit.reason].append(hit.id)
    for reason, ids in by_reason.items():
        Hit.objects.filter(id__in=ids, at__gte=since).update(agent=Agent.SCANNER, reason=reason)
    if were_people:
        _forget_clicks(were_people)
        for listener in RECLASSED:
            listener(were_people)


def _forget_clicks(hits: list[Hit]) -> None:
    """The last click of these contacts is the last that a person made, if any."""
    people = {hit.contact_id for hit in hits if hit.contact_id is not None}
    clicks = Hit.objects.filter(contact_id__in=people, kind="click", agent=Agent.HUMAN)
    last = dict(clicks.order_by().values_list("contact_id").annotate(last=Max("at")))
    engagement.correct("clicked", {contact_id: last.get(contact_id) for contact_id in people})
