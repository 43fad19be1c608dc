"""The engine: takes what waits of one source, hands it over, and writes down what became of it.

Claim and commit; talk to the server; settle and commit. A worker may be killed anywhere: what it had committed as being
handed over becomes uncertain, everything else is picked up by another.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from plainsail.contacts.models import List
from plainsail.kernel import clock, due, environment
from plainsail.kernel.ids import new_id
from plainsail.kernel.jobs import job
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.mail.models import Broadcast, Carrier, Delivery, Stream
from plainsail.mail.services import (
    bodies,
    books,
    branches,
    carriers,
    dkim,
    headers,
    launching,
    ledger,
    messages,
    origins,
    people,
    planning,
    recovery,
    restraint,
    return_paths,
    returns,
    rows,
    senders,
    signing,
)
from plainsail.mail.services.bulk import ENOUGH, End
from plainsail.mail.services.compiling import Compiled, Recipient
from plainsail.mail.services.journal import Journal
from plainsail.mail.services.launching import Course
from plainsail.mail.services.ledger import Claim, Outcome
from plainsail.mail.services.pipelines import Parcel, Pool
from plainsail.mail.services.plans import Plan
from plainsail.mail.services.replies import Cause
from plainsail.mail.services.restraint import Leave
from plainsail.mail.services.smtp import Answer, Server, Unreachable, stuffed

if TYPE_CHECKING:
    from plainsail.mail.services.carrying import CarrierPool

logger = logging.getLogger("plainsail.mail")

WAITING = "mail.waiting"
SLICE = timedelta(seconds=20)
"""After this long a worker makes room for other jobs and queues itself again."""
SAFETY = timedelta(minutes=5)
ENOUGH_REFUSALS = 3
"""Refusals of the sender itself, one after the other, until it is paused: one may be a single picky server."""

CARRIED_AT_ONCE = 8
"""Requests to a mail service under way: an answer takes a tenth of a second, and services mind no more than some."""

State = Delivery.State


@dataclass(frozen=True)
class Letter:
    """A message to hand over: `write` makes its bytes, outside any transaction."""

    delivery: Delivery
    sender: str
    to: str
    write: Callable[[datetime], bytes]
    signer: dkim.Signer | None = None


@dataclass(frozen=True)
class Work:
    """A batch that this worker holds: letters to hand over."""

    claim: Claim
    letters: list[Letter]
    leave: Leave = restraint.FREE
    providers: Mapping[UUID, str] = field(default_factory=dict)
    """Row to mailbox provider, where the sender's limits are kept."""


def wake(source_id: UUID, *, at: datetime) -> None:
    """Have a worker hand over what waits of a source, right after the commit."""
    send.once(f"mail:{source_id}:0", source_id=source_id, lane=0)
    due.schedule(WAITING, at + SAFETY)


def wake_lanes(source_id: UUID, *, at: datetime) -> None:
    """The same for a broadcast: by a process on each core, in turn with whatever else is sent to many."""
    for lane in range(lanes()):
        send.in_turn(f"mail:{source_id}:{lane}", turn=f"mail.lane:{lane}", source_id=source_id, lane=lane)
    due.schedule(WAITING, at + SAFETY)


def lanes() -> int:
    """How many processes send to many at a time: PLAINSAIL_SENDERS, else one for each core."""
    given = os.environ.get("PLAINSAIL_SENDERS", "")
    return max(1, int(given)) if given.isdigit() else os.cpu_count() or 1


@job("mail.send")
@outside_transaction
def send(*, workspace_id: UUID, source_id: UUID, lane: int = 0) -> None:
    """Hand over what waits of one source until nothing is left or the time is up."""
    recovery.recover(at=clock.now())
    began = clock.now()
    until = began + SLICE
    with workspace(workspace_id):
        broadcast = Broadcast.objects.select_related("list", "edition").filter(id=source_id).first()
        plan = _plan(broadcast, at=clock.now()) if broadcast is not None else None
        carrier = carriers.of_source(source_id)
    if plan is not None:
        course = _send_many(plan, carrier, until=until)
        with workspace(workspace_id):
            returns.hear_softs(source_id, since=began, at=clock.now())
            senders.tell_if_paused(books.sender_of(source_id), since=began)
    else:
        course = _send_owed(workspace_id, source_id, carrier, until=until) if broadcast is None else Course(End.DONE)
    with workspace(workspace_id):
        if course.waits_until is not None:
            due.schedule(WAITING, course.waits_until)
            return
        if course.end == End.TIME_UP:
            _again(source_id, lane, is_broadcast=broadcast is not None)
            return
        books.close_if_done(source_id, at=clock.now())
        _wait_for_the_rest(source_id, at=clock.now())


def _plan(broadcast: Broadcast, *, at: datetime) -> Plan | None:
    """How it is sent; None while nothing of it may leave, or nothing waits."""
    waiting = Delivery.objects.filter(source_id=broadcast.id, state=State.QUEUED, due_at__lte=at)
    if broadcast.state != Broadcast.State.SENDING or not waiting.exists():
        return None
    return planning.plan(broadcast, at=at)


def _again(source_id: UUID, lane: int, *, is_broadcast: bool) -> None:
    if is_broadcast:
        send.in_turn(f"mail:{source_id}:{lane}", turn=f"mail.lane:{lane}", source_id=source_id, lane=lane)
    else:
        send.once(f"mail:{source_id}:{lane}", source_id=source_id, lane=lane)


def _send_many(plan: Plan, carrier: Carrier | None, *, until: datetime) -> Course:
    if carrier is None:
        return launching.run(plan, until=until)
    with _carried(carrier, connections=CARRIED_AT_ONCE) as pool:
        return launching.run_carried(plan, pool, until=until)


@contextmanager
def _carried(carrier: Carrier, *, connections: int) -> Iterator[CarrierPool]:
    """Connections to a mail service; what it says when it takes nothing is noted afterwards, or that it does again."""
    # Loaded only where something goes through a service: an HTTP client takes memory of its own.
    from plainsail.mail.services.carrying import CarrierPool

    pool = CarrierPool(carrier, connections=connections)
    try:
        yield pool
    finally:
        pool.close()
        with workspace(carrier.workspace_id):
            carriers.note_trouble(carrier.id, pool.trouble)


@contextmanager
def _connected(carrier: Carrier | None) -> Iterator[Pool | CarrierPool]:
    if carrier is not None:
        with _carried(carrier, connections=1) as carried:
            yield carried
        return
    pool = Pool(Server.from_url(environment.current().smtp_url), connections=1)
    try:
        yield pool
    finally:
        pool.close()


def _send_owed(workspace_id: UUID, source_id: UUID, carrier: Carrier | None, *, until: datetime) -> Course:
    """What is not a broadcast goes over one connection, a few messages a claim."""
    editions: Editions = {}
    with _connected(carrier) as pool:
        while clock.now() < until:
            claim_id = new_id()
            journal = Journal.begin(workspace_id=workspace_id, claim=claim_id)
            with workspace(workspace_id):
                leave = restraint.ask(source_id, at=clock.now())
                work = _take_within(leave, source_id, at=clock.now(), editions=editions, claim_id=claim_id)
            if work is None:
                journal.drop()
                return Course(End.DONE) if leave.until is None else Course(End.LIMITED, leave.until)
            settle(workspace_id, work, _hand_over(pool, work, journal))
            journal.drop()
            if pool.is_refused or pool.is_in_trouble:
                return Course(End.TROUBLE)
    return Course(End.TIME_UP)


def _take_within(leave: Leave, source_id: UUID, *, at: datetime, editions: Editions, claim_id: UUID) -> Work | None:
    """As many as there is leave for, without those whose provider takes no more now. In one transaction."""
    if not leave.many:
        return None
    work = take(source_id, at=at, editions=editions, claim_id=claim_id, limit=leave.many)
    restraint.give_back(leave, used=len(work.claim.deliveries) if work else 0, at=at)
    if work is None:
        return None
    addresses = {letter.delivery.id: letter.to for letter in work.letters}
    providers, waiting = restraint.hold_back(leave, addresses, at=at)
    ledger.settle(work.claim.id, waiting, at=at)
    held = {outcome.delivery_id for outcome in waiting}
    return Work(work.claim, [each for each in work.letters if each.delivery.id not in held], leave, providers)


def _hand_over(pool: Pool | CarrierPool, work: Work, journal: Journal) -> list[Outcome]:
    """Talk to the server, message by message. What it did not come to is given back untouched."""
    record = _Record(journal, {letter.delivery.id: letter.delivery for letter in work.letters})
    may_begin = lambda: work.claim.leased_until - clock.now() > ENOUGH  # noqa: E731
    away = ""
    try:
        if work.letters:
            pool.hand_over(_parcels(work.letters, record), record, may_begin=may_begin)
    except Unreachable as error:
        logger.warning("the mail server is away", extra={"reason": str(error)})
        away = str(error)
        pool.troubles = pool.patience
    at = clock.now()
    known = {outcome.delivery_id for outcome in record.outcomes}
    for letter in work.letters:
        if letter.delivery.id not in known:
            rest = ledger.put_off(letter.delivery, away, at=at) if away else ledger.give_back(letter.delivery, at=at)
            record.outcomes.append(rest)
    return record.outcomes


class _Record:
    """Answers, in the journal at once and as outcomes for the ledger."""

    def __init__(self, journal: Journal, deliveries: dict[UUID, Delivery]) -> None:
        self.journal = journal
        self.deliveries = deliveries
        self.outcomes: list[Outcome] = []

    def intend(self, delivery_id: UUID) -> None:
        self.journal.intend(delivery_id)

    def answer(self, parcel: Parcel, answer: Answer) -> None:
        outcome = outcome_of(self.deliveries[parcel.delivery_id], answer, at=clock.now())
        self.journal.note(outcome.delivery_id, outcome.state, outcome.cause, outcome.reply)
        self.outcomes.append(outcome)

    def flush(self) -> None:
        self.journal.flush()


def _parcels(letters: list[Letter], record: _Record) -> Iterator[Parcel]:
    for letter in letters:
        content = _written(letter, at=clock.now())
        if content is None:
            unwritable = Outcome(delivery_id=letter.delivery.id, state=State.FAILED, cause="unwritable")
            record.outcomes.append(unwritable)
        else:
            yield Parcel(letter.delivery.id, letter.sender, letter.to, stuffed(content))


def _written(letter: Letter, *, at: datetime) -> bytes | None:
    """The message's bytes; None where its parts can't be put together, which no further attempt would mend."""
    try:
        content = letter.write(at)
        return letter.signer.sign(content, at=at) if letter.signer else content
    except (ValueError, LookupError):  # UnicodeError is a ValueError; the email package raises both for odd input
        logger.exception("a message can't be written", extra={"delivery": str(letter.delivery.id)})
        return None


def outcome_of(delivery: Delivery, answer: Answer, *, at: datetime) -> Outcome:
    """What a server's answer means in the ledger."""
    may_repeat = delivery.when_uncertain == Delivery.WhenUncertain.RESEND
    since = delivery.put_off_since
    return Outcome.of(rows.fact_of(delivery.id, answer, since=since, may_repeat=may_repeat, at=at))


def settle(workspace_id: UUID, work: Work, outcomes: list[Outcome]) -> None:
    """Write a batch's outcomes, and act on refusals: a dead address is suppressed, a refused sender is paused."""
    at = clock.now()
    by_id = {letter.delivery.id: letter.delivery for letter in work.letters}
    with workspace(workspace_id):
        ledger.settle(work.claim.id, outcomes, at=at)
        restraint.learn(work.leave, work.providers, outcomes, at=at)
        for outcome in outcomes:
            if outcome.cause == Cause.HARD:
                people.suppress(by_id[outcome.delivery_id], at=at)
            elif outcome.cause == Cause.SOFT_RECIPIENT:
                returns.hear_soft(by_id[outcome.delivery_id], at=at)
        _pause_if_refused([outcome for outcome in outcomes if outcome.cause == Cause.SENDER_REPUTATION], by_id, at=at)


def _pause_if_refused(refusals: list[Outcome], by_id: dict[UUID, Delivery], *, at: datetime) -> None:
    """Servers refuse the sender again and again: more mail would only make it worse."""
    if len(refusals) < ENOUGH_REFUSALS:
        return
    delivery = by_id[refusals[-1].delivery_id]
    if delivery.stream == Stream.MARKETING:
        senders.pause(books.sender_of(delivery.source_id), reason=refusals[-1].reply, at=at)


Editions = dict[tuple[UUID, UUID | None], Compiled]
"""Compiled mails by edition and list, kept from batch to batch."""


def take(
    source_id: UUID,
    *,
    at: datetime,
    editions: Editions | None = None,
    claim_id: UUID | None = None,
    limit: int = ledger.BATCH,
) -> Work | None:
    """Claim a batch of a source and settle what may not go out. None where nothing waits, or nothing may leave now."""
    broadcast = Broadcast.objects.select_related("sender").filter(id=source_id).first()
    if broadcast is not None and broadcast.state != Broadcast.State.SENDING:
        return None
    sender = books.sender_of(source_id)
    if sender.is_paused and Delivery.objects.filter(source_id=source_id, stream=Stream.MARKETING).exists():
        return None
    claim = ledger.claim(source_id, at=at, claim_id=claim_id, limit=limit)
    if not claim.deliveries:
        return None
    business = origins.business()
    letters, outcomes = _letters(claim, business, {} if editions is None else editions)
    ledger.settle(claim.id, outcomes, at=at)
    return Work(claim, letters)


def _letters(claim: Claim, business: Workspace, editions: Editions) -> tuple[list[Letter], list[Outcome]]:
    marketing = [each for each in claim.deliveries if each.stream == Stream.MARKETING]
    owed = [each for each in claim.deliveries if each.stream == Stream.TRANSACTIONAL]
    letters, outcomes = _owed_letters(owed, business)
    if marketing:
        found = people.sort(marketing, business=business)
        paths: dict[str, return_paths.ReturnPath] = {}
        signers: dict[str, dkim.Signer | None] = {}
        outcomes += found.outcomes
        ready = [(each, found.recipients[each.id]) for each in marketing if each.id in found.recipients]
        texts = {delivery.id: _compiled(delivery, business, editions) for delivery, _recipient in ready}
        for delivery, recipient in _told_apart(ready, texts, at=clock.now()):
            compiled = texts[delivery.id]
            address = compiled.origin.address
            if address not in paths:
                paths[address] = return_paths.of_sender(business.id, address)
                signers[address] = signing.of_sender(address)
            write = _Filled(compiled, recipient)
            letters.append(Letter(delivery, paths[address].of(delivery.id), recipient.address, write, signers[address]))
    return letters, outcomes


def _told_apart(
    ready: list[tuple[Delivery, Recipient]], texts: dict[UUID, Compiled], *, at: datetime
) -> Iterator[tuple[Delivery, Recipient]]:
    """Each recipient with the conditions that hold for them: one statement for each condition of each mail."""
    by_text: dict[int, list[tuple[Delivery, Recipient]]] = {}
    for delivery, recipient in ready:
        by_text.setdefault(id(texts[delivery.id]), []).append((delivery, recipient))
    for group in by_text.values():
        conditions = texts[group[0][0].id].conditions
        facts = branches.facts_of(conditions, [recipient.contact_id for _delivery, recipient in group], at=at)
        for delivery, recipient in group:
            yield delivery, replace(recipient, facts=facts[recipient.contact_id]) if conditions else recipient


@dataclass(frozen=True)
class _Filled:
    """A compiled mail with the person it is for."""

    compiled: Compiled
    recipient: Recipient

    def __call__(self, at: datetime) -> bytes:
        return self.compiled.render(self.recipient, at=at)


def _compiled(delivery: Delivery, business: Workspace, editions: Editions) -> Compiled:
    """The mail of a marketing message, compiled once for all of its batches."""
    edition = delivery.edition
    assert edition is not None, "marketing messages have an edition"
    key = (edition.id, delivery.list_id)
    if key not in editions:
        topic = List.objects.filter(id=delivery.list_id).first() if delivery.list_id else None
        sender = books.sender_of(delivery.source_id)
        origin = origins.origin(business, sender, source_id=delivery.source_id, topic=topic)
        editions[key] = origins.compile_written(edition, origin, language=business.locale)
    return editions[key]


def _owed_letters(deliveries: list[Delivery], business: Workspace) -> tuple[list[Letter], list[Outcome]]:
    if not deliveries:
        return [], []
    against = people.dead_addresses(each.address for each in deliveries)
    sender = senders.default()
    path = return_paths.of_sender(business.id, headers.address(sender.address))
    signer = signing.of_sender(sender.address)
    letters: list[Letter] = []
    outcomes: list[Outcome] = []
    for delivery in deliveries:
        if delivery.address in against:
            outcomes.append(Outcome(delivery_id=delivery.id, state=State.SUPPRESSED, cause="suppressed"))
            continue
        body = bodies.find(delivery)
        if body is None:
            outcomes.append(Outcome(delivery_id=delivery.id, state=State.FAILED, cause="unreadable"))
            continue
        write = _Owed(body, sender.name, sender.address, sender.reply_to, delivery, business.id)
        letters.append(Letter(delivery, path.of(delivery.id), delivery.address, write, signer))
    return letters, outcomes


@dataclass(frozen=True)
class _Owed:
    """A transactional message with where it comes from and goes to."""

    body: bodies.Body
    name: str
    address: str
    reply_to: str
    delivery: Delivery
    workspace_id: UUID

    def __call__(self, at: datetime) -> bytes:
        return messages.build(
            self.body,
            sender=(self.name, self.address),
            to=self.delivery.address,
            row_id=self.delivery.id,
            at=at,
            reply_to=self.reply_to,
            extra={
                "X-Plainsail-Workspace": str(self.workspace_id),
                return_paths.HEADER: return_paths.marked(self.workspace_id, self.delivery.id, self.address),
            },
        )


def _wait_for_the_rest(source_id: UUID, *, at: datetime) -> None:
    """What was put off is looked at again when its time has come."""
    waiting = Delivery.objects.filter(source_id=source_id, state=State.QUEUED)
    following = waiting.order_by("due_at").values_list("due_at", flat=True).first()
    if following is not None:
        due.schedule(WAITING, max(following, at + timedelta(seconds=30)))


@due.runs(WAITING)
def send_waiting(*, at: datetime) -> datetime | None:
    """Wake every source that has messages whose time has come; returns when the next of those put off is due."""
    waiting = Delivery.objects.filter(state=State.QUEUED)
    for source_id in waiting.filter(due_at__lte=at).order_by().values_list("source_id", flat=True).distinct():
        if Broadcast.objects.filter(id=source_id).exists():
            wake_lanes(source_id, at=at)
        else:
            send.once(f"mail:{source_id}:0", source_id=source_id, lane=0)
    following: datetime | None = (
        waiting.filter(due_at__gt=at).order_by("due_at").values_list("due_at", flat=True).first()
    )
    return following


@due.runs(ledger.LEASES)
def look_at_leases(*, at: datetime) -> datetime | None:
    """Rows that a lost worker left behind become uncertain, or wait again; returns when the next lease ends."""
    if ledger.expire(at=at):
        due.schedule(WAITING, at)
        for source_id in _sources_under_way():
            books.close_if_done(source_id, at=at)
    following: datetime | None = (
        Delivery.objects.filter(state=State.HANDING_OVER)
        .order_by("leased_until")
        .values_list("leased_until", flat=True)
        .first()
    )
    return following + timedelta(seconds=1) if following else None


def _sources_under_way() -> Iterator[UUID]:
    yield from Broadcast.objects.filter(state__in=books.UNDER_WAY).order_by("id").values_list("id", flat=True)
