"""The ledger's statements, for whoever has a cursor in a workspace's transaction: Django's, or a sending process's own.

Django-free. `ledger` says what the moves mean; nothing else writes deliveries.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from plainsail.contacts.services.setwise import Cursor, ids
from plainsail.mail.services.smtp import Answer, Fate

OPEN = ("queued", "handing_over")
GIVE_UP_AFTER = timedelta(days=3)


@dataclass(slots=True)
class Claimed:
    """A row that this claim alone may hand over."""

    id: UUID
    contact_id: UUID | None
    put_off_since: datetime | None


# Not frozen, which would make it three times as slow to make one: there is one for each message.
@dataclass(kw_only=True, slots=True)
class Fact:
    """What became of one row: a state, why, and the server's words. With state `queued` it waits until `due_at`."""

    delivery_id: UUID
    state: str
    cause: str = ""
    reply: str = ""
    due_at: datetime | None = None


class Moved(NamedTuple):
    """Rows of one source that moved alike. Ids as PostgreSQL writes an array: they are only ever passed back to it."""

    source_id: UUID
    before: str
    after: str
    cause: str
    many: int
    rows: str
    people: str
    """Their contacts, those who had one."""


CLAIM = (
    # MATERIALIZED, or the planner may run the inner SELECT more than once and take more than it was asked for.
    "WITH ready AS MATERIALIZED ("
    "  SELECT id FROM mail_delivery WHERE workspace_id = %(workspace)s AND source_id = %(source)s "
    "  AND state = 'queued' AND due_at <= %(at)s {condition} ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED) "
    "UPDATE mail_delivery d SET state = 'handing_over', claim = %(claim)s, leased_until = %(until)s "
    "FROM ready WHERE d.id = ready.id AND d.workspace_id = %(workspace)s RETURNING d.id, d.contact_id, d.put_off_since"
)
GOING = (
    "AND EXISTS (SELECT 1 FROM mail_broadcast b WHERE b.workspace_id = %(workspace)s AND b.id = %(source)s "
    "            AND b.state = 'sending') "
    "AND NOT EXISTS (SELECT 1 FROM mail_sender s WHERE s.workspace_id = %(workspace)s AND s.id = %(sender)s "
    "                AND s.paused_at IS NOT NULL)"
)
CLAIM_ANY, CLAIM_OF_BROADCAST = CLAIM.format(condition=""), CLAIM.format(condition=GOING)


def is_going(cursor: Cursor, workspace_id: UUID, broadcast_id: UUID, sender_id: UUID) -> bool:
    """Whether a broadcast may go on: nobody paused or stopped it, nor its sender."""
    known = {"workspace": workspace_id, "source": broadcast_id, "sender": sender_id}
    cursor.execute(f"SELECT true {GOING.replace('AND', 'WHERE', 1)}", known)
    return bool(cursor.fetchall())


def claim(
    cursor: Cursor,
    *,
    workspace_id: UUID,
    source_id: UUID,
    claim_id: UUID,
    at: datetime,
    until: datetime,
    limit: int,
    sender_id: UUID | None = None,
) -> list[Claimed]:
    """Mark up to `limit` waiting rows of a source as being handed over. Commit before talking to a server.

    With `sender_id` the source is a broadcast, and nothing is taken while it is paused or over, or the sender is paused.
    Cost: one index scan of the rows taken; workers pass over each other's rows.
    """
    cursor.execute(
        CLAIM_ANY if sender_id is None else CLAIM_OF_BROADCAST,
        {
            "claim": claim_id,
            "until": until,
            "workspace": workspace_id,
            "source": source_id,
            "at": at,
            "limit": limit,
            "sender": sender_id,
        },
    )
    return [Claimed(*row) for row in cursor.fetchall()]


def write(cursor: Cursor, workspace_id: UUID, claim_id: UUID, facts: Sequence[Fact], *, at: datetime) -> list[Moved]:
    """Write what became of claimed rows. Returns those that moved, by how they did.

    Also takes the late truth about rows that were called uncertain meanwhile; a row somebody else holds is left alone.
    """
    cursor.execute(
        # The server's words as JSON, which is put together many times faster than an array of any text.
        "WITH known AS (SELECT t.id, t.state, t.cause, t.reply, t.due_at::timestamptz AS due_at FROM ROWS FROM ("
        "  unnest(%(ids)s::uuid[]), unnest(%(states)s::text[]), json_array_elements_text(%(causes)s::json), "
        "  json_array_elements_text(%(replies)s::json), json_array_elements_text(%(dues)s::json)) "
        "  AS t(id, state, cause, reply, due_at)), "
        "held AS (SELECT d.id, d.state FROM mail_delivery d JOIN known USING (id) "
        "         WHERE d.workspace_id = %(workspace)s AND d.claim = %(claim)s "
        "         AND d.state IN ('handing_over', 'uncertain') FOR UPDATE OF d), "
        "moved AS (UPDATE mail_delivery d SET state = known.state, cause = known.cause, reply = known.reply, "
        "  due_at = COALESCE(known.due_at, d.due_at), leased_until = NULL, "
        # Given back untouched it has no reply: nobody tried it, so nobody put it off.
        "  put_off_since = CASE WHEN known.state = 'queued' AND known.reply <> '' THEN COALESCE(d.put_off_since, %(at)s) "
        "                  ELSE d.put_off_since END, "
        "  settled_at = CASE WHEN known.state = 'queued' THEN NULL ELSE %(at)s END, "
        "  attempts = d.attempts + CASE WHEN known.state IN ('accepted', 'failed') THEN 1 ELSE 0 END "
        "FROM known JOIN held USING (id) WHERE d.id = known.id AND d.workspace_id = %(workspace)s "
        "RETURNING d.id, d.source_id, held.state AS before, d.state AS after, d.cause, d.contact_id) "
        "SELECT source_id, before, after, cause, count(*), array_agg(id)::text, "
        "  COALESCE(array_agg(contact_id) FILTER (WHERE contact_id IS NOT NULL), '{}')::text "
        "FROM moved GROUP BY source_id, before, after, cause ORDER BY source_id, before, after, cause",
        {
            "ids": ids([fact.delivery_id for fact in facts]),
            "states": f"{{{','.join([str(fact.state) for fact in facts])}}}",
            "causes": json.dumps([fact.cause for fact in facts]),
            "replies": json.dumps([fact.reply for fact in facts]),
            "dues": json.dumps([fact.due_at and fact.due_at.isoformat() for fact in facts]),
            "workspace": workspace_id,
            "claim": claim_id,
            "at": at,
        },
    )
    return [Moved(*row) for row in cursor.fetchall()]


def book(cursor: Cursor, workspace_id: UUID, moves: Iterable[tuple[UUID, str, str, int]]) -> None:
    """Add moves (source, state before, state after, how many) to the counters of the broadcasts among the sources."""
    changes: dict[UUID, Counter[str]] = {}
    for source_id, before, after, many in moves:
        counts = changes.setdefault(source_id, Counter())
        counts[before] -= many
        counts[after] += many
    for source_id in sorted(changes):
        columns = {state: n for state, n in changes[source_id].items() if n and state not in OPEN}
        if not columns:
            continue
        assignments = ", ".join(f'"{state}" = "{state}" + %s' for state in columns)
        cursor.execute(
            f"UPDATE mail_broadcast SET {assignments} WHERE workspace_id = %s AND id = %s",
            [*columns.values(), workspace_id, source_id],
        )


def measure(cursor: Cursor, workspace_id: UUID, broadcast_id: UUID, *, at: datetime) -> None:
    """Every few seconds, how many messages a second of a broadcast have been settled since the last measuring."""
    settled = "accepted + failed + suppressed + excluded + uncertain"
    cursor.execute(
        f"UPDATE mail_broadcast SET pace = CASE WHEN paced_at > %(at)s - interval '1 minute' "
        f"  THEN ({settled} - paced_from) / EXTRACT(epoch FROM %(at)s - paced_at) END, "
        f"  paced_at = %(at)s, paced_from = {settled} "
        "WHERE workspace_id = %(workspace)s AND id = %(broadcast)s AND state = 'sending' "
        "AND (paced_at IS NULL OR paced_at < %(at)s - interval '3 seconds')",
        {"workspace": workspace_id, "broadcast": broadcast_id, "at": at},
    )


def put_off(delivery_id: UUID, *, since: datetime | None, reply: str, at: datetime) -> Fact:
    """Wait half as long again as servers have put it off so far, from a minute to an hour; after three days it has failed.

    `since` is when that was first done, None if never: a message may wait for weeks, in a pause or a warm-up, before
    anybody tries it. Being put off uses up no attempt (RFC 5321 §4.5.4.1 on retry intervals and giving up).
    """
    waited = at - (since or at)
    if waited > GIVE_UP_AFTER:
        return Fact(delivery_id=delivery_id, state="failed", cause="put_off_too_long", reply=reply)
    wait = min(max(waited / 2, timedelta(minutes=1)), timedelta(hours=1))
    return Fact(delivery_id=delivery_id, state="queued", reply=reply, due_at=at + wait)


def fact_of(delivery_id: UUID, answer: Answer, *, since: datetime | None, may_repeat: bool, at: datetime) -> Fact:
    """What a server's answer means in the ledger. `may_repeat`: nobody minds if an uncertain one goes out twice."""
    if answer.fate == Fate.ACCEPTED:
        return Fact(delivery_id=delivery_id, state="accepted", reply=answer.reply)
    if answer.fate == Fate.PUT_OFF or (answer.fate == Fate.UNKNOWN and may_repeat):
        return put_off(delivery_id, since=since, reply=answer.reply, at=at)
    if answer.fate == Fate.REFUSED:
        cause = str(answer.cause or "message_fault")
        return Fact(delivery_id=delivery_id, state="failed", cause=cause, reply=answer.reply)
    return Fact(delivery_id=delivery_id, state="uncertain", cause="no_answer", reply=answer.reply)


PEOPLE_LEFT_OUT = (
    "SELECT c.id, c.deleted_at IS NOT NULL, s.reason FROM contacts_contact c LEFT JOIN contacts_suppression s "
    "ON s.workspace_id = c.workspace_id AND s.address_hash = c.address_hash "
    "WHERE c.workspace_id = %s AND c.id = ANY(%s)"
)


def left_out(cursor: Cursor, workspace_id: UUID, refused: Mapping[UUID, UUID | None]) -> list[Fact]:
    """Why contacts may not get a message after all, as facts: row id to contact id goes in."""
    contacts = [contact_id for contact_id in refused.values() if contact_id is not None]
    cursor.execute(PEOPLE_LEFT_OUT, [workspace_id, contacts])
    known = {contact_id: (is_deleted, reason) for contact_id, is_deleted, reason in cursor.fetchall()}
    found: list[Fact] = []
    for row_id, contact_id in refused.items():
        is_deleted, reason = known.get(contact_id, (True, None))
        if is_deleted:
            found.append(Fact(delivery_id=row_id, state="excluded", cause="no_contact"))
        elif reason:
            found.append(Fact(delivery_id=row_id, state="suppressed", cause=reason))
        else:
            found.append(Fact(delivery_id=row_id, state="excluded", cause="no_consent"))
    return found
