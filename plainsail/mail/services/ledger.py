"""The ledger's few moves: claim rows, settle them, mark what nobody knows. Each is one statement; none is undone.

queued → handing_over → accepted | failed | suppressed | excluded | uncertain
A row put off by a busy server goes back to queued. One whose lease runs out while it is being handed over becomes
uncertain, and is sent again only if it says so itself or a person decides it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from plainsail.contacts.services import engagement
from plainsail.kernel import due
from plainsail.kernel.ids import new_id
from plainsail.kernel.tenancy import current_workspace_id
from plainsail.mail.models import Delivery, SealedBody

LEASES = "mail.leases"
LEASE = timedelta(minutes=5)
"""Longer than a batch can take: a worker gives rows back that it can't start in time."""
BATCH = 25
"""Rows handed over between two commits: what a killed worker can leave uncertain."""
GIVE_UP_AFTER = timedelta(days=3)

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


def claim(source_id: UUID, *, at: datetime, limit: int = BATCH) -> Claim:
    """Mark up to `limit` waiting rows of a source as being handed over. Commit before talking to a server.

    Cost: one index scan of the rows taken; workers pass over each other's rows.
    """
    claim_id, until = new_id(), at + LEASE
    with connection.cursor() as cursor:
        cursor.execute(
            # MATERIALIZED, or the planner may run the inner SELECT more than once and take more than it was asked for.
            "WITH ready AS MATERIALIZED ("
            "  SELECT id FROM mail_delivery WHERE workspace_id = %(workspace)s AND source_id = %(source)s "
            "  AND state = 'queued' AND due_at <= %(at)s ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED) "
            "UPDATE mail_delivery SET state = 'handing_over', claim = %(claim)s, leased_until = %(until)s "
            "FROM ready WHERE mail_delivery.id = ready.id AND mail_delivery.workspace_id = %(workspace)s "
            "RETURNING mail_delivery.id",
            {
                "claim": claim_id,
                "until": until,
                "workspace": current_workspace_id(),
                "source": source_id,
                "at": at,
                "limit": limit,
            },
        )
        ids = [row_id for (row_id,) in cursor.fetchall()]
    if ids:
        due.schedule(LEASES, until)
    rows = Delivery.objects.filter(id__in=ids).select_related("edition", "sealed_body").order_by("id")
    return Claim(claim_id, list(rows), until)


def settle(claim_id: UUID, outcomes: Sequence[Outcome], *, at: datetime) -> None:
    """Write what became of claimed rows, and keep the books of their broadcasts.

    Also takes the late truth about rows that were called uncertain meanwhile; a row somebody else holds is left alone.
    """
    if not outcomes:
        return
    moved = _write(claim_id, outcomes, at=at)
    final = [row_id for row_id, _source, _before, after in moved if after not in Delivery.OPEN]
    SealedBody.objects.filter(delivery_id__in=final).exclude(delivery__state=State.UNCERTAIN).delete()
    book((source_id, before, after) for _row, source_id, before, after in moved)
    sent = [row_id for row_id, _source, _before, after in moved if after == State.ACCEPTED]
    people = Delivery.objects.filter(id__in=sent, contact_id__isnull=False).values_list("contact_id", flat=True)
    engagement.note("sent", {one: at for one in people if one is not None})


def _write(
    claim_id: UUID, outcomes: Sequence[Outcome], *, at: datetime
) -> list[tuple[UUID, UUID, Delivery.State, Delivery.State]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH known AS (SELECT * FROM unnest(%(ids)s::uuid[], %(states)s::text[], %(causes)s::text[], "
            "                 %(replies)s::text[], %(dues)s::timestamptz[]) AS t(id, state, cause, reply, due_at)), "
            "held AS (SELECT d.id, d.state FROM mail_delivery d JOIN known USING (id) "
            "         WHERE d.workspace_id = %(workspace)s AND d.claim = %(claim)s "
            "         AND d.state IN ('handing_over', 'uncertain') FOR UPDATE OF d) "
            "UPDATE mail_delivery d SET state = known.state, cause = known.cause, reply = known.reply, "
            "  due_at = COALESCE(known.due_at, d.due_at), leased_until = NULL, "
            "  settled_at = CASE WHEN known.state = 'queued' THEN NULL ELSE %(at)s END, "
            "  attempts = d.attempts + CASE WHEN known.state IN ('accepted', 'failed') THEN 1 ELSE 0 END "
            "FROM known JOIN held USING (id) WHERE d.id = known.id AND d.workspace_id = %(workspace)s "
            "RETURNING d.id, d.source_id, held.state, d.state",
            {
                "ids": [outcome.delivery_id for outcome in outcomes],
                "states": [outcome.state.value for outcome in outcomes],
                "causes": [outcome.cause for outcome in outcomes],
                "replies": [outcome.reply for outcome in outcomes],
                "dues": [outcome.due_at for outcome in outcomes],
                "workspace": current_workspace_id(),
                "claim": claim_id,
                "at": at,
            },
        )
        return [(row, source, State(before), State(after)) for row, source, before, after in cursor.fetchall()]


def book(moves: Iterable[tuple[UUID, Delivery.State, Delivery.State]]) -> None:
    """Add moves (source, state before, state after) to the counters of the broadcasts among the sources."""
    changes: dict[UUID, Counter[str]] = {}
    for source_id, before, after in moves:
        counts = changes.setdefault(source_id, Counter())
        counts[before] -= 1
        counts[after] += 1
    for source_id in sorted(changes):
        columns = {state: n for state, n in changes[source_id].items() if n and state not in Delivery.OPEN}
        if not columns:
            continue
        assignments = ", ".join(f'"{state}" = "{state}" + %s' for state in columns)
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE mail_broadcast SET {assignments} WHERE workspace_id = %s AND id = %s",
                [*columns.values(), current_workspace_id(), source_id],
            )


def put_off(delivery: Delivery, reply: str, *, at: datetime) -> Outcome:
    """Wait half as long again as it has waited so far, from a minute to an hour; after three days it has failed.

    Being put off uses up no attempt (RFC 5321 §4.5.4.1 on retry intervals and giving up).
    """
    waited = at - delivery.created_at
    if waited > GIVE_UP_AFTER:
        return Outcome(delivery_id=delivery.id, state=State.FAILED, cause="put_off_too_long", reply=reply)
    wait = min(max(waited / 2, timedelta(minutes=1)), timedelta(hours=1))
    return Outcome(delivery_id=delivery.id, state=State.QUEUED, reply=reply, due_at=at + wait)


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
        moved = [(source, State.HANDING_OVER, State(after)) for source, after in cursor.fetchall()]
    book(moved)
    return len(moved)


def resend_uncertain(source_id: UUID, *, at: datetime) -> int:
    """A person's decision: what is uncertain goes out again, at the risk that some get it twice. Returns how many."""
    moved: int = (
        Delivery.objects.filter(source_id=source_id, state=State.UNCERTAIN)
        .order_by()
        .update(state=State.QUEUED, due_at=at, settled_at=None, cause="", claim=None)
    )
    book([(source_id, State.UNCERTAIN, State.QUEUED)] * moved)
    return moved


def leave_out_waiting(source_id: UUID, *, cause: str, at: datetime) -> int:
    """Whatever of a source still waits will not be sent. Returns how many rows."""
    moved: int = (
        Delivery.objects.filter(source_id=source_id, state=State.QUEUED)
        .order_by()
        .update(state=State.EXCLUDED, cause=cause, settled_at=at)
    )
    book([(source_id, State.QUEUED, State.EXCLUDED)] * moved)
    return moved
