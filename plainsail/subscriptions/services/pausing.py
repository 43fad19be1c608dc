"""A contract rests: nothing is invoiced, and what it opened closes when the time paid for is over. And it goes on again.

Boundaries still come from the anchor, so somebody who comes back in the middle of a period pays for the rest of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.services import clocks
from plainsail.kernel import due
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.money import Money
from plainsail.kernel.periods import day_start, local_date
from plainsail.subscriptions.events import SubscriptionPaused, SubscriptionResumed
from plainsail.subscriptions.models import Subscription, SubscriptionItem
from plainsail.subscriptions.services import access, billing, contracts, noticing, planning, scheduling
from plainsail.subscriptions.services.ending import CONTRACTS


class NotPausable(Refusal):
    """Only a contract that runs, is paid and hasn’t been cancelled can rest."""

    code = "not_pausable"
    message = _("Only a contract that is running and paid can be paused.")


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


@transaction.atomic
def pause(subscription: Subscription, *, at: datetime) -> None:
    """From now on nothing is invoiced. What is paid for stays open until it has been served (`rest`). Raises NotPausable."""
    locked = Subscription.objects.select_for_update().get(pk=subscription.pk)
    is_settled = not locked.dunning_cases.filter(closed_at=None).exists()
    if locked.state != Subscription.State.ACTIVE or locked.scheduled_end_at is not None or not is_settled:
        raise NotPausable
    if locked.renews_at is None or locked.renews_at <= at:
        raise NotPausable  # a period has begun that isn't invoiced yet
    if not all(item.is_endless for item in locked.items.filter(ends_on=None)):
        raise NotPausable(_("What is paid in instalments can’t be paused: its payments are for something bought."))
    planning.drop_open(locked, at=at)
    locked.state = Subscription.State.PAUSED
    locked.save(update_fields=["state"])
    publish(SubscriptionPaused(subscription_id=locked.id, contact_id=locked.account.contact_id, at=at))
    subscription.refresh_from_db()


@transaction.atomic
def rest(subscription: Subscription, *, at: datetime) -> None:
    """The days that a resting contract’s item was paid for are over: what it opened closes."""
    access.close_served(subscription, at=at)
    today = local_date(at, subscription.timezone)
    left = [item for item in subscription.items.filter(ends_on=None) if item.charged_through > today]
    subscription.renews_at = day_start(scheduling.first_due_on(left), subscription.timezone) if left else None
    subscription.save(update_fields=["renews_at"])


def preview(subscription: Subscription, *, at: datetime) -> Resumption:
    """What going on would cost now and when the next charge comes. Changes nothing. Raises NotPaused."""
    if subscription.state != Subscription.State.PAUSED or subscription.scheduled_end_at is not None:
        raise NotPaused
    today = local_date(at, subscription.timezone)
    items = planning.foreseen(subscription, _picked_up(subscription, today), today)
    ready = scheduling.due_on(items, today)
    amount = billing.gross(subscription, ready, on=today)
    for item in ready:
        item.charged_through = scheduling.next_due(item, anchor=subscription.anchor_on).period.end
    return Resumption(amount, scheduling.first_due_on(items))


@transaction.atomic
def resume(subscription: Subscription, *, shown: Money, at: datetime) -> None:
    """Go on. What is due at once (`preview`) is invoiced and charged by the next run, like any renewal.

    Raises NotPaused, AmountChanged (it would cost more than `shown`).
    """
    locked = Subscription.objects.select_for_update().get(pk=subscription.pk)
    if preview(locked, at=at).amount > shown:
        raise AmountChanged
    for item in _picked_up(locked, local_date(at, locked.timezone)):
        item.save(update_fields=["charged_through"])
    locked.state = Subscription.State.ACTIVE
    begins_at = contracts.renewal_moment(locked)
    assert begins_at is not None  # what rests goes on without an end
    locked.renews_at = max(at, begins_at)
    locked.charge_from = locked.notice_for = None
    locked.save(update_fields=["state", "renews_at", "charge_from", "notice_for"])
    noticing.agree(locked, at=at)
    access.give(locked, at=at)
    due.schedule(CONTRACTS, clocks.wall(locked.renews_at))
    publish(SubscriptionResumed(subscription_id=locked.id, contact_id=locked.account.contact_id, at=at))
    subscription.refresh_from_db()


def _picked_up(subscription: Subscription, today: date) -> list[SubscriptionItem]:
    """The items as they go on: days that passed unpaid were not served and are not charged for. Not saved."""
    items = list(subscription.items.filter(ends_on=None).order_by("id"))
    for item in items:
        item.charged_through = max(item.charged_through, today)
    return items
