"""Announcing charges: each letter once, in its window; a charge whose announcement did not leave in time waits for it.

`Subscription.notice_at` says when the next letter of a contract falls due, so that nothing looks at every contract. Whatever
moves a contract's days moves `renews_at`, and with it this is worked out again (`plan_new`): no service has to remember.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import TruncDate

from plainsail.commerce.services import clocks
from plainsail.kernel.errors import Refusal
from plainsail.kernel.money import Money
from plainsail.kernel.periods import day_start, local_date
from plainsail.kernel.sets import update_each
from plainsail.mail.models import Delivery
from plainsail.subscriptions.models import MOVED, Notice, Pause, Subscription, SubscriptionItem
from plainsail.subscriptions.queries import RUNNING
from plainsail.subscriptions.services import announcing, billing, contracts, letters, planning, scheduling
from plainsail.subscriptions.services.announcing import Announcement, Contract, Recurring

logger = logging.getLogger("plainsail.subscriptions")

PATIENCE = timedelta(hours=1)
"""So long of the wall's time a letter may wait for a worker and still count as on its way: a test clock doesn't wait for mail."""
LOOK_AGAIN = timedelta(hours=1)
"""How often letters that haven't left are looked after."""
HELD = timedelta(days=1)
"""A charge that waits for a letter is looked at again after this long."""
AT_ONCE = 500


def to_plan() -> QuerySet[Subscription]:
    """Running contracts of the open workspace whose next announcement isn't worked out for the days they have now."""
    found: QuerySet[Subscription] = Subscription.objects.filter(MOVED, state__in=RUNNING)
    return found.order_by("id")


def plan_new() -> int:
    """Work out the next announcement of contracts that are new or have moved, at most so many. Returns how many."""
    found = list(to_plan()[:AT_ONCE])
    _plan_all(found)
    return len(found)


def plan(subscription: Subscription) -> None:
    """Work out when the next letter falls due, and keep a long trial from being charged before noon."""
    _plan_all([subscription])


def _plan_all(subscriptions: Sequence[Subscription]) -> None:
    """Three statements, however many contracts there are."""
    facts = facts_of(subscriptions)
    for subscription in subscriptions:
        coming = _next_of(subscription, facts[subscription.id])
        subscription.notice_at = coming.due_at if coming else None
        if subscription.notice_for != subscription.renews_at:
            subscription.charge_from = _noon_of_trial(facts[subscription.id].contract)
        subscription.notice_for = subscription.renews_at
    update_each(subscriptions, fields=["notice_at", "notice_for", "charge_from"])


def _noon_of_trial(contract: Contract) -> datetime | None:
    first = next(announcing.calendar(contract), None) if contract.trial_ends_on else None
    return first.charge_at if first is not None and first.kind == "trial" else None


@dataclass(frozen=True)
class Facts:
    """What the letters of a contract depend on: its calendar, and those dealt with, by kind and day."""

    contract: Contract
    notices: Mapping[tuple[str, date], Notice]


def facts_of(subscriptions: Sequence[Subscription]) -> dict[UUID, Facts]:
    """By the contract's id. Two queries."""
    items = defaultdict(list)
    running = SubscriptionItem.objects.filter(subscription__in=subscriptions, ends_on=None)
    for item in running.order_by("subscription_id", "id"):
        items[item.subscription_id].append(item)
    notices: dict[UUID, dict[tuple[str, date], Notice]] = defaultdict(dict)
    for notice in Notice.objects.filter(subscription__in=subscriptions).order_by("id"):
        notices[notice.subscription_id][notice.kind, notice.about_on] = notice
    return {one.id: Facts(_contract(one, items[one.id]), notices[one.id]) for one in subscriptions}


def contract_of(subscription: Subscription) -> Contract:
    """What the calendar depends on. One query."""
    return _contract(subscription, list(subscription.items.filter(ends_on=None).order_by("id")))


def _contract(subscription: Subscription, items: Sequence[SubscriptionItem]) -> Contract:
    zone = subscription.timezone
    is_trial = subscription.state == Subscription.State.TRIALING and subscription.trial_ends_at is not None
    return Contract(
        items=tuple(
            Recurring(item.interval, item.starts_on, item.charged_through, item.runs_until, item.cycle)
            for item in items
        ),
        anchor=subscription.anchor_on,
        zone=zone,
        started_at=subscription.started_at,
        trial_ends_on=local_date(subscription.trial_ends_at, zone) if is_trial and subscription.trial_ends_at else None,
    )


def next_of(subscription: Subscription) -> Announcement | None:
    """The first announcement that wasn't dealt with yet. Two queries."""
    return _next_of(subscription, facts_of([subscription])[subscription.id])


def _next_of(subscription: Subscription, facts: Facts) -> Announcement | None:
    if subscription.is_ended:
        return None
    if subscription.state == Subscription.State.PAUSED:
        return _of_pause(subscription)
    for coming in announcing.calendar(facts.contract):
        if not facts.notices.keys() & {(coming.kind, coming.about_on), (Notice.Kind.AGREED.value, coming.about_on)}:
            return coming
    return None


def _of_pause(subscription: Subscription) -> Announcement | None:
    """That a resting contract will go on, unless that was told or the pause is too short for telling again."""
    pause = _pause_of(subscription)
    if pause is None or pause.resumes_on is None:
        return None
    coming = announcing.of_resumption(pause.resumes_on, subscription.timezone)
    is_told = subscription.notices.filter(kind=coming.kind, about_on=coming.about_on).exists()
    return coming if pause.asked_at < coming.due_at and not is_told else None


def _pause_of(subscription: Subscription) -> Pause | None:
    found: Pause | None = subscription.pauses.filter(ended_at=None).first()
    return found


@transaction.atomic
def send_next(subscription_id: UUID, *, at: datetime) -> None:
    """Write the letter that is due, and say when the next one is. Does nothing where none is due any more.

    A courtesy whose charge has come meanwhile is left out: its row says so by having no attempt.
    """
    locked = Subscription.objects.select_for_update(of=("self",)).select_related("account", "workspace")
    subscription = locked.get(id=subscription_id)
    coming = next_of(subscription)
    if coming is not None and coming.due_at <= at and _is_charged(subscription):
        notice, _is_new = Notice.objects.get_or_create(
            subscription=subscription, kind=coming.kind, about_on=coming.about_on, defaults={"written_at": at}
        )
        if coming.is_required or coming.charge_at > at:
            _write(notice, subscription, coming, at=at)
    plan(subscription)


def _is_charged(subscription: Subscription) -> bool:
    """Whether what falls due, or would as a rest ends, is charged."""
    if subscription.state == Subscription.State.PAUSED:
        return not subscription.is_ending
    return subscription.may_renew


def _write(notice: Notice, subscription: Subscription, coming: Announcement, *, at: datetime) -> None:
    """Put the letter into the ledger. One that comes late names the day on which it will be charged instead, and moves it."""
    charge_at = coming.charge_at
    if coming.is_required:
        charge_at = _charge_after(subscription, coming, sent_at=at)
        _move_charge(subscription, coming, charge_at)
    elif coming.about_on == _next_day(subscription):
        charge_at = max(charge_at, subscription.charge_from or charge_at)
    said = replace(coming, charge_at=charge_at)
    notice.attempts += 1
    notice.written_at = at
    notice.delivery_id = _letter(subscription, said, attempt=notice.attempts, at=at)
    notice.save(update_fields=["attempts", "written_at", "delivery_id"])


def _charge_after(subscription: Subscription, coming: Announcement, *, sent_at: datetime) -> datetime:
    """When the charge may be taken that a letter announces which left at a moment."""
    return max(coming.charge_at, announcing.earliest(coming.kind, sent_at=sent_at, zone=subscription.timezone))


def _move_charge(subscription: Subscription, coming: Announcement, charge_at: datetime) -> None:
    """Let the next charge wait for its letter. A charge after that one is looked at when it is next."""
    if coming.about_on != _next_day(subscription) or charge_at <= (subscription.charge_from or coming.charge_at):
        return
    subscription.charge_from = charge_at
    subscription.save(update_fields=["charge_from"])


def _next_day(subscription: Subscription) -> date | None:
    return local_date(subscription.renews_at, subscription.timezone) if subscription.renews_at else None


def _letter(subscription: Subscription, said: Announcement, *, attempt: int, at: datetime) -> UUID | None:
    amount = amount_of(subscription, said, at=at)
    try:
        return letters.announce(subscription, said, amount, attempt=attempt, at=at)
    except Refusal as refusal:  # no mail can be addressed like that: the charge waits, and staff see why
        logger.warning("a notice can't be sent", extra={"subscription_id": subscription.id, "code": refusal.code})
        return None


def amount_of(subscription: Subscription, said: Announcement, *, at: datetime) -> Money:
    """What will be charged on the day that is announced, tax included."""
    pause = _pause_of(subscription)
    if said.kind == "resuming" and pause is not None:
        return Money(pause.shown_minor or 0, subscription.currency)
    items = list(subscription.items.filter(ends_on=None).select_related("product", "subscription").order_by("id"))
    while scheduling.owed(items) and scheduling.first_due_on(items) < said.about_on:
        for item in scheduling.due_on(items, scheduling.first_due_on(items)):
            item.charged_through = scheduling.next_due(item, anchor=subscription.anchor_on).period.end
    ready = planning.foreseen(subscription, scheduling.due_on(items, said.about_on))
    return billing.gross(subscription, ready, on=said.about_on)


@transaction.atomic
def follow_up(*, at: datetime) -> bool:
    """See which letters have left, and write those anew that failed. Returns whether any is still on its way.

    One that failed is written again after a day, then after two, three … days, for as long as it has a charge to announce.
    """
    is_open = False
    for notice in _awaited().select_for_update(of=("self",)).order_by("written_at", "id")[:AT_ONCE]:
        if sent_at := _left_at(notice):
            count_as_told(notice, sent_at=sent_at)
            continue
        is_open = True
        if has_failed(notice) and at - notice.written_at >= timedelta(days=notice.attempts):
            coming = _of_notice(notice.subscription, notice)
            if coming is not None:
                _write(notice, notice.subscription, coming, at=at)
    return is_open


def count_as_told(notice: Notice, *, sent_at: datetime) -> None:
    """The customer knows since a moment: the charge follows once its lead is over."""
    notice.sent_at = sent_at
    notice.save(update_fields=["sent_at", "told_how", "told_by", "told_at"])
    if coming := _of_notice(notice.subscription, notice):
        _move_charge(notice.subscription, coming, _charge_after(notice.subscription, coming, sent_at=sent_at))


def waiting(subscription: Subscription) -> QuerySet[Notice]:
    """Letters of a contract that haven't left and that a charge waits for, or will."""
    return _awaited().filter(subscription=subscription)


def _awaited() -> QuerySet[Notice]:
    """Letters that nobody knows to have left, and that a charge of a running contract waits for or will wait for.

    The day of UTC is the local one or the one before, so none is left out.
    """
    found: QuerySet[Notice] = Notice.objects.select_related("subscription__account", "subscription__workspace").filter(
        sent_at=None,
        attempts__gt=0,
        kind__in=list(announcing.LEAD),
        subscription__state__in=RUNNING,
        subscription__scheduled_end_at=None,  # until a later end every charge is agreed to
        about_on__gte=TruncDate("subscription__renews_at", tzinfo=UTC),
    )
    return found


def _of_notice(subscription: Subscription, notice: Notice) -> Announcement | None:
    for coming in announcing.calendar(contract_of(subscription)):
        if (coming.kind, coming.about_on) == (notice.kind, notice.about_on):
            return coming
        if coming.about_on > notice.about_on:
            return None
    return None


def _left_at(notice: Notice) -> datetime | None:
    """When a letter was taken by a mail server, in the seller's time. The wall's time between writing and leaving counts."""
    found = Delivery.objects.filter(id=notice.delivery_id, state=Delivery.State.ACCEPTED).first()
    if found is None or found.settled_at is None:
        return None
    left_at: datetime = notice.written_at + max(found.settled_at - found.created_at, timedelta(0))
    return left_at


def has_failed(notice: Notice) -> bool:
    """Whether nothing more will come of the letter as it was written."""
    found = Delivery.objects.filter(id=notice.delivery_id).first()
    return found is None or (found.is_settled and found.state != Delivery.State.ACCEPTED)


def _is_on_its_way(notice: Notice, *, at: datetime) -> bool:
    found = Delivery.objects.filter(id=notice.delivery_id, state__in=Delivery.OPEN).first()
    return found is not None and clocks.wall(at) - found.created_at <= PATIENCE


def holds(subscription: Subscription, *, at: datetime) -> bool:
    """Whether the charge that is due must wait because its announcement didn't leave in time; sets until when (R47)."""
    assert subscription.renews_at is not None
    day = local_date(subscription.renews_at, subscription.timezone)
    facts = facts_of([subscription])[subscription.id]
    until = max((_until(subscription, coming, at=at) for coming in _required(facts, day)), default=at)
    if until <= at:
        return False
    subscription.charge_from = until
    subscription.save(update_fields=["charge_from"])
    logger.info("a charge waits for its notice", extra={"subscription_id": subscription.id})
    return True


def is_free(subscription: Subscription, facts: Facts, *, at: datetime) -> bool:
    """Whether nothing keeps the charge that is due: no letter must announce it, or each is known to have left in time.

    No query. Where it isn't so plain, `holds` looks closer.
    """
    assert subscription.renews_at is not None
    day = local_date(subscription.renews_at, subscription.timezone)
    for coming in _required(facts, day):
        notice = facts.notices.get((coming.kind, coming.about_on))
        if notice is None or notice.sent_at is None:
            return False
        if _charge_after(subscription, coming, sent_at=notice.sent_at) > at:
            return False
    return True


def _required(facts: Facts, day: date) -> list[Announcement]:
    if (Notice.Kind.AGREED.value, day) in facts.notices:
        return []
    found: list[Announcement] = []
    for coming in announcing.calendar(facts.contract):
        if coming.about_on != day:
            break
        found += [coming] if coming.is_required else []
    return found


def _until(subscription: Subscription, coming: Announcement, *, at: datetime) -> datetime:
    """Until when a charge waits for one announcement: a moment gone by where it needn't."""
    notice = subscription.notices.filter(kind=coming.kind, about_on=coming.about_on).first()
    sent_at = (notice.sent_at or _left_at(notice)) if notice is not None else None
    if sent_at is None and notice is not None and _is_on_its_way(notice, at=at):
        sent_at = notice.written_at
    if notice is None:
        subscription.notice_for = None  # nobody wrote it: have it worked out again
        subscription.save(update_fields=["notice_for"])
    if sent_at is None:
        return at + HELD
    return _charge_after(subscription, coming, sent_at=sent_at)


def run_on(subscription: Subscription) -> None:
    """A trial whose charge had to wait runs on until then (T5b): its first period begins on that day. In a transaction."""
    old, charge_from = subscription.trial_ends_at, subscription.charge_from
    if subscription.state != Subscription.State.TRIALING or old is None or charge_from is None:
        return
    before, day = local_date(old, subscription.timezone), local_date(charge_from, subscription.timezone)
    if day <= before:
        return
    waiting = subscription.items.filter(starts_on=before, charged_through=before)
    # All that is to come begins later by as much; instalments, not charged for yet, are as many as before.
    for item in waiting:
        item.runs_until = contracts.last_day(item, starts_on=day)
        item.starts_on = item.charged_through = day
        item.save(update_fields=["runs_until", "starts_on", "charged_through"])
    subscription.anchor_on = day
    subscription.trial_ends_at = day_start(day, subscription.timezone)
    subscription.renews_at = contracts.renewal_moment(subscription)
    subscription.save(update_fields=["anchor_on", "trial_ends_at", "renews_at"])


def agree(subscription: Subscription, *, on: date, at: datetime) -> None:
    """The customer has just seen and confirmed what is charged on a day: no letter has to announce it."""
    Notice.objects.get_or_create(
        subscription=subscription,
        kind=Notice.Kind.AGREED,
        about_on=on,
        defaults={"written_at": at, "sent_at": at},
    )


def disagree(subscription: Subscription, *, at: datetime) -> None:
    """What was confirmed for days to come counts no more: those charges are announced like any others."""
    coming = subscription.notices.filter(kind=Notice.Kind.AGREED, about_on__gt=local_date(at, subscription.timezone))
    if coming.delete()[0]:
        subscription.notice_for = None
        subscription.save(update_fields=["notice_for"])


@dataclass(frozen=True)
class Told:
    """A letter as staff see it. `is_waiting` where it has not left and a charge waits for it."""

    notice: Notice
    sent_at: datetime | None
    is_waiting: bool


def told(subscription: Subscription) -> list[Told]:
    """The letters of a contract, newest charge first; those left out aren't among them."""
    open_ones = {one.id for one in waiting(subscription)}
    rows = subscription.notices.filter(attempts__gt=0).order_by("-about_on", "-written_at", "id")
    found = [(row, row.sent_at or _left_at(row)) for row in rows]
    return [Told(row, sent_at, sent_at is None and row.id in open_ones) for row, sent_at in found]


@dataclass(frozen=True)
class Hold:
    """A charge that isn't taken before a moment, because its letter left late or hasn't left at all (`is_unsent`)."""

    until: datetime
    is_unsent: bool


def hold_of(subscription: Subscription, *, at: datetime) -> Hold | None:
    """Whether the charge that is due, or will be, waits for its letter. One query where it does."""
    if subscription.charge_from is None or subscription.charge_from <= at or subscription.is_ended:
        return None
    if local_date(subscription.charge_from, subscription.timezone) == _next_day(subscription):
        return None  # the noon at which a trial ends
    return Hold(subscription.charge_from, waiting(subscription).exists())
