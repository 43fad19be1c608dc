"""The engine: takes what waits of one source, hands it over, and writes down what became of it.

Claim and commit; talk to the server; settle and commit. A worker may be killed anywhere: what it had committed as being
handed over becomes uncertain, everything else is picked up by another.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from plainsail.contacts.models import List
from plainsail.kernel import clock, due, environment
from plainsail.kernel.jobs import job
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.mail.models import Broadcast, Delivery, Stream
from plainsail.mail.services import (
    bodies,
    books,
    dkim,
    headers,
    ledger,
    messages,
    origins,
    people,
    return_paths,
    returns,
    senders,
    signing,
)
from plainsail.mail.services.compiling import Compiled, Recipient
from plainsail.mail.services.ledger import Claim, Outcome
from plainsail.mail.services.replies import Cause
from plainsail.mail.services.smtp import TIMEOUT, Answer, Conversation, Fate, Server, Unreachable

logger = logging.getLogger("plainsail.mail")

WAITING = "mail.waiting"
SLICE = timedelta(seconds=20)
"""After this long a worker makes room for other jobs and queues itself again."""
PER_CONNECTION = 100
SAFETY = timedelta(minutes=5)
ENOUGH = timedelta(seconds=2 * TIMEOUT)
"""What must be left of a lease to begin another message."""
ENOUGH_REFUSALS = 3
"""Refusals of the sender itself, one after the other, until it is paused: one may be a single picky server."""

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


def wake(source_id: UUID, *, at: datetime, lanes: int = 1) -> None:
    """Have workers hand over what waits of a source, up to `lanes` of them side by side, right after the commit."""
    for lane in range(lanes):
        send.once(f"mail:{source_id}:{lane}", source_id=source_id, lane=lane)
    due.schedule(WAITING, at + SAFETY)


@job("mail.send")
@outside_transaction
def send(*, workspace_id: UUID, source_id: UUID, lane: int = 0) -> None:
    """Hand over what waits of one source until nothing is left or the time is up."""
    until = clock.now() + SLICE
    while True:
        went_well, more = _converse(workspace_id, source_id, until=until)
        if not (went_well and more):
            break
        if clock.now() >= until:
            with workspace(workspace_id):
                send.once(f"mail:{source_id}:{lane}", source_id=source_id, lane=lane)
            return
    with workspace(workspace_id):
        books.close_if_done(source_id, at=clock.now())
        _wait_for_the_rest(source_id, at=clock.now())


def _converse(workspace_id: UUID, source_id: UUID, *, until: datetime) -> tuple[bool, bool]:
    """One connection's worth of messages. Returns whether the server could be talked to, and whether more may wait."""
    conversation: Conversation | None = None
    editions: Editions = {}
    handed = 0
    try:
        while handed < PER_CONNECTION and clock.now() < until:
            with workspace(workspace_id):
                work = take(source_id, at=clock.now(), editions=editions)
            if work is None:
                return True, False
            if conversation is None and work.letters:
                conversation = _open(work, workspace_id)
                if conversation is None:
                    return False, True
            outcomes, is_broken = _hand_over(conversation, work) if conversation else ([], False)
            settle(workspace_id, work, outcomes)
            handed += len(work.letters)
            if is_broken:
                return False, True
        return True, True
    finally:
        if conversation is not None:
            conversation.close()


def _open(work: Work, workspace_id: UUID) -> Conversation | None:
    """A connection, or None when the server is away: what was claimed for it waits again."""
    try:
        return Conversation.open(Server.from_url(environment.current().smtp_url))
    except Unreachable as error:
        logger.warning("the mail server is away", extra={"reason": str(error)})
        at = clock.now()
        settle(workspace_id, work, [ledger.put_off(letter.delivery, str(error), at=at) for letter in work.letters])
        return None


def _hand_over(conversation: Conversation, work: Work) -> tuple[list[Outcome], bool]:
    """Talk to the server, message by message. True where it was broken off and the rest was given back untouched."""
    outcomes: list[Outcome] = []
    refused_in_a_row = 0
    for place, letter in enumerate(work.letters):
        at = clock.now()
        rest = work.letters[place:]
        if work.claim.leased_until - at < ENOUGH or refused_in_a_row == ENOUGH_REFUSALS:
            return outcomes + [ledger.give_back(each.delivery, at=at) for each in rest], True
        content = _written(letter, at=at)
        if content is None:
            outcomes.append(Outcome(delivery_id=letter.delivery.id, state=State.FAILED, cause="unwritable"))
            continue
        try:
            answer = conversation.hand_over(content, sender=letter.sender, to=letter.to)
        except Unreachable as error:
            return outcomes + [ledger.put_off(each.delivery, str(error), at=at) for each in rest], True
        refused_in_a_row = refused_in_a_row + 1 if answer.cause == Cause.SENDER_REPUTATION else 0
        outcomes.append(outcome_of(letter.delivery, answer, at=at))
    return outcomes, False


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
    if answer.fate == Fate.ACCEPTED:
        return Outcome(delivery_id=delivery.id, state=State.ACCEPTED, reply=answer.reply)
    if answer.fate == Fate.PUT_OFF:
        return ledger.put_off(delivery, answer.reply, at=at)
    if answer.fate == Fate.REFUSED:
        cause = answer.cause or Cause.MESSAGE_FAULT
        return Outcome(delivery_id=delivery.id, state=State.FAILED, cause=cause.value, reply=answer.reply)
    if delivery.when_uncertain == Delivery.WhenUncertain.RESEND:
        return ledger.put_off(delivery, answer.reply, at=at)
    return Outcome(delivery_id=delivery.id, state=State.UNCERTAIN, cause="no_answer", reply=answer.reply)


def settle(workspace_id: UUID, work: Work, outcomes: list[Outcome]) -> None:
    """Write a batch's outcomes, and act on refusals: a dead address is suppressed, a refused sender is paused."""
    at = clock.now()
    by_id = {letter.delivery.id: letter.delivery for letter in work.letters}
    with workspace(workspace_id):
        ledger.settle(work.claim.id, outcomes, at=at)
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


def take(source_id: UUID, *, at: datetime, editions: Editions | None = None) -> Work | None:
    """Claim a batch of a source and settle what may not go out. None where nothing waits, or nothing may leave now."""
    broadcast = Broadcast.objects.select_related("sender").filter(id=source_id).first()
    if broadcast is not None and broadcast.state != Broadcast.State.SENDING:
        return None
    sender = books.sender_of(source_id)
    if sender.is_paused and Delivery.objects.filter(source_id=source_id, stream=Stream.MARKETING).exists():
        return None
    claim = ledger.claim(source_id, at=at)
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
        for delivery in marketing:
            if recipient := found.recipients.get(delivery.id):
                compiled = _compiled(delivery, business, editions)
                write = _Filled(compiled, recipient)
                address = compiled.origin.address
                if address not in paths:
                    paths[address] = return_paths.of_sender(business.id, address)
                    signers[address] = signing.of_sender(address)
                letters.append(
                    Letter(delivery, paths[address].of(delivery.id), recipient.address, write, signers[address])
                )
    return letters, outcomes


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
    yield from Broadcast.objects.filter(state=Broadcast.State.SENDING).order_by("id").values_list("id", flat=True)
