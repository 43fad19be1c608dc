"""What readers did with a mail: clicks, opens by class, and leaving the list. Each reader is counted once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import F, Min
from django.db.models.functions import Greatest

from plainsail.kernel.tenancy import current_workspace_id
from plainsail.mail.models import Broadcast, Delivery, Stream, Tally
from plainsail.mail.services import tallies
from plainsail.tracking.models import Agent, Hit

ATTRIBUTED = timedelta(days=7)
"""Somebody who leaves a list within this time of a mail about it left because of it, as far as anybody can tell."""

COUNTERS = {
    "clicked_at": "clicked",
    "opened_at": "opened",
    "machine_opened_at": "machine_opened",
    "unsubscribed_at": "unsubscribed",
}


def hear_hits(hits: Sequence[Hit]) -> None:
    """Note the clicks and opens of a batch, in its transaction. A few statements, however many hits."""
    for column, chosen in (
        ("clicked_at", _deliveries(hits, kind="click", agents={Agent.HUMAN})),
        ("opened_at", _deliveries(hits, kind="open", agents={Agent.HUMAN})),
        ("machine_opened_at", _deliveries(hits, kind="open", agents={Agent.PROXY})),
    ):
        if chosen:
            _note(column, chosen)
    if hits:
        tallies.note_links(hits, at=max(hit.at for hit in hits))


def unhear_clicks(hits: Sequence[Hit]) -> None:
    """Clicks that were counted as a reader's turned out to be a program's: what they were counted for is taken back.

    Whoever has followed a link themselves still counts, by their own first click. A few statements, in a transaction.
    """
    ids = {hit.delivery_id for hit in hits if hit.kind == "click" and hit.delivery_id is not None}
    counted = Delivery.objects.filter(id__in=ids, clicked_at__isnull=False).select_for_update().order_by("id")
    clicks = Hit.objects.filter(delivery_id__in=ids, kind="click", agent=Agent.HUMAN)
    first = dict(clicks.order_by().values_list("delivery_id").annotate(first=Min("at")))
    lost: Counter[UUID] = Counter()
    hours: Counter[tuple[UUID, str, str]] = Counter()
    moved: list[tuple[UUID, datetime]] = []
    for delivery in counted:
        own = first.get(delivery.id)
        if own == delivery.clicked_at:
            continue
        hours[delivery.source_id, Tally.Kind.HOUR.value, tallies.hour_of(delivery.clicked_at)] += 1
        Delivery.objects.filter(id=delivery.id).update(clicked_at=own)
        if own is None:
            lost[delivery.source_id] += 1
        else:
            moved.append((delivery.source_id, own))
    for source_id, people in lost.items():
        Broadcast.objects.filter(id=source_id).update(clicked=Greatest(F("clicked") - people, 0))
    tallies.take_back("clicked", hours)
    if moved:
        tallies.note_hours("clicked", moved, at=max(at for _source, at in moved))
    tallies.forget_links([hit for hit in hits if hit.kind == "click"])


def hear_leaving(*, contact_id: UUID, list_id: UUID, at: datetime) -> None:
    """Somebody left a list: count it with the last mail that they got about it."""
    last = (
        Delivery.objects.filter(
            contact_id=contact_id, list_id=list_id, stream=Stream.MARKETING, state=Delivery.State.ACCEPTED
        )
        .filter(settled_at__gt=at - ATTRIBUTED, settled_at__lte=at)
        .order_by("-settled_at", "-id")
        .first()
    )
    if last is not None:
        _note("unsubscribed_at", {last.id: at})


def _deliveries(hits: Sequence[Hit], *, kind: str, agents: set[Agent]) -> dict[UUID, datetime]:
    """Delivery to the first such hit."""
    found: dict[UUID, datetime] = {}
    for hit in hits:
        if hit.delivery_id is not None and hit.kind == kind and hit.agent in agents:
            found[hit.delivery_id] = min(hit.at, found.get(hit.delivery_id, hit.at))
    return found


def _note(column: str, first: dict[UUID, datetime]) -> None:
    """Where nothing was noted before, note it, and count it in the broadcast. Twice the same changes nothing."""
    counter = COUNTERS[column]
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH noted AS (UPDATE mail_delivery d SET "
            f'  "{column}" = t.at FROM unnest(%s::uuid[], %s::timestamptz[]) AS t(id, at) '
            f'  WHERE d.id = t.id AND d.workspace_id = %s AND d."{column}" IS NULL RETURNING d.source_id, t.at), '
            "sums AS (SELECT source_id, count(*) AS people FROM noted GROUP BY source_id), "
            f'booked AS (UPDATE mail_broadcast b SET "{counter}" = "{counter}" + sums.people FROM sums '
            "WHERE b.id = sums.source_id AND b.workspace_id = %s) "
            "SELECT source_id, at FROM noted",
            [list(first), list(first.values()), current_workspace_id(), current_workspace_id()],
        )
        noted = cursor.fetchall()
    if noted:
        tallies.note_hours(counter, noted, at=max(first.values()))
