"""One mail to many: chosen, checked, held for a minute, sent, stopped, complete."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.services.documents import Document
from plainsail.contacts.models import List, Segment
from plainsail.kernel import clock, due
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.jobs import job
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.mail.events import BroadcastHeld, BroadcastStarted, BroadcastStopped
from plainsail.mail.models import Broadcast, Delivery, Email, Sender
from plainsail.mail.services import (
    audience,
    books,
    checks,
    emails,
    exchanges,
    gate,
    ledger,
    origins,
    senders,
    sending,
    variants,
    zones,
)

DEPARTURES = "mail.departures"
HOLD = timedelta(seconds=60)
"""Between “Send now” and the first message: time to notice what one only sees afterwards."""
QUIET = timedelta(days=3)
"""How long people are given to look before a broadcast may be repeated to those who didn’t."""

State = Broadcast.State


class NotADraft(Refusal):
    """It is on its way or done; a copy can be changed."""

    code = "not_a_draft"
    message = _("This broadcast has left the drafts. Copy it to send something like it again.")


class NotReady(Refusal):
    """A check that must pass doesn’t; the message says which."""

    code = "not_ready"
    status = 422


class InThePast(Refusal):
    """A time was chosen that is over."""

    code = "in_the_past"
    message = _("That time is over. Choose a later one.")
    status = 422


class NothingToPause(Refusal):
    """Nothing of it is leaving."""

    code = "nothing_to_pause"
    message = _("There is nothing to pause: nothing of this broadcast is leaving right now.")


class NotPaused(Refusal):
    """It goes on already, or is over."""

    code = "not_paused"
    message = _("This broadcast is not paused.")


class TooSoonToRepeat(Refusal):
    """Not sent yet, not long enough ago, repeated once already, or itself a repetition."""

    code = "too_soon_to_repeat"
    message = _("It can be sent again once, to those who neither opened nor clicked, three days after it was sent.")


class NothingToStop(Refusal):
    """It has not started, or it is over."""

    code = "nothing_to_stop"
    message = _("There is nothing to stop: this broadcast is not on its way.")


@transaction.atomic
def create(
    document: Document, *, subject: str, at: datetime, topic: List | None = None, preheader: str = ""
) -> Broadcast:
    """A draft that starts from a document."""
    email = emails.create(document, subject=subject, preheader=preheader, at=at)
    made: Broadcast = Broadcast.objects.create(email=email, list=topic, sender=senders.default(), edited_at=at)
    return made


@transaction.atomic
def create_from(template: Email, *, topic: List | None, at: datetime) -> Broadcast:
    """A draft that says what one of the business's own templates says."""
    email = emails.copy(template, at=at)
    made: Broadcast = Broadcast.objects.create(email=email, list=topic, sender=senders.default(), edited_at=at)
    return made


@transaction.atomic
def address_to(
    broadcast: Broadcast, *, topic: List, segment: Segment | None, sender: Sender, at: datetime
) -> Broadcast:
    """Choose who gets it and who writes. Raises NotADraft, BadSegment."""
    locked = _draft(broadcast)
    audience.people(topic, segment, at=at)
    locked.list, locked.segment, locked.sender, locked.edited_at = topic, segment, sender, at
    locked.save(update_fields=["list", "segment", "sender", "edited_at"])
    return locked


@transaction.atomic
def copy(broadcast: Broadcast, *, at: datetime) -> Broadcast:
    """A new draft that says the same to the same people."""
    # What won a test is what most people got.
    words = broadcast.edition.email if broadcast.decision and broadcast.edition else broadcast.email
    made: Broadcast = Broadcast.objects.create(
        email=emails.copy(words, at=at),
        list=broadcast.list,
        segment=broadcast.segment,
        sender=broadcast.sender,
        edited_at=at,
    )
    return made


@transaction.atomic
def delete(broadcast: Broadcast) -> None:
    """Throw a draft away. Raises NotADraft: what was sent stays on record."""
    locked = _draft(broadcast)
    email = locked.email
    locked.delete()
    email.delete()


@transaction.atomic
def send_now(broadcast: Broadcast, *, at: datetime) -> Broadcast:
    """Let it leave after the hold of a minute. Raises NotADraft, NotReady."""
    return _release(broadcast, State.HOLDING, at + HOLD, at=at)


@transaction.atomic
def schedule(broadcast: Broadcast, *, departs_at: datetime, at: datetime) -> Broadcast:
    """Let it leave at a chosen time. Raises NotADraft, NotReady, InThePast."""
    if departs_at <= at:
        raise InThePast(field="departs_at")
    return _release(broadcast, State.SCHEDULED, departs_at, at=at)


@transaction.atomic
def schedule_locally(broadcast: Broadcast, *, wall: datetime, when_passed: str, at: datetime) -> Broadcast:
    """Let it reach everybody at a time on their own clock. `wall` is that time, without a zone.

    People on whose clock it is over get it at once or on the next day, as `when_passed` says. Raises NotADraft, NotReady,
    InThePast where it is over for everybody.
    """
    locked = _draft(broadcast)
    if locked.is_test:
        raise NotReady(_("A test leaves at one time for everybody. Choose “Now” or “At a time I choose”."))
    next_day = when_passed == Broadcast.WhenPassed.NEXT_DAY
    found = None
    if locked.list is not None:
        home = origins.business().timezone
        # Nothing leaves within the hold, so what is over by its end is over.
        found = zones.spread(audience.of(locked, at=at), wall, home=home, at=at + HOLD, next_day=next_day)
    if found is not None and not found.ahead:
        raise InThePast(field="local_at")
    locked.local_at, locked.when_passed = wall.isoformat(timespec="minutes"), when_passed
    locked.save(update_fields=["local_at", "when_passed"])
    return _release(locked, State.SCHEDULED, found.first_at if found else at + HOLD, at=at)


def _release(broadcast: Broadcast, state: Broadcast.State, departs_at: datetime, *, at: datetime) -> Broadcast:
    locked = _draft(broadcast)
    if faults := [check for check in checks.review(locked, at=at) if check.is_blocking]:
        raise NotReady(faults[0].text)
    locked.edition = emails.freeze(locked.email)
    locked.state, locked.scheduled_at, locked.edited_at = state, departs_at, at
    if locked.is_test:
        # The rest waits for the winner, so it is scheduled even where the variants leave now.
        leaving = variants.release(locked, state=state, first_at=departs_at, at=at)
        for each in leaving:
            _leave(each.scheduled_at or departs_at, each.id)
        locked.state, departs_at = State.SCHEDULED, variants.decided_at(locked, leaving)
        locked.scheduled_at = departs_at
    locked.save(update_fields=["edition", "state", "scheduled_at", "edited_at"])
    _leave(departs_at, locked.id)
    return locked


def _leave(departs_at: datetime, *broadcast_ids: UUID) -> None:
    """The job is punctual, the timetable is patient: whichever comes first."""
    for broadcast_id in broadcast_ids:
        depart.later_at(departs_at, broadcast_id=broadcast_id)
    due.schedule(DEPARTURES, departs_at)


@transaction.atomic
def stop(broadcast: Broadcast, *, at: datetime) -> Broadcast:
    """Before the first message it becomes a draft again; later, whatever has not left by now never will.

    Raises NothingToStop.
    """
    locked: Broadcast = Broadcast.objects.select_for_update().get(id=broadcast.id)
    if locked.state in (State.SCHEDULED, State.HOLDING) or locked.is_held:
        if locked.is_test and variants.left(locked).exists():
            return _stop_test(locked, at=at)
        locked.state, locked.scheduled_at, locked.edition, locked.edited_at = State.DRAFT, None, None, at
        locked.local_at, locked.started_at = "", None
        locked.save(update_fields=["state", "scheduled_at", "edition", "local_at", "started_at", "edited_at"])
        variants.take_back(locked, at=at)
        return locked
    if locked.state not in (State.PREPARING, State.SENDING, State.PAUSED):
        raise NothingToStop
    locked.state, locked.finished_at = State.STOPPED, at
    locked.save(update_fields=["state", "finished_at"])
    ledger.leave_out_waiting(locked.id, cause="stopped", at=at)
    publish(BroadcastStopped(broadcast_id=locked.id, at=at))
    locked.refresh_from_db()
    return locked


def _stop_test(main: Broadcast, *, at: datetime) -> Broadcast:
    """Variants have left, so it is no draft any more: those under way are stopped, and the rest gets nothing."""
    for each in variants.listed(main):
        if each.can_be_stopped:
            stop(each, at=at)
    main.state, main.finished_at = State.STOPPED, at
    main.save(update_fields=["state", "finished_at"])
    publish(BroadcastStopped(broadcast_id=main.id, at=at))
    return main


def can_be_repeated(broadcast: Broadcast, *, at: datetime) -> bool:
    """Whether it may go once more to those who neither opened nor clicked."""
    return (
        broadcast.state == State.COMPLETE
        and broadcast.finished_at is not None
        and broadcast.finished_at <= at - QUIET
        and broadcast.resend_of_id is None
        and not broadcast.is_variant
        and not broadcast.resends.exists()
    )


@transaction.atomic
def repeat(broadcast: Broadcast, *, at: datetime) -> Broadcast:
    """A draft for those who neither opened nor clicked, to be given another subject. Once. Raises TooSoonToRepeat."""
    locked: Broadcast = Broadcast.objects.select_for_update().get(id=broadcast.id)
    if not can_be_repeated(locked, at=at):
        raise TooSoonToRepeat
    made = copy(locked, at=at)
    made.resend_of = locked
    made.save(update_fields=["resend_of"])
    return made


@transaction.atomic
def pause(broadcast: Broadcast, *, at: datetime) -> Broadcast:
    """Nothing more leaves until it goes on; what is being handed over this second still does. Raises NothingToPause."""
    locked: Broadcast = Broadcast.objects.select_for_update().get(id=broadcast.id)
    if not locked.can_be_paused:
        raise NothingToPause
    if locked.state == State.SENDING and locked.prepared_at is None:
        locked.prepared_at = at
    locked.state, locked.pace, locked.paced_at = State.PAUSED, None, None
    locked.save(update_fields=["state", "prepared_at", "pace", "paced_at"])
    return locked


@transaction.atomic
def go_on(broadcast: Broadcast, *, at: datetime) -> Broadcast:
    """Where it was paused: with writing down its audience, or with sending. Raises NotPaused."""
    locked: Broadcast = Broadcast.objects.select_for_update().get(id=broadcast.id)
    if not locked.is_paused:
        raise NotPaused
    if locked.is_held and (kept_by := gate.keepers(locked)):
        raise NotReady(kept_by[0])
    if locked.is_held and locked.is_variant:
        _decide_later(locked, at=at)
    locked.state = State.SENDING if locked.prepared_at else State.PREPARING
    locked.save(update_fields=["state"])
    if locked.prepared_at is None:
        prepare.later(broadcast_id=locked.id)
    elif not books.close_if_done(locked.id, at=at):
        sending.wake_lanes(locked.id, at=at)
    locked.refresh_from_db()
    return locked


def _decide_later(variant: Broadcast, *, at: datetime) -> None:
    """A variant that was held is given as long as the others were before the test is decided."""
    main = Broadcast.objects.select_for_update().filter(id=variant.test_of_id, state=State.SCHEDULED).first()
    if main is None or main.scheduled_at is None:
        return
    main.scheduled_at = max(main.scheduled_at, at + timedelta(hours=main.decide_after))
    main.save(update_fields=["scheduled_at"])
    _leave(main.scheduled_at, main.id)


@transaction.atomic
def resend_uncertain(broadcast: Broadcast, *, at: datetime) -> int:
    """A person accepts that some may get it twice: what is uncertain goes out again. Returns how many."""
    locked: Broadcast = Broadcast.objects.select_for_update().get(id=broadcast.id)
    if locked.state != State.COMPLETE:
        raise NothingToStop(_("This broadcast is not complete yet; wait until it is."))
    return _moved_on(locked, ledger.resend_uncertain(locked.id, at=at), at=at)


@transaction.atomic
def send_again(broadcast: Broadcast, delivery_ids: Collection[UUID], *, at: datetime) -> int:
    """A person decides that these uncertain messages go out again. Returns how many still were uncertain."""
    locked: Broadcast = Broadcast.objects.select_for_update().get(id=broadcast.id)
    return _moved_on(locked, ledger.resend_uncertain(locked.id, at=at, only=delivery_ids), at=at)


@transaction.atomic
def they_arrived(broadcast: Broadcast, delivery_ids: Collection[UUID], *, at: datetime) -> int:
    """A person knows that these uncertain messages did arrive. Returns how many still were uncertain."""
    locked: Broadcast = Broadcast.objects.select_for_update().get(id=broadcast.id)
    return ledger.resolve(locked.id, delivery_ids, state=Delivery.State.ACCEPTED, cause="said_by_person", at=at)


def _moved_on(broadcast: Broadcast, moved: int, *, at: datetime) -> int:
    if moved and broadcast.state in (State.COMPLETE, State.SENDING):
        Broadcast.objects.filter(id=broadcast.id).update(state=State.SENDING, finished_at=None)
        sending.wake_lanes(broadcast.id, at=at)
    return moved


@transaction.atomic
def resume_sender(broadcast: Broadcast, *, at: datetime) -> None:
    """The cause of a pause was mended: go on."""
    senders.resume(books.sender_of(broadcast.id), at=at)
    sending.wake_lanes(broadcast.id, at=at)


@job("mail.depart")
def depart(*, broadcast_id: UUID) -> None:
    """Start a broadcast whose time has come. Does nothing if it was stopped or moved meanwhile."""
    start(broadcast_id, at=clock.now())


@due.runs(DEPARTURES)
def depart_due(*, at: datetime) -> datetime | None:
    """Start every broadcast whose time has come; returns when the next one leaves."""
    waiting = Broadcast.objects.filter(state__in=(State.SCHEDULED, State.HOLDING))
    for broadcast_id in waiting.filter(scheduled_at__lte=at).order_by("scheduled_at").values_list("id", flat=True):
        start(broadcast_id, at=at)
    following: datetime | None = (
        waiting.filter(scheduled_at__gt=at).order_by("scheduled_at").values_list("scheduled_at", flat=True).first()
    )
    return following


def start(broadcast_id: UUID, *, at: datetime) -> None:
    """Begin a broadcast whose time has come, once. A test is decided first, and the rest gets the winner."""
    test = Broadcast.objects.filter(id=broadcast_id, state=State.SCHEDULED, scheduled_at__lte=at, test_share__gt=0)
    if (main := test.select_for_update().first()) is not None and not main.decision:
        if variants.held(main).exists():
            return  # nobody could read them yet; going on with them says when it is decided
        variants.decide(main, at=at)
    due_now = Broadcast.objects.filter(
        id=broadcast_id, state__in=(State.SCHEDULED, State.HOLDING), scheduled_at__lte=at
    )
    waiting = due_now.select_related("sender").first()
    if waiting is not None and gate.keepers(waiting):
        # All was right when it was scheduled, and is so no more: it waits, and its page says for what.
        if due_now.update(state=State.PAUSED, started_at=at):
            publish(BroadcastHeld(broadcast_id=broadcast_id, at=at))
        return
    started = due_now.update(state=State.PREPARING, started_at=at)
    if started:
        if waiting is not None and waiting.sender is not None and waiting.sender.is_paused:
            publish(BroadcastHeld(broadcast_id=broadcast_id, at=at))
        publish(BroadcastStarted(broadcast_id=broadcast_id, at=at))
        prepare.later(broadcast_id=broadcast_id)


@job("mail.prepare")
@outside_transaction
def prepare(*, workspace_id: UUID, broadcast_id: UUID) -> None:
    """Write the audience into the ledger, a chunk a transaction, then start sending. Goes on where it was broken off."""
    while True:
        with workspace(workspace_id):
            broadcast = (
                Broadcast.objects.select_for_update(of=("self",))
                .select_related("list", "segment")
                .filter(id=broadcast_id, state=State.PREPARING)
                .first()
            )
            if broadcast is None:
                return
            at = clock.now()
            if audience.write_chunk(broadcast, at=at):
                continue
            Broadcast.objects.filter(id=broadcast_id).update(state=State.SENDING, prepared_at=at)
            exchanges.look_up.later(broadcast_id=broadcast_id)
            sending.wake_lanes(broadcast_id, at=at)
            return


def _draft(broadcast: Broadcast) -> Broadcast:
    locked: Broadcast = Broadcast.objects.select_for_update(of=("self",)).select_related("email").get(id=broadcast.id)
    if not locked.is_draft or locked.is_variant:
        raise NotADraft  # a variant leaves with the broadcast it belongs to
    return locked
