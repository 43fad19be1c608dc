"""Who gets a broadcast: resolved when it leaves, and written into the ledger set by set."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from plainsail.contacts.models import Contact, List, Segment
from plainsail.contacts.queries import condition_of
from plainsail.kernel.ids import in_a_row
from plainsail.kernel.tenancy import current_workspace_id
from plainsail.mail.models import Broadcast, Stream

CHUNK = 20_000
"""Rows written between two commits: about a second."""


def people(topic: List, segment: Segment | None, *, at: datetime) -> QuerySet[Contact]:
    """Everybody who may get mail about a list now and is in the segment, if there is one. Raises BadSegment."""
    found: QuerySet[Contact] = Contact.objects.mailable(topic)
    return found.filter(condition_of(segment.tree, at=at)) if segment is not None else found


def count(topic: List, segment: Segment | None, *, at: datetime) -> int:
    """How many that are at the moment."""
    return people(topic, segment, at=at).count()


def write_chunk(broadcast: Broadcast, *, at: datetime, limit: int = CHUNK) -> bool:
    """Write the next rows of a broadcast's audience, in the order of contact ids; False when everybody is written.

    One statement; a contact who has a row already gets no second one. Adds to the broadcast's audience and notes how
    far it came, in the caller's transaction.
    """
    assert broadcast.list is not None, "checked before it left"
    chosen = people(broadcast.list, broadcast.segment, at=at)
    if broadcast.prepared_to is not None:
        chosen = chosen.filter(id__gt=broadcast.prepared_to)
    sql, parameters = chosen.order_by("id").values("id")[:limit].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH chosen AS ({sql}), written AS ("
            "INSERT INTO mail_delivery (id, created_at, workspace_id, stream, source_kind, source_id, occurrence, "
            "  recipient_key, contact_id, edition_id, list_id, address, subject, state, when_uncertain, due_at, attempts, cause, reply) "
            f"SELECT {in_a_row()}, %s, %s, %s, 'broadcast', %s, '', replace(chosen.id::text, '-', ''), chosen.id, %s, %s, '', '', "
            "  'queued', 'ask', %s, 0, '', '' FROM chosen "
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
                at,
            ],
        )
        written, seen, last = cursor.fetchone() or (0, 0, None)
    _note(broadcast, written, last)
    return bool(seen == limit)


def _note(broadcast: Broadcast, written: int, last: UUID | None) -> None:
    broadcast.audience += written
    broadcast.prepared_to = last or broadcast.prepared_to
    broadcast.save(update_fields=["audience", "prepared_to"])
