"""Who comes into a segment and who leaves it, for those segments only that something listens to.

What is told of contacts leaves a mark (`ChangedContact`), in the same statement and only while a segment is watched. A look
takes the marks of a minute together and asks each segment about those contacts alone of whom something changed that it
reads. It compares a segment as a whole when time alone changes its answer, when it reads what nobody announces, and
once a day in any case. What comes of a look leaves no mark, so it never asks for another.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from plainsail.contacts import conditions, events, queries
from plainsail.contacts.events import SegmentEntered, SegmentLeft
from plainsail.contacts.models import ChangedContact, Contact, Segment
from plainsail.contacts.services.contacts import PROFILE
from plainsail.contacts.sockets import SEGMENT_LISTENERS
from plainsail.kernel import due
from plainsail.kernel.events import publish_many
from plainsail.kernel.ids import in_a_row
from plainsail.kernel.tenancy import current_workspace_id

LOOKS = "contacts.segments"
EVERY = timedelta(minutes=1)
UNTOLD = timedelta(minutes=5)
"""How often a segment is compared as a whole that reads what is written without a word, such as the last visit."""
ANYWAY = timedelta(days=1)
EVERYTHING = "*"
BY_HAND = "contacts.changed_unsaid"
"""What a mark says that no event left."""
TOLD = frozenset({"created", "tags", "lists", "events", "email", "source", *PROFILE}) - {"score"}
"""What of a contact never changes without an event, own fields besides."""
MEANS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys((events.TagAdded.name, events.TagRemoved.name), frozenset({"tags"})),
    **dict.fromkeys((events.ListJoined.name, events.ListLeft.name, events.OptInRequested.name), frozenset({"lists"})),
    **dict.fromkeys(
        (
            events.ContactCreated.name,
            events.ContactDeleted.name,
            events.ContactRestored.name,
            events.ContactsMerged.name,
            BY_HAND,
        ),
        frozenset({EVERYTHING}),
    ),
}
"""What changed when one of these was told."""


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
        # From here on marks are left; what was written by others at this very moment, the next look finds as a whole.
        Segment.objects.filter(id=segment.id).update(watched_at=at, next_at=None)
        _exchange(segment, queries.in_segment(segment.workspace, segment, at=at), (), at=at)


def mark(people: Iterable[UUID]) -> None:
    """Leave a mark for contacts that changed without an event of their own. One INSERT; nothing where nothing is watched."""
    with connection.cursor() as cursor:
        cursor.execute(
            marking("SELECT unnest(%(people)s::uuid[])"),
            {"workspace": current_workspace_id(), "people": list(people), "what": BY_HAND},
        )


def marking(query: str) -> str:
    """The statement that leaves a mark for the contacts that a query selects; its parameters are `workspace` and `what`."""
    return (
        "INSERT INTO contacts_changedcontact (id, created_at, workspace_id, changed_id, what) "
        f"SELECT {in_a_row()}, now(), %(workspace)s, changed, %(what)s FROM ({query}) AS found (changed) "
        "WHERE EXISTS (SELECT 1 FROM contacts_segment WHERE workspace_id = %(workspace)s AND watched_at IS NOT NULL)"
    )


@due.runs(LOOKS)
@transaction.atomic
def look(*, at: datetime) -> datetime | None:
    """Bring every watched segment up to date; forget who was in those that nothing listens to any more.

    Costs a statement for each segment that reads what changed, each along the changed contacts, and as much as counting
    it for each whose time has come.
    """
    wanted = {segment_id for listened in SEGMENT_LISTENERS for segment_id in listened()}
    watched = Segment.objects.filter(watched_at__isnull=False)
    for segment in watched.exclude(id__in=wanted):
        segment.members.all().delete()
        Segment.objects.filter(id=segment.id).update(watched_at=None)
    marks = _take_marks()
    known = list(watched.select_related("workspace").select_for_update(of=("self",)).order_by("id"))
    for segment in known:
        with suppress(queries.BadSegment):  # one that can't be understood is let be
            _bring_up_to_date(segment, marks, at=at)
    for segment_id in wanted - {segment.id for segment in known}:
        with suppress(queries.BadSegment):  # watched as soon as it can be understood again
            watch(segment_id, at=at)
    if not wanted:
        ChangedContact.objects.all().delete()
    return at + EVERY if wanted else None


def _take_marks() -> dict[str, frozenset[str]]:
    """Move the marks to a table of this transaction, each once; returns what each kind of them means."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE IF NOT EXISTS segments_marked (changed_id uuid, what text) ON COMMIT DELETE ROWS"
        )
        cursor.execute("TRUNCATE segments_marked")
        cursor.execute(
            "WITH gone AS (DELETE FROM contacts_changedcontact WHERE workspace_id = %s RETURNING changed_id, what) "
            "INSERT INTO segments_marked SELECT DISTINCT changed_id, what FROM gone",
            [current_workspace_id()],
        )
        if not cursor.rowcount:
            return {}
        cursor.execute("ANALYZE segments_marked")
        cursor.execute("SELECT DISTINCT what FROM segments_marked")
        return {what: meaning_of(what) for (what,) in cursor.fetchall()}


def meaning_of(what: str) -> frozenset[str]:
    """What changed of a contact, as segments name what they read."""
    name, _blank, changed = what.partition(" ")
    fields = frozenset(json.loads(changed)) if changed else frozenset[str]()
    return MEANS.get(name, frozenset()) | fields | {"events"}


def _bring_up_to_date(segment: Segment, marks: Mapping[str, frozenset[str]], *, at: datetime) -> None:
    if segment.next_at is None or segment.next_at <= at:
        compare(segment, at=at)
        return
    reads = conditions.reads(segment.tree) | {EVERYTHING}
    if kinds := [what for what, changed in marks.items() if changed & reads]:
        compare(segment, at=at, kinds=kinds)


def compare(segment: Segment, *, at: datetime, kinds: Sequence[str] = ()) -> None:
    """Tell who entered a watched segment and who left it since the last look: everybody, or those with marks of some kinds.

    One statement beside the telling. In a transaction. Raises BadSegment.
    """
    people = queries.in_segment(segment.workspace, segment, at=at)
    if kinds:
        marked = RawSQL("SELECT changed_id FROM segments_marked WHERE what = ANY(%s)", [list(kinds)])
        people = people.filter(id__in=marked)
    left, entered = _exchange(segment, people, kinds, at=at)
    publish_many([SegmentLeft(segment_id=segment.id, contact_id=one, at=at) for one in left])
    publish_many([SegmentEntered(segment_id=segment.id, contact_id=one, at=at) for one in entered])
    following = _next(segment, at=at)
    if not kinds or segment.next_at is None or following < segment.next_at:
        Segment.objects.filter(id=segment.id).update(next_at=following)


def _exchange(
    segment: Segment, people: QuerySet[Contact], kinds: Sequence[str], *, at: datetime
) -> tuple[list[UUID], list[UUID]]:
    """Make these people the members, of all or of those with marks; returns who left and who entered."""
    sql, parameters = people.order_by().values("id").query.sql_with_params()
    own = [current_workspace_id(), segment.id]
    among = "AND m.contact_id IN (SELECT changed_id FROM segments_marked WHERE what = ANY(%s))" if kinds else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH people AS MATERIALIZED ({sql}), "
            "gone AS (DELETE FROM contacts_segmentmember m WHERE m.workspace_id = %s AND m.segment_id = %s "
            f"{among} AND NOT EXISTS (SELECT 1 FROM people p WHERE p.id = m.contact_id) RETURNING m.contact_id), "
            "come AS (INSERT INTO contacts_segmentmember (id, created_at, workspace_id, segment_id, contact_id) "
            f"SELECT {in_a_row()}, %s, %s, %s, p.id FROM people p WHERE NOT EXISTS (SELECT 1 FROM contacts_segmentmember m "
            "WHERE m.workspace_id = %s AND m.segment_id = %s AND m.contact_id = p.id) "
            "ON CONFLICT (workspace_id, segment_id, contact_id) DO NOTHING RETURNING contact_id) "
            "SELECT true, contact_id FROM gone UNION ALL SELECT false, contact_id FROM come",
            [*parameters, *own, *([list(kinds)] if kinds else []), at, *own, *own],
        )
        rows = cursor.fetchall()
    return [one for is_gone, one in rows if is_gone], [one for is_gone, one in rows if not is_gone]


def _next(segment: Segment, *, at: datetime) -> datetime:
    """When a segment must be compared as a whole again."""
    moments = [at + ANYWAY]
    for leaf in conditions.spread(segment.tree):
        known = conditions.field_of(leaf.get("field"))
        if known is None or leaf.get("field") == conditions.SEGMENT:
            continue
        if not known.reads or any(name not in TOLD and not name.startswith("field:") for name in known.reads):
            moments.append(at + UNTOLD)
        elif known.turns and (turns := known.turns(conditions.read(leaf, at=at)[1])):
            moments.append(turns)
    # A comparison at the very moment finds nobody gone yet who goes with it.
    return max(min(moments), at + timedelta(milliseconds=1))
