"""The way of a broadcast through one sending process: claim, ask who may get it, fill, hand over, settle. Django-free.

A chunk's claim is committed before the first byte leaves, its outcomes after the last answer; in between the journal
knows what the database doesn't yet.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import ParamSpec, Protocol, TypeVar
from uuid import UUID

from plainsail.contacts.services import link_tokens, setwise
from plainsail.contacts.services.setwise import Cursor
from plainsail.kernel.ids import new_id
from plainsail.mail.services import buckets, lines, rows
from plainsail.mail.services.filling import MessageSigner, Recipient
from plainsail.mail.services.journal import Journal
from plainsail.mail.services.pipelines import Handing, Parcel
from plainsail.mail.services.plans import Plan
from plainsail.mail.services.replies import Cause
from plainsail.mail.services.rows import Claimed, Fact
from plainsail.mail.services.servers import Meter
from plainsail.mail.services.smtp import Answer, Unreachable

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger("plainsail.mail")

CHUNK = 500
FIRST_CHUNK = 100
"""Until it is known how fast a server is."""
LOOK_EVERY = timedelta(seconds=1)
LEASE = timedelta(minutes=5)
"""Longer than a chunk can take: what can't be begun in time is given back."""
ENOUGH = timedelta(seconds=150)
"""What must be left of a lease to begin another message."""
ENOUGH_REFUSALS = 3
NO_FACTS: frozenset[int] = frozenset()


class End(StrEnum):
    """Why a course of sending ended."""

    DONE = "done"
    """Nothing waits, or nothing may leave."""
    TIME_UP = "time_up"
    LIMITED = "limited"
    """The sender's own limits allow no more for now; `Lane.waits_until` says for how long."""
    TROUBLE = "trouble"
    """The server takes nothing more for now."""


class Store(Protocol):
    """The database, as one workspace sees it."""

    def transaction(self) -> AbstractContextManager[Cursor]:
        """A short transaction in the workspace."""


@dataclass(slots=True)
class Letter:
    """A claimed row with somebody to write to, and their mailbox provider."""

    row: Claimed
    recipient: Recipient
    provider: str = ""


@dataclass
class Chunk:
    """Rows under one claim: those with somebody to write to, and facts about the others."""

    id: UUID
    until: datetime
    journal: Journal
    rows: list[Claimed]
    letters: list[Letter] = field(default_factory=list)
    settled: list[Fact] = field(default_factory=list)
    struck: set[str] = field(default_factory=set)
    """Mailbox providers that asked to be left alone."""
    accepted: set[str] = field(default_factory=set)
    """Those that accepted something."""


class Lane:
    """One course of sending: `run` it until nothing waits or the time is up."""

    def __init__(
        self,
        plan: Plan,
        store: Store,
        pool: Handing,
        *,
        now: Callable[[], datetime],
        signer: MessageSigner | None = None,
        executor: Executor | None = None,
    ) -> None:
        """`executor`, of one thread, asks the database for the next chunk while this one is handed over."""
        self.plan = plan
        self.store = store
        self.pool = pool
        self.now = now
        self.signer = signer
        self.path = plan.path
        self._asks_for_preferences = "preferences_url" in plan.form.fields
        self.size = FIRST_CHUNK
        self._executor = executor or _AtOnce()
        self._is_ahead = executor is not None
        self.waits_until: datetime | None = None
        self._asked: Future[bool] | None = None
        self._look_at = now() + LOOK_EVERY
        self._may_go_on = True

    def run(
        self, *, until: datetime, is_stopped: Callable[[], bool] = lambda: False, meter: Meter | None = None
    ) -> End:
        """Send until nothing waits, the time is up, or the server takes nothing more."""
        settling: Future[None] | None = None
        following: Future[Chunk | None] = self._executor.submit(self.claim)
        end = End.TIME_UP
        while (chunk := following.result()) is not None:
            is_over = self.now() >= until or is_stopped()
            if not is_over and self._is_ahead:
                following = self._executor.submit(self.claim)
            started = time.monotonic()
            is_fine = not is_over
            if is_over:
                self._give_back(chunk, _Record(chunk, self.now), "")
            else:
                with meter.chunk(len(chunk.letters)) if meter else nullcontext():
                    is_fine = self.hand_over(chunk)
            self._fit(time.monotonic() - started)
            if settling is not None:
                settling.result()
            settling = self._executor.submit(self.settle, chunk)
            if not is_fine:
                end = End.TIME_UP if is_over else End.TROUBLE
                if self._is_ahead and not is_over and (spare := following.result()) is not None:
                    self._give_back(spare, _Record(spare, self.now), "")
                    self._executor.submit(self.settle, spare).result()
                break
            if not self._is_ahead:
                following = self._executor.submit(self.claim)
        else:
            end = End.LIMITED if self.waits_until is not None else End.DONE
        if settling is not None:
            settling.result()
        return end

    def _fit(self, seconds: float) -> None:
        """Chunks of some seconds: a slow server must not keep rows that others could send, or outlast a lease."""
        if seconds < 2:
            self.size = min(self.size * 2, CHUNK)
        elif seconds > 10:
            self.size = max(self.size // 2, 10)

    def _may_begin(self, last: datetime) -> bool:
        """Asked before each message; after `last` none may begin. Once a second it looks whether somebody paused or stopped
        the broadcast.
        """
        now = self.now()
        if self._asked is not None and self._asked.done():
            self._may_go_on, self._asked = self._asked.result(), None
        elif now > self._look_at and self._asked is None:
            self._look_at, self._asked = now + LOOK_EVERY, self._executor.submit(self._is_going)
        return self._may_go_on and now < last

    def _is_going(self) -> bool:
        with self.store.transaction() as cursor:
            return rows.is_going(cursor, self.plan.workspace_id, self.plan.source_id, self.plan.sender_id)

    def claim(self) -> Chunk | None:
        """Take rows, and find out who of them may get it now. None where nothing waits, or nothing may leave."""
        plan, at, claim_id = self.plan, self.now(), new_id()
        until = at + LEASE
        journal = Journal.begin(workspace_id=plan.workspace_id, claim=claim_id)
        with self.store.transaction() as cursor:
            leave = buckets.allowed(cursor, plan.workspace_id, plan.sender_id, self.size, at=at)
            self.waits_until = leave.until
            taken = (
                []
                if not leave.many
                else rows.claim(
                    cursor,
                    workspace_id=plan.workspace_id,
                    source_id=plan.source_id,
                    sender_id=plan.sender_id,
                    claim_id=claim_id,
                    at=at,
                    until=until,
                    limit=leave.many,
                )
            )
            if len(taken) < leave.many:
                buckets.give_back(cursor, plan.workspace_id, plan.sender_id, leave.many - len(taken), at=at)
            if taken:
                _look_again(cursor, plan.workspace_id, until)
                chunk = Chunk(claim_id, until, journal, taken)
                self._sort(cursor, chunk)
        if not taken:
            journal.drop()
            return None
        return chunk

    def _sort(self, cursor: Cursor, chunk: Chunk) -> None:
        plan = self.plan
        by_contact = {row.contact_id: row for row in chunk.rows if row.contact_id is not None}
        people = setwise.ids(by_contact)
        found = plan.people.ask(cursor, people)
        holds = {
            place: {contact_id for (contact_id,) in asked.ask(cursor, people)} for place, asked in plan.facts.items()
        }
        own: dict[UUID, dict[str, str]] = {}
        if plan.own is not None and plan.own_words is not None:
            own = plan.own_words.of(plan.own.ask(cursor, people))
        for contact_id, address, first_name, last_name, *values in found:
            row = by_contact.pop(contact_id)
            bare = lines.envelope(address)
            if bare is None:
                chunk.settled.append(Fact(delivery_id=row.id, state="failed", cause="unmailable"))
                continue
            said = dict(zip(plan.fields, values, strict=True))
            if own:
                said |= own.get(contact_id, {})
            facts = frozenset(place for place, who in holds.items() if contact_id in who) if holds else NO_FACTS
            recipient = self._recipient((row.id, contact_id), bare, (first_name, last_name), said, facts=facts)
            chunk.letters.append(Letter(row, recipient))
        self._hold_back(cursor, chunk)
        refused: dict[UUID, UUID | None] = {row.id: contact_id for contact_id, row in by_contact.items()}
        refused |= {row.id: None for row in chunk.rows if row.contact_id is None}
        if refused:
            chunk.settled += rows.left_out(cursor, self.plan.workspace_id, refused)

    def _hold_back(self, cursor: Cursor, chunk: Chunk) -> None:
        """Messages to providers that take no more of us now wait until they do."""
        plan, at = self.plan, self.now()
        domains = [each.recipient.address.rpartition("@")[2].lower() for each in chunk.letters]
        known = buckets.providers(cursor, plan.workspace_id, domains)
        for letter, domain in zip(chunk.letters, domains, strict=True):
            letter.provider = known[domain]
        going_to = {number: letter.provider for number, letter in enumerate(chunk.letters)}
        held = buckets.held_back(cursor, plan.workspace_id, plan.sender_id, going_to, at=at)
        if held:
            chunk.settled += [
                Fact(delivery_id=chunk.letters[number].row.id, state="queued", due_at=due_at)
                for number, due_at in held.items()
            ]
            chunk.letters = [each for number, each in enumerate(chunk.letters) if number not in held]

    def _recipient(
        self,
        ids: tuple[UUID, UUID],
        address: str,
        names: tuple[str, str],
        said: dict[str, str],
        *,
        facts: frozenset[int],
    ) -> Recipient:
        form, plan = self.plan.form, self.plan
        (row_id, contact_id), (first_name, last_name) = ids, names
        name = f"{first_name} {last_name}".strip()
        said["first_name"], said["last_name"], said["name"], said["email"] = first_name, last_name, name, address
        unsubscribe = link_tokens.unsubscribe(plan.workspace_id, contact_id, form.list_id)
        url = f"{form.site}/unsubscribe/{unsubscribe}/"
        preferences = ""
        if self._asks_for_preferences:
            preferences = f"{form.site}/preferences/{link_tokens.preferences(plan.workspace_id, contact_id)}/"
        return Recipient(
            delivery_id=row_id,
            contact_id=contact_id,
            name=name,
            address=address,
            values=said,
            unsubscribe_url=url,
            preferences_url=preferences,
            one_click_url=url,
            facts=facts,
        )

    def hand_over(self, chunk: Chunk) -> bool:
        """Talk to the server. False where it takes nothing more now."""
        record, last = _Record(chunk, self.now), chunk.until - ENOUGH
        try:
            self.pool.hand_over(self._parcels(chunk, record), record, may_begin=partial(self._may_begin, last))
        except Unreachable as error:
            logger.warning("the mail server is away", extra={"reason": str(error)})
            self._give_back(chunk, record, str(error))
            return False
        self._give_back(chunk, record, "")
        return not self.pool.is_refused and not self.pool.is_in_trouble

    def _parcels(self, chunk: Chunk, record: _Record) -> Iterator[Parcel]:
        form, at = self.plan.form, self.now()
        for letter in chunk.letters:
            if record.strikes and record.strikes[letter.provider] >= buckets.ENOUGH_STRIKES:
                continue  # it asked to be left alone: the rest of its mail is given back untouched
            recipient = letter.recipient
            content = form.render(recipient, at=at, signer=self.signer)
            yield Parcel(letter.row.id, self.path.of(letter.row.id), recipient.address, content, about=letter)

    def _give_back(self, chunk: Chunk, record: _Record, reason: str) -> None:
        """What was not begun: somebody else may take it at once, or, with a reason, when the server had time to mend."""
        at = self.now()
        if len(record.facts) + len(chunk.settled) == len(chunk.rows):
            chunk.settled += record.facts
            return
        known = {fact.delivery_id for fact in (*record.facts, *chunk.settled)}
        if reason and buckets.wants_less(reason):
            chunk.struck.update(letter.provider for letter in chunk.letters if letter.row.id not in known)
        for row in chunk.rows:
            if row.id in known:
                continue
            if reason:
                record.facts.append(rows.put_off(row.id, since=row.put_off_since, reply=reason, at=at))
            else:
                record.facts.append(Fact(delivery_id=row.id, state="queued", due_at=at))
        chunk.settled += record.facts

    def settle(self, chunk: Chunk) -> None:
        """Write the chunk's outcomes, and what follows from them: who was sent something, who does not exist."""
        settle(self.store, self.plan, chunk, at=self.now())
        chunk.journal.drop()


def settle(store: Store, plan: Plan, chunk: Chunk, *, at: datetime) -> None:
    """One transaction: rows, counters, contacts' summaries, limits, dead addresses, a pause where the sender is refused."""
    facts = chunk.settled
    with store.transaction() as cursor:
        moved = rows.write(cursor, plan.workspace_id, chunk.id, facts, at=at)
        rows.book(cursor, plan.workspace_id, ((each.source_id, each.before, each.after, each.many) for each in moved))
        if waiting := sum([fact.state == "queued" for fact in facts]):
            buckets.give_back(cursor, plan.workspace_id, plan.sender_id, waiting, at=at)
        buckets.learn(cursor, plan.workspace_id, plan.sender_id, struck=chunk.struck, accepted=chunk.accepted, at=at)
        rows.measure(cursor, plan.workspace_id, plan.source_id, at=at)
        for each in moved:
            if each.after == "accepted":
                setwise.note_at(cursor, plan.workspace_id, "sent", each.people, at=at)
            elif each.cause == Cause.HARD:
                setwise.bounced(cursor, plan.workspace_id, each.people, at=at)
        refusals = [fact for fact in facts if fact.cause == Cause.SENDER_REPUTATION]
        if len(refusals) >= ENOUGH_REFUSALS:
            cursor.execute(
                "UPDATE mail_sender SET paused_at = %s, pause_reason = %s "
                "WHERE workspace_id = %s AND id = %s AND paused_at IS NULL",
                [at, refusals[-1].reply, plan.workspace_id, plan.sender_id],
            )


def _look_again(cursor: Cursor, workspace_id: UUID, until: datetime) -> None:
    """Should this process be lost, somebody looks at its rows when the lease is over (`kernel.due`)."""
    cursor.execute(
        # Looked up first: two senders must not wait for each other over a row that says it already.
        "INSERT INTO kernel_due (workspace_id, kind, due_at) SELECT %(workspace)s, 'mail.leases', %(until)s "
        "WHERE NOT EXISTS (SELECT 1 FROM kernel_due WHERE workspace_id = %(workspace)s AND kind = 'mail.leases' "
        "                  AND due_at <= %(until)s) "
        "ON CONFLICT (workspace_id, kind) DO UPDATE SET due_at = LEAST(kernel_due.due_at, EXCLUDED.due_at)",
        {"workspace": workspace_id, "until": until},
    )


class _AtOnce(Executor):
    """Does what it is asked for before it answers."""

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        done: Future[R] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


class _Record:
    """Answers, in the journal at once and as facts for the ledger."""

    def __init__(self, chunk: Chunk, now: Callable[[], datetime]) -> None:
        self.chunk = chunk
        self.now = now
        self.facts: list[Fact] = []
        self.strikes: Counter[str] = Counter()

    def intend(self, delivery_id: UUID) -> None:
        self.chunk.journal.intend(delivery_id)

    def flush(self) -> None:
        self.chunk.journal.flush()

    def answer(self, parcel: Parcel, answer: Answer) -> None:
        letter: Letter = parcel.about
        row = letter.row
        fact = rows.fact_of(row.id, answer, since=row.put_off_since, may_repeat=False, at=self.now())
        self.chunk.journal.note(row.id, fact.state, fact.cause, fact.reply)
        self.facts.append(fact)
        if fact.state == "accepted":
            self.chunk.accepted.add(letter.provider)
        elif fact.state == "queued" and buckets.wants_less(fact.reply):
            self.chunk.struck.add(letter.provider)
            self.strikes[letter.provider] += 1
