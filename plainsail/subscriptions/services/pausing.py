"""A contract rests: nothing is invoiced, and what it opened closes when the time paid for is over. And it goes on again.

Boundaries still come from the anchor, so somebody who comes back in the middle of a period pays for the rest of it. What
that costs is shown before: as it is paused, for a day on which it goes on by itself; else as going on is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.models import ConsentRecord
from plainsail.commerce.services import clocks, sellers
from plainsail.commerce.services.checkout import Trace
from plainsail.kernel import due
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.money import Money
from plainsail.kernel.periods import day_start, local_date
from plainsail.subscriptions.events import SubscriptionPaused, SubscriptionResumed
from plainsail.subscriptions.models import AskedBy, Pause, Subscription, SubscriptionItem
from plainsail.subscriptions.services import (
    access,
    allowances,
    billing,
    consenting,
    contracts,
    date_letters,
    noticing,
    planning,
    scheduling,
)
from plainsail.subscriptions.services.ending import CONTRACTS

LONGEST = timedelta(days=731)
"""For staff; customers have what the policy says."""


class NotPausable(Refusal):
    """Only a contract that runs, is paid and hasn’t been cancelled can rest."""

    code = "not_pausable"
    message = _("Only a contract that is running and paid can be paused.")


class NotAllowed(Refusal):
    """The business doesn't let customers do this by themselves."""

    code = "not_allowed"
    message = _("That can’t be done here. Please write to us.")
    status = 403


class BadDay(Refusal):
    """The day isn't one on which a pause can end."""

    code = "bad_day"
    message = _("A pause ends after the time you have paid for, and not too far from it.")


class NotPaused(Refusal):
    """It runs already, or is over."""

    code = "not_paused"
    message = _("This contract isn’t paused.")


class AmountChanged(Refusal):
    """Going on costs more than was shown, because a day or a period began meanwhile."""

    code = "amount_changed"
    message = _("The amount changed since you opened the page. Please look at the new figures and confirm again.")


@dataclass(frozen=True)
class Resumption:
    """What going on at a moment means: `amount` (tax included) is charged at once, and the next charge comes on a day."""

    amount: Money
    next_charge_on: date


@dataclass(frozen=True)
class Outlook:
    """What may be chosen: a rest begins on a day, and ends by itself on another, which may have to be named."""

    begins_on: date
    last_on: date
    needs_day: bool
    keeps_access: bool


@dataclass(frozen=True)
class Rest:
    """What pausing now means: from when nothing is paid for, and how it goes on if a day for that is named."""

    begins_on: date
    resumes_on: date | None
    resumption: Resumption | None
    keeps_access: bool

    @property
    def shown(self) -> Money | None:
        return self.resumption.amount if self.resumption else None


def refuse_unpausable(subscription: Subscription, *, at: datetime) -> None:
    """Raises NotPausable."""
    is_settled = not subscription.dunning_cases.filter(closed_at=None).exists()
    if subscription.state != Subscription.State.ACTIVE or subscription.scheduled_end_at is not None or not is_settled:
        raise NotPausable
    if subscription.renews_at is None or subscription.renews_at <= at:
        raise NotPausable  # a period has begun that isn't invoiced yet
    if not all(item.is_endless for item in subscription.items.filter(ends_on=None)):
        raise NotPausable(_("What is paid in instalments can’t be paused: its payments are for something bought."))


def outlook(subscription: Subscription, *, by: AskedBy, at: datetime) -> Outlook:
    """What may be chosen. Where the policy has a longest pause, customers name a day within it.

    Changes nothing. Raises NotPausable, NotAllowed.
    """
    refuse_unpausable(subscription, at=at)
    begins_on, allowed = _begins_on(subscription), allowances.of(subscription)
    is_staff = by == AskedBy.STAFF
    if not is_staff and not allowed.may_pause:
        raise NotAllowed
    is_limited = not is_staff and allowed.most_days > 0
    last_on = begins_on + (timedelta(days=allowed.most_days) if is_limited else LONGEST)
    return Outlook(begins_on, last_on, is_limited, allowed.keeps_access)


def foresee(subscription: Subscription, *, resumes_on: date | None, by: AskedBy, at: datetime) -> Rest:
    """What pausing now would mean. Changes nothing. Raises NotPausable, NotAllowed, BadDay."""
    may = outlook(subscription, by=by, at=at)
    is_bad = may.needs_day if resumes_on is None else not may.begins_on < resumes_on <= may.last_on
    if is_bad:
        raise BadDay(field="resumes_on")
    going_on = _going_on(subscription, resumes_on) if resumes_on is not None else None
    return Rest(may.begins_on, resumes_on, going_on, may.keeps_access)


def _begins_on(subscription: Subscription) -> date:
    return scheduling.first_due_on(list(subscription.items.filter(ends_on=None)))


@transaction.atomic
def pause(
    subscription: Subscription,
    *,
    at: datetime,
    by: AskedBy = AskedBy.STAFF,
    resumes_on: date | None = None,
    shown: Money | None = None,
    trace: Trace | None = None,
) -> Pause:
    """From now on nothing is invoiced. What is paid for stays open until it has been served (`rest`).

    `shown` is what going on at `resumes_on` was said to cost. A customer's agreement is kept, with its `trace`.
    Raises NotPausable, NotAllowed, BadDay, AmountChanged.
    """
    locked = Subscription.objects.select_for_update(of=("self",)).select_related("account", "workspace")
    contract = locked.get(pk=subscription.pk)
    rest_ahead = foresee(contract, resumes_on=resumes_on, by=by, at=at)
    if shown is not None and rest_ahead.shown != shown:
        raise AmountChanged
    planning.drop_open(contract, at=at)
    made: Pause = Pause.objects.create(
        subscription=contract,
        by=by,
        resumes_on=resumes_on,
        shown_minor=rest_ahead.shown.minor if rest_ahead.shown is not None else None,
        consent=_agreed(contract, rest_ahead, trace=trace, at=at) if trace is not None else None,
        asked_at=at,
    )
    contract.state = Subscription.State.PAUSED
    contract.resumes_at = day_start(resumes_on, contract.timezone) if resumes_on is not None else None
    contract.save(update_fields=["state", "resumes_at"])
    noticing.plan(contract)
    if contract.resumes_at is not None:
        due.schedule(CONTRACTS, clocks.wall(contract.resumes_at))
    publish(SubscriptionPaused(subscription_id=contract.id, contact_id=contract.account.contact_id, at=at))
    date_letters.paused(contract, begins_on=rest_ahead.begins_on, pause=made, at=at)
    subscription.refresh_from_db()
    return made


def consent_text(subscription: Subscription, rest_ahead: Rest, *, seller: str) -> str:
    """The exact words that are agreed to, in the active language."""
    return date_letters.pause_consent(
        subscription,
        begins_on=rest_ahead.begins_on,
        resumes_on=rest_ahead.resumes_on,
        amount=rest_ahead.shown,
        seller=seller,
    )


def _agreed(subscription: Subscription, rest_ahead: Rest, *, trace: Trace, at: datetime) -> ConsentRecord:
    seller = sellers.of_workspace(at=at).legal_name
    text = consent_text(subscription, rest_ahead, seller=seller)
    return consenting.keep(subscription, text, trace=trace, at=at)


@transaction.atomic
def rest(subscription: Subscription, *, at: datetime, keeps_access: bool | None = None) -> None:
    """The days that a resting contract’s item was paid for are over: what it opened closes, unless the policy keeps it."""
    if not (allowances.of(subscription).keeps_access if keeps_access is None else keeps_access):
        access.close_served(subscription, at=at)
    today = local_date(at, subscription.timezone)
    left = [item for item in subscription.items.filter(ends_on=None) if item.charged_through > today]
    subscription.renews_at = day_start(scheduling.first_due_on(left), subscription.timezone) if left else None
    subscription.save(update_fields=["renews_at"])


def preview(subscription: Subscription, *, at: datetime) -> Resumption:
    """What going on would cost now and when the next charge comes. Changes nothing. Raises NotPaused."""
    if subscription.state != Subscription.State.PAUSED or subscription.scheduled_end_at is not None:
        raise NotPaused
    return _going_on(subscription, local_date(at, subscription.timezone))


def _going_on(subscription: Subscription, on: date) -> Resumption:
    items = planning.foreseen(subscription, _picked_up(subscription, on), on)
    ready = scheduling.due_on(items, on)
    amount = billing.gross(subscription, ready, on=on)
    for item in ready:
        item.charged_through = scheduling.next_due(item, anchor=subscription.anchor_on).period.end
    return Resumption(amount, scheduling.first_due_on(items))


@transaction.atomic
def resume(subscription: Subscription, *, shown: Money, at: datetime) -> None:
    """Go on. What is due at once (`preview`) is invoiced and charged by the next run, like any renewal.

    Raises NotPaused, AmountChanged (it would cost more than `shown`).
    """
    locked = Subscription.objects.select_for_update(of=("self",)).select_related("account", "workspace")
    contract = locked.get(pk=subscription.pk)
    going_on = preview(contract, at=at)
    if going_on.amount > shown:
        raise AmountChanged
    today = local_date(at, contract.timezone)
    for item in _picked_up(contract, today):
        item.save(update_fields=["charged_through"])
    contract.state = Subscription.State.ACTIVE
    begins_at = contracts.renewal_moment(contract)
    assert begins_at is not None  # what rests goes on without an end
    contract.renews_at = max(at, begins_at)
    contract.charge_from = contract.notice_for = contract.resumes_at = None
    contract.save(update_fields=["state", "renews_at", "charge_from", "notice_for", "resumes_at"])
    contract.pauses.filter(ended_at=None).update(ended_at=at)
    noticing.agree(contract, on=today, at=at)
    access.give(contract, at=at)
    due.schedule(CONTRACTS, clocks.wall(contract.renews_at))
    publish(SubscriptionResumed(subscription_id=contract.id, contact_id=contract.account.contact_id, at=at))
    date_letters.resumed(contract, amount=going_on.amount, next_on=going_on.next_charge_on, at=at)
    subscription.refresh_from_db()


@transaction.atomic
def resume_by_itself(subscription: Subscription, *, at: datetime) -> None:
    """The day has come on which a resting contract goes on, for what was shown. Would it cost more, it rests on and asks."""
    contract = Subscription.objects.select_for_update(of=("self",)).select_related("account", "workspace")
    locked = contract.get(pk=subscription.pk)
    if locked.resumes_at is None or locked.resumes_at > at:
        return
    asked: Pause | None = locked.pauses.filter(ended_at=None).first()
    shown = Money((asked.shown_minor if asked else None) or 0, locked.currency)
    try:
        resume(locked, shown=shown, at=at)
    except AmountChanged:
        locked.resumes_at = None
        locked.save(update_fields=["resumes_at"])
        date_letters.asks_to_go_on(locked, at=at)


def _picked_up(subscription: Subscription, today: date) -> list[SubscriptionItem]:
    """The items as they go on: days that passed unpaid were not served and are not charged for. Not saved."""
    items = list(subscription.items.filter(ends_on=None).order_by("id"))
    for item in items:
        item.charged_through = max(item.charged_through, today)
    return items
