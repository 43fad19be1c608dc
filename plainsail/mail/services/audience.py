"""Who gets a broadcast: resolved when it leaves, and written into the ledger set by set."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import BigIntegerField, Exists, Func, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast

from plainsail.contacts.models import Contact, List, Segment
from plainsail.contacts.queries import condition_of
from plainsail.kernel.ids import in_a_row
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import current_workspace_id
from plainsail.mail.models import Broadcast, Delivery, Stream
from plainsail.mail.services.zones import due_by_zone

CHUNK = 20_000
"""Rows written between two commits: about a second."""
PUNCTUAL = timedelta(minutes=15)
"""How long after its time a broadcast is still written down as if it left in time."""


def people(topic: List, segment: Segment | None, *, at: datetime) -> QuerySet[Contact]:
    """Everybody who may get mail about a list now and is in the segment, if there is one. Raises BadSegment."""
    found: QuerySet[Contact] = Contact.objects.mailable(topic)
    return found.filter(condition_of(segment.tree, at=at)) if segment is not None else found


def of(broadcast: Broadcast, *, at: datetime) -> QuerySet[Contact]:
    """Everybody a broadcast goes to: a variant's slice, what the variants leave, or those who neither opened nor clicked.

    Raises BadSegment.
    """
    assert broadcast.list is not None, "checked before it left"
    found = people(broadcast.list, broadcast.segment, at=at)
    if broadcast.resend_of_id is not None:
        found = found.filter(Exists(silent(broadcast.resend_of_id)))
    if broadcast.is_variant:
        found = in_slice(found, broadcast.test_of_id, broadcast.slice_from, broadcast.slice_to)
    elif broadcast.is_test:
        found = in_slice(found, broadcast.id, broadcast.test_share * PER_PERCENT, WHOLE)
    return found


def silent(broadcast_id: UUID) -> QuerySet[Delivery]:
    """Messages of a broadcast, or of its variants, whose reader neither opened nor clicked, for the contact outside.

    What a mail service's proxy opened says nothing about the reader.
    """
    sources = Broadcast.objects.filter(Q(id=broadcast_id) | Q(test_of=broadcast_id)).values("id")
    found: QuerySet[Delivery] = Delivery.objects.filter(
        source_kind="broadcast",
        source_id__in=sources,
        contact_id=OuterRef("id"),
        state=Delivery.State.ACCEPTED,
        opened_at=None,
        clicked_at=None,
        unsubscribed_at=None,
    )
    return found


def silent_count(broadcast: Broadcast, *, at: datetime) -> int:
    """How many people a repetition would go to: they got it, may still be written to, and neither opened nor clicked."""
    if broadcast.list is None:
        return 0
    found = people(broadcast.list, broadcast.segment, at=at)
    return int(found.filter(Exists(silent(broadcast.id))).count())


WHOLE, PER_PERCENT = 10_000, 100


def in_slice(found: QuerySet[Contact], test_id: UUID | None, start: int, end: int) -> QuerySet[Contact]:
    """Those whose number in a test lies from `start` up to but without `end`, in ten-thousandths.

    The number is drawn from contact and test, so it is the same whenever it is asked, and another one in the next test.
    """
    seed = int.from_bytes((test_id or UUID(int=0)).bytes[-7:], "big")
    number: Func = Func(
        Cast("id", TextField()),
        Value(seed),
        function="hashtextextended",
        template=f"((%(function)s(%(expressions)s) %%%% {WHOLE}) + {WHOLE}) %%%% {WHOLE}",
        output_field=BigIntegerField(),
    )
    return found.alias(test_number=number).filter(test_number__gte=start, test_number__lt=end)


def count(topic: List, segment: Segment | None, *, at: datetime) -> int:
    """How many that are at the moment."""
    return people(topic, segment, at=at).count()


# What is due first is claimed first: while a sender warms up, those who opened or clicked lately get it first, for what they
# do with it is what mailbox providers judge the sender by.
ENGAGED_FIRST = (
    " - CASE WHEN engaged.id IS NULL THEN interval '0' ELSE interval '1 second' END",
    (
        "LEFT JOIN contacts_engagement engaged ON engaged.workspace_id = %s AND engaged.contact_id = chosen.id "
        "AND GREATEST(engaged.clicked_at, engaged.opened_at) > %s "
    ),
)
LATELY = timedelta(days=90)


def write_chunk(broadcast: Broadcast, *, at: datetime, limit: int = CHUNK) -> bool:
    """Write the next rows of a broadcast's audience, in the order of contact ids; False when everybody is written.

    One statement; a contact who has a row already gets no second one. Adds to the broadcast's audience and notes how
    far it came, in the caller's transaction.
    """
    chosen = of(broadcast, at=at)
    if broadcast.prepared_to is not None:
        chosen = chosen.filter(id__gt=broadcast.prepared_to)
    sql, parameters = chosen.order_by("id").values("id", "timezone")[:limit].query.sql_with_params()
    zones, dues, otherwise = _due(broadcast, at=at)
    warms_up = broadcast.sender is not None and broadcast.sender.warms_up_since is not None
    ahead, engaged = ENGAGED_FIRST if warms_up else ("", "")
    lately: list[UUID | datetime] = [current_workspace_id(), at - LATELY] if warms_up else []
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH chosen AS ({sql}), written AS ("
            "INSERT INTO mail_delivery (id, created_at, workspace_id, stream, source_kind, source_id, occurrence, "
            "  recipient_key, contact_id, edition_id, list_id, address, subject, state, when_uncertain, due_at, attempts, cause, reply) "
            f"SELECT {in_a_row()}, %s, %s, %s, 'broadcast', %s, '', replace(chosen.id::text, '-', ''), chosen.id, %s, %s, '', '', "
            f"  'queued', 'ask', COALESCE(local.due, %s){ahead}, 0, '', '' FROM chosen "
            "LEFT JOIN unnest(%s::text[], %s::timestamptz[]) AS local(zone, due) ON local.zone = chosen.timezone "
            f"{engaged}"
            "ON CONFLICT (workspace_id, source_kind, source_id, occurrence, recipient_key) DO NOTHING RETURNING 1) "
            "SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM chosen), "
            "(SELECT id FROM chosen ORDER BY id DESC LIMIT 1)",
            [
                *parameters,
                at,
                current_workspace_id(),
                Stream.MARKETING,
                broadcast.id,
                broadcast.edition_id,
                broadcast.list_id,
                otherwise,
                zones,
                dues,
                *lately,
            ],
        )
        written, seen, last = cursor.fetchone() or (0, 0, None)
    _note(broadcast, written, last)
    return bool(seen == limit)


def _due(broadcast: Broadcast, *, at: datetime) -> tuple[list[str], list[datetime], datetime]:
    """When its messages are due: by zone (none where all leave at once), and for everybody else."""
    if not broadcast.is_local:
        return [], [], at
    home = str(Workspace.objects.values_list("timezone", flat=True).get(id=current_workspace_id()))
    planned = broadcast.scheduled_at
    # A worker comes some moments late, which makes nobody late whose time is the first; one that was held does.
    is_punctual = planned is not None and at - planned < PUNCTUAL
    by_zone, otherwise = due_by_zone(broadcast, home=home, at=planned if planned and is_punctual else at)
    return list(by_zone), list(by_zone.values()), otherwise


def _note(broadcast: Broadcast, written: int, last: UUID | None) -> None:
    broadcast.audience += written
    broadcast.prepared_to = last or broadcast.prepared_to
    broadcast.save(update_fields=["audience", "prepared_to"])
