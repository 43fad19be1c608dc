"""Who comes into a segment and who leaves it, for those segments only that something listens to.

Each look compares the whole segment with who was in it, in two statements: so it also sees what time alone changed, and
what areas above know. Nothing is written where nobody listens, and what comes of an event never asks for another look.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from plainsail.contacts import queries
from plainsail.contacts.events import SegmentEntered, SegmentLeft
from plainsail.contacts.models import Segment, SegmentMember
from plainsail.contacts.sockets import SEGMENT_LISTENERS
from plainsail.kernel import due
from plainsail.kernel.events import publish_many
from plainsail.kernel.ids import in_a_row
from plainsail.kernel.tenancy import current_workspace_id

LOOKS = "contacts.segments"
EVERY = timedelta(minutes=5)


@transaction.atomic
def watch(segment_id: UUID, *, at: datetime) -> None:
    """Keep who is in a segment from now on. Who is in it already has not entered: nothing is told of them.

    One INSERT of as many rows as the segment has people; nothing where it is watched already. Raises BadSegment.
    """
    segment = Segment.objects.select_for_update().select_related("workspace").filter(id=segment_id).first()
    if segment is None:
        return
    due.schedule(LOOKS, at + EVERY)
    if segment.watched_at is None:
        _take_in(segment, at=at)
        Segment.objects.filter(id=segment.id).update(watched_at=at)


@due.runs(LOOKS)
@transaction.atomic
def look(*, at: datetime) -> datetime | None:
    """Look at every watched segment; forget who was in those that nothing listens to any more."""
    wanted = {segment_id for listened in SEGMENT_LISTENERS for segment_id in listened()}
    watched = Segment.objects.filter(watched_at__isnull=False)
    for segment in watched.exclude(id__in=wanted):
        segment.members.all().delete()
        Segment.objects.filter(id=segment.id).update(watched_at=None)
    for segment in watched.select_related("workspace").select_for_update(of=("self",)).order_by("id"):
        compare(segment, at=at)
    for segment_id in wanted:
        with suppress(queries.BadSegment):  # watched as soon as it can be understood again
            watch(segment_id, at=at)
    return at + EVERY if wanted else None


@transaction.atomic
def compare(segment: Segment, *, at: datetime) -> None:
    """Tell who entered a watched segment and who left it since the last look; one that can't be understood is let be."""
    try:
        people = queries.in_segment(segment.workspace, segment, at=at)
    except queries.BadSegment:
        return
    gone = segment.members.filter(~Exists(people.filter(id=OuterRef("contact_id"))))
    left = list(gone.values_list("contact_id", flat=True))
    segment.members.filter(contact_id__in=left).delete()
    publish_many([SegmentLeft(segment_id=segment.id, contact_id=one, at=at) for one in left])
    entered = _take_in(segment, at=at)
    publish_many([SegmentEntered(segment_id=segment.id, contact_id=one, at=at) for one in entered])


def _take_in(segment: Segment, *, at: datetime) -> list[UUID]:
    """Write everybody in a segment who isn't written yet; returns their ids."""
    people = queries.in_segment(segment.workspace, segment, at=at)
    there = SegmentMember.objects.filter(segment=segment, contact_id=OuterRef("id"))
    sql, parameters = people.filter(~Exists(there)).order_by().values("id").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH new AS ({sql}) "
            "INSERT INTO contacts_segmentmember (id, created_at, workspace_id, segment_id, contact_id) "
            f"SELECT {in_a_row()}, %s, %s, %s, new.id FROM new "
            "ON CONFLICT (workspace_id, segment_id, contact_id) DO NOTHING RETURNING contact_id",
            [*parameters, at, current_workspace_id(), segment.id],
        )
        return [row[0] for row in cursor.fetchall()]
