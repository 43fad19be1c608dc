"""The way of a broadcast through one sending process: claim, ask who may get it, fill, hand over, settle. Django-free.

A chunk's claim is committed before the first byte leaves, its outcomes after the last answer; in between the journal
knows what the database doesn't yet.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ParamSpec, Protocol, TypeVar
from uuid import UUID

from plainsail.contacts.services import link_tokens, setwise
from plainsail.contacts.services.setwise import Cursor
from plainsail.kernel.ids import new_id
from plainsail.mail.services import buckets, lines, rows
from plainsail.mail.services.filling import Form, MessageSigner, Recipient, form_from_json, form_to_json
from plainsail.mail.services.journal import Journal
from plainsail.mail.services.own_words import OwnWords
from plainsail.mail.services.pipelines import Handing, Parcel
from plainsail.mail.services.replies import Cause
from plainsail.mail.services.return_paths import ReturnPath
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
PEOPLE = "$people"
"""Stands in a plan's parameters for the ids of a chunk's contacts."""


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


@dataclass(frozen=True)
class Question:
    """A statement with its parameters, in which PEOPLE stands for ids; made by Django, asked by a sending process."""

    sql: str
    parameters: tuple[Any, ...]

    def ask(self, cursor: Cursor, people: Sequence[UUID]) -> list[Any]:
        cursor.execute(self.sql, [setwise.ids(people) if each == PEOPLE else each for each in self.parameters])
        return cursor.fetchall()


@dataclass(frozen=True, kw_only=True)
class Signing:
    """The keys that sign a domain's mail in process: (selector, PEM) of each."""

    domain: str
    keys: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that a process needs to send one broadcast. Plain values, so that it can be passed on."""

    workspace_id: UUID
    source_id: UUID
    sender_id: UUID
    form: Form = field(repr=False)
    fields: tuple[str, ...]
    """Merge fields that `people` gives after id, address, first and last name."""
    people: Question
    """Who of some contacts may get it now, with what is said to each."""
    facts: Mapping[int, Question] = field(default_factory=dict)
    """For each condition in the mail, by its place, which of some contacts it holds for."""
    own: Question | None = None
    """What the business's own fields say, where the mail asks for any; rows as `own_words` has them."""
    own_words: OwnWords | None = None
    return_domain: str = ""
    """Takes bounces in; empty where nobody does, and they go to the visible sender."""
    signing: Signing | None = None
    """None where the mail server signs, or nobody."""

    @property
    def path(self) -> ReturnPath:
        return ReturnPath(self.workspace_id, domain=self.return_domain, otherwise=self.form.sender)

    def to_json(self) -> dict[str, Any]:
        return {
            "workspace_id": self.workspace_id.hex,
            "source_id": self.source_id.hex,
            "sender_id": self.sender_id.hex,
            "form": form_to_json(self.form),
            "fields": self.fields,
            "people": [self.people.sql, self.people.parameters],
            "facts": {place: [asked.sql, asked.parameters] for place, asked in self.facts.items()},
            "own": [self.own.sql, self.own.parameters] if self.own else None,
            "own_words": self.own_words.to_json() if self.own_words else None,
            "return_domain": self.return_domain,
            "signing": [self.signing.domain, self.signing.keys] if self.signing else None,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Plan:
        return cls(
            workspace_id=UUID(value["workspace_id"]),
            source_id=UUID(value["source_id"]),
            sender_id=UUID(value["sender_id"]),
            form=form_from_json(value["form"]),
            fields=tuple(value["fields"]),
            people=Question(value["people"][0], tuple(value["people"][1])),
            facts={int(place): Question(sql, tuple(given)) for place, (sql, given) in value["facts"].items()},
            own=Question(value["own"][0], tuple(value["own"][1])) if value["own"] else None,
            own_words=OwnWords.from_json(value["own_words"]) if value["own_words"] else None,
            return_domain=value["return_domain"],
            signing=_signing(value["signing"]),
        )


def signer_of(signing: Signing | None) -> MessageSigner | None:
    """What signs a plan's messages. Raises ValueError for what is no key."""
    if signing is None:
        return None
    # Loaded only where something is to be signed: the libraries that it needs take memory of their own.
    from plainsail.mail.services import dkim

    return dkim.signer(signing.domain, signing.keys)


def _signing(value: Sequence[Any] | None) -> Signing | None:
    if value is None:
        return None
    domain, keys = value
    return Signing(domain=domain, keys=tuple((selector, pem) for selector, pem in keys))


@dataclass
class Chunk:
    """Rows under one claim: those with somebody to write to, and facts about the others."""

    id: UUID
    until: datetime
    journal: Journal
    rows: dict[UUID, Claimed]
    recipients: list[Recipient] = field(default_factory=list)
    settled: list[Fact] = field(default_factory=list)
    providers: dict[UUID, str] = field(default_factory=dict)
    """Row to mailbox provider, of those with somebody to write to."""


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
        self.size = FIRST_CHUNK
        self._executor = executor or _AtOnce()
        self._is_ahead = executor is not None
        self.waits_until: datetime | None = None
        self._asked: Future[bool] | None = None
        self._asked_at = now()
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
                with meter.chunk(len(chunk.recipients)) if meter else nullcontext():
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

    def _may_begin(self, chunk: Chunk) -> bool:
        """Asked before each message. Once a second it looks whether somebody paused or stopped the broadcast."""
        now = self.now()
        if self._asked is not None and self._asked.done():
            self._may_go_on, self._asked = self._asked.result(), None
        elif self._asked is None and now - self._asked_at > LOOK_EVERY:
            self._asked_at, self._asked = now, self._executor.submit(self._is_going)
        return self._may_go_on and chunk.until - now > ENOUGH

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
                chunk = Chunk(claim_id, until, journal, {row.id: row for row in taken})
                self._sort(cursor, chunk)
        if not taken:
            journal.drop()
            return None
        return chunk

    def _sort(self, cursor: Cursor, chunk: Chunk) -> None:
        by_contact = {row.contact_id: row.id for row in chunk.rows.values() if row.contact_id is not None}
        found = self.plan.people.ask(cursor, list(by_contact))
        holds = {
            place: {contact_id for (contact_id,) in asked.ask(cursor, list(by_contact))}
            for place, asked in self.plan.facts.items()
        }
        own: dict[UUID, dict[str, str]] = {}
        if self.plan.own is not None and self.plan.own_words is not None:
            own = self.plan.own_words.of(self.plan.own.ask(cursor, list(by_contact)))
        for contact_id, address, first_name, last_name, *values in found:
            row_id = by_contact.pop(contact_id)
            bare = lines.envelope(address)
            if bare is None:
                chunk.settled.append(Fact(delivery_id=row_id, state="failed", cause="unmailable"))
                continue
            facts = frozenset(place for place, who in holds.items() if contact_id in who)
            said = {name: str(value or "") for name, value in zip(self.plan.fields, values, strict=True)}
            said |= own.get(contact_id, {})
            chunk.recipients.append(
                self._recipient((row_id, contact_id), bare, (first_name, last_name), said, facts=facts)
            )
        self._hold_back(cursor, chunk)
        refused: dict[UUID, UUID | None] = {row_id: contact_id for contact_id, row_id in by_contact.items()}
        refused |= {row.id: None for row in chunk.rows.values() if row.contact_id is None}
        if refused:
            chunk.settled += rows.left_out(cursor, self.plan.workspace_id, refused)

    def _hold_back(self, cursor: Cursor, chunk: Chunk) -> None:
        """Messages to providers that take no more of us now wait until they do."""
        plan, at = self.plan, self.now()
        domains = {each.delivery_id: each.address.rpartition("@")[2].lower() for each in chunk.recipients}
        known = buckets.providers(cursor, plan.workspace_id, domains.values())
        chunk.providers = {row_id: known[domain] for row_id, domain in domains.items()}
        held = buckets.held_back(cursor, plan.workspace_id, plan.sender_id, chunk.providers, at=at)
        if held:
            chunk.recipients = [each for each in chunk.recipients if each.delivery_id not in held]
            chunk.settled += [Fact(delivery_id=row, state="queued", due_at=due_at) for row, due_at in held.items()]

    def _recipient(
        self,
        ids: tuple[UUID, UUID],
        address: str,
        names: tuple[str, str],
        said: Mapping[str, str],
        *,
        facts: frozenset[int],
    ) -> Recipient:
        form, plan = self.plan.form, self.plan
        (row_id, contact_id), (first_name, last_name) = ids, names
        name = f"{first_name} {last_name}".strip()
        unsubscribe = link_tokens.unsubscribe(plan.workspace_id, contact_id, form.list_id)
        url = f"{form.site}/unsubscribe/{unsubscribe}/"
        return Recipient(
            delivery_id=row_id,
            contact_id=contact_id,
            name=name,
            address=address,
            values={
                "first_name": first_name,
                "last_name": last_name,
                "name": name,
                "email": address,
                **said,
            },
            unsubscribe_url=url,
            preferences_url=f"{form.site}/preferences/{link_tokens.preferences(plan.workspace_id, contact_id)}/",
            one_click_url=url,
            facts=facts,
        )

    def hand_over(self, chunk: Chunk) -> bool:
        """Talk to the server. False where it takes nothing more now."""
        record = _Record(chunk, self.now)
        try:
            self.pool.hand_over(self._parcels(chunk, record), record, may_begin=lambda: self._may_begin(chunk))
        except Unreachable as error:
            logger.warning("the mail server is away", extra={"reason": str(error)})
            self._give_back(chunk, record, str(error))
            return False
        self._give_back(chunk, record, "")
        return not self.pool.is_refused and not self.pool.is_in_trouble

    def _parcels(self, chunk: Chunk, record: _Record) -> Iterator[Parcel]:
        form, at = self.plan.form, self.now()
        for recipient in chunk.recipients:
            if record.strikes[chunk.providers[recipient.delivery_id]] >= buckets.ENOUGH_STRIKES:
                continue  # it asked to be left alone: the rest of its mail is given back untouched
            content = form.render(recipient, at=at, signer=self.signer)
            yield Parcel(recipient.delivery_id, self.path.of(recipient.delivery_id), recipient.address, content)

    def _give_back(self, chunk: Chunk, record: _Record, reason: str) -> None:
        """What was not begun: somebody else may take it at once, or, with a reason, when the server had time to mend."""
        at = self.now()
        known = record.known | {fact.delivery_id for fact in chunk.settled}
        for row in chunk.rows.values():
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
    causes = {fact.delivery_id: fact for fact in facts if fact.cause}
    with store.transaction() as cursor:
        moved = rows.write(cursor, plan.workspace_id, chunk.id, facts, at=at)
        rows.book(cursor, plan.workspace_id, ((source, before, after) for _row, source, before, after, _who in moved))
        buckets.keep_to(cursor, plan.workspace_id, plan.sender_id, chunk.providers, facts, at=at)
        rows.measure(cursor, plan.workspace_id, plan.source_id, at=at)
        if sent := {who: at for _row, _source, _before, after, who in moved if after == "accepted" and who}:
            setwise.note(cursor, plan.workspace_id, "sent", sent)
        dead = [who for row, *_moves, who in moved if who and row in causes and causes[row].cause == Cause.HARD]
        if dead:
            setwise.bounced(cursor, plan.workspace_id, dead, at=at)
        refusals = [fact for fact in causes.values() if fact.cause == Cause.SENDER_REPUTATION]
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
        self.known: set[UUID] = set()
        self.strikes: Counter[str] = Counter()

    def intend(self, delivery_id: UUID) -> None:
        self.chunk.journal.intend(delivery_id)

    def flush(self) -> None:
        self.chunk.journal.flush()

    def answer(self, parcel: Parcel, answer: Answer) -> None:
        row = self.chunk.rows[parcel.delivery_id]
        fact = rows.fact_of(row.id, answer, since=row.put_off_since, may_repeat=False, at=self.now())
        self.chunk.journal.note(row.id, fact.state, fact.cause, fact.reply)
        self.facts.append(fact)
        self.known.add(row.id)
        if fact.state == "queued" and buckets.wants_less(fact.reply):
            self.strikes[self.chunk.providers[row.id]] += 1
