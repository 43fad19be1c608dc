"""The ledger's few moves: claim rows, settle them, mark what nobody knows. Each is one statement; none is undone.

queued → handing_over → accepted | failed | suppressed | excluded | uncertain
A row put off by a busy server goes back to queued. One whose lease runs out while it is being handed over becomes
uncertain, and is sent again only if it says so itself or a person decides it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from plainsail.contacts.services import engagement
from plainsail.contacts.services.setwise import read_ids
from plainsail.kernel import due
from plainsail.kernel.ids import new_id
from plainsail.kernel.tenancy import current_workspace_id
from plainsail.mail.models import Delivery, SealedBody
from plainsail.mail.services import rows
from plainsail.mail.services.rows import Fact

LEASES = "mail.leases"
LEASE = timedelta(minutes=5)
"""Longer than a batch can take: a worker gives rows back that it can't start in time."""
BATCH = 25
"""Rows handed over between two commits: what a killed worker can leave uncertain."""

State = Delivery.State


@dataclass(frozen=True)
class Claim:
    """Rows that this worker alone may hand over, until the lease ends."""

    id: UUID
    deliveries: list[Delivery]
    leased_until: datetime


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one row. With state `queued` it waits until `due_at`."""

    delivery_id: UUID
    state: Delivery.State
    cause: str = ""
    reply: str = ""
    due_at: datetime | None = None

    @classmethod
    def of(cls, fact: Fact) -> Outcome:
        return cls(
            delivery_id=fact.delivery_id,
            state=State(fact.state),
            cause=fact.cause,
            reply=fact.reply,
            due_at=fact.due_at,
        )


def claim(source_id: UUID, *, at: datetime, limit: int = BATCH, claim_id: UUID | None = None) -> Claim:
    """Mark up to `limit` waiting rows of a source as being handed over. Commit before talking to a server.

    Cost: one index scan of the rows taken; workers pass over each other's rows.
    """
    claim_id, until = claim_id or new_id(), at + LEASE
    with connection.cursor() as cursor:
        taken = rows.claim(
            cursor,
            workspace_id=current_workspace_id(),
            source_id=source_id,
            claim_id=claim_id,
            at=at,
            until=until,
            limit=limit,
        )
    if taken:
        due.schedule(LEASES, until)
    ids = [row.id for row in taken]
    found = Delivery.objects.filter(id__in=ids).select_related("edition", "sealed_body").order_by("id")
    return Claim(claim_id, list(found), until)


def settle(claim_id: UUID, outcomes: Sequence[Outcome | Fact], *, at: datetime) -> int:
    """Write what became of claimed rows, and keep the books of their broadcasts. Returns how many rows it moved.

    Also takes the late truth about rows that were called uncertain meanwhile; a row somebody else holds is left alone.
    """
    if not outcomes:
        return 0
    with connection.cursor() as cursor:
        known = [
            Fact(
                delivery_id=each.delivery_id,
                state=str(each.state),
                cause=each.cause,
                reply=each.reply,
                due_at=each.due_at,
            )
            for each in outcomes
        ]
        moved = rows.write(cursor, current_workspace_id(), claim_id, known, at=at)
    final = [row_id for each in moved if each.after not in Delivery.OPEN for row_id in read_ids(each.rows)]
    SealedBody.objects.filter(delivery_id__in=final).exclude(delivery__state=State.UNCERTAIN).delete()
    book((each.source_id, each.before, each.after, each.many) for each in moved)
    accepted = [who for each in moved if each.after == State.ACCEPTED for who in read_ids(each.people)]
    engagement.note("sent", dict.fromkeys(accepted, at))
    return sum(each.many for each in moved)


def book(moves: Iterable[tuple[UUID, str, str, int]]) -> None:
    """Add moves (source, state before, state after, how many) to the counters of the broadcasts among the sources."""
    with connection.cursor() as cursor:
        rows.book(cursor, current_workspace_id(), moves)


def put_off(delivery: Delivery, reply: str, *, at: datetime) -> Outcome:
    """Wait for a busy or absent server, see `rows.put_off`."""
    return Outcome.of(rows.put_off(delivery.id, since=delivery.put_off_since, reply=reply, at=at))


def give_back(delivery: Delivery, *, at: datetime) -> Outcome:
    """Untouched: somebody else may take it at once."""
    return Outcome(delivery_id=delivery.id, state=State.QUEUED, due_at=at)


def expire(*, at: datetime) -> int:
    """Rows whose worker went away while handing them over become uncertain, or wait again where they may be repeated.

    Returns how many. Their worker may still come back with the truth, see `settle`.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mail_delivery SET state = CASE WHEN when_uncertain = 'resend' THEN 'queued' ELSE 'uncertain' END, "
            "  leased_until = NULL, cause = CASE WHEN when_uncertain = 'resend' THEN '' ELSE 'worker_lost' END, "
            "  settled_at = CASE WHEN when_uncertain = 'resend' THEN NULL ELSE %(at)s END, "
            "  due_at = CASE WHEN when_uncertain = 'resend' THEN %(at)s ELSE due_at END "
            "WHERE workspace_id = %(workspace)s AND state = 'handing_over' AND leased_until < %(at)s "
            "RETURNING source_id, state",
            {"workspace": current_workspace_id(), "at": at},
        )
        moved = [(source, State.HANDING_OVER, State(after), 1) for source, after in cursor.fetchall()]
    book(moved)
    return len(moved)


def resend_uncertain(source_id: UUID, *, at: datetime, only: Collection[UUID] | None = None) -> int:
    """A person's decision: what is uncertain goes out again, at the risk that some get it twice. Returns how many."""
    uncertain = Delivery.objects.filter(source_id=source_id, state=State.UNCERTAIN)
    if only is not None:
        uncertain = uncertain.filter(id__in=only)
    moved: int = uncertain.order_by().update(
        state=State.QUEUED, due_at=at, put_off_since=None, settled_at=None, cause="", claim=None
    )
    book([(source_id, State.UNCERTAIN, State.QUEUED, moved)])
    return moved


def resolve(source_id: UUID, delivery_ids: Collection[UUID], *, state: Delivery.State, cause: str, at: datetime) -> int:
    """Somebody knows what became of uncertain messages: a person, or a provider's event. Returns how many were uncertain.

    `state` is accepted or failed. They can't be sent again after that.
    """
    uncertain = Delivery.objects.filter(source_id=source_id, state=State.UNCERTAIN, id__in=delivery_ids)
    people = [who for who in uncertain.order_by("id").values_list("contact_id", flat=True) if who]
    moved: int = uncertain.order_by().update(state=state, cause=cause, settled_at=at, claim=None)
    book([(source_id, State.UNCERTAIN, state, moved)])
    if state == State.ACCEPTED:
        engagement.note("sent", dict.fromkeys(people, at))
    return moved


def learn(delivery_id: UUID, *, state: Delivery.State, cause: str, at: datetime) -> int:
    """A provider or a bounce tells of one message; only where it was uncertain does that change anything here."""
    source_id = Delivery.objects.filter(id=delivery_id).values_list("source_id", flat=True).first()
    return resolve(source_id, [delivery_id], state=state, cause=cause, at=at) if source_id else 0


def leave_out_waiting(source_id: UUID, *, cause: str, at: datetime) -> int:
    """Whatever of a source still waits will not be sent. Returns how many rows."""
    moved: int = (
        Delivery.objects.filter(source_id=source_id, state=State.QUEUED)
        .order_by()
        .update(state=State.EXCLUDED, cause=cause, settled_at=at)
    )
    book([(source_id, State.QUEUED, State.EXCLUDED, moved)])
    return moved
