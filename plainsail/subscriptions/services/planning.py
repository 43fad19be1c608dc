"""Changes of a plan that wait: what is foreseen for the next period, and what happens to them when something else comes first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from plainsail.commerce.services import shapes
from plainsail.kernel import languages
from plainsail.kernel.money import Money
from plainsail.subscriptions.models import PlanChange, PriceNotice, Subscription, SubscriptionItem
from plainsail.subscriptions.services import presses, pricing, switching

State = PlanChange.State


def planned(subscription: Subscription) -> PlanChange | None:
    """The change that waits for the end of the time paid for, if any; none where the contract ends then anyway."""
    if subscription.is_ended or (subscription.is_ending and not subscription.is_charged_to_end):
        return None
    found: PlanChange | None = subscription.changes.filter(state=State.PLANNED).select_related("old_item").first()
    return found


def underway(subscription: Subscription) -> PlanChange | None:
    """The change that waits for its payment, if any."""
    found: PlanChange | None = subscription.changes.filter(state=State.OPEN).select_related("old_item").first()
    return found


def words(change: PlanChange) -> str:
    """The plan to come with its price, in the active language: other prices of one product bear the same name."""
    quote = switching.from_json(change.quote)
    each = shapes.shape(quote.interval_unit, quote.interval_count)
    return f"{quote.description}, {shapes.short(each, quote.each)}"


def words_of(item: SubscriptionItem, *, gross: Money) -> str:
    """The same of an item, for what a whole period of it comes to."""
    return pricing.named(item, gross)


def foreseen(
    subscription: Subscription, items: Sequence[SubscriptionItem], day: date | None = None
) -> list[SubscriptionItem]:
    """Items as they will be when they fall due by a day (or whenever): the plan as it will be then, on paper, for the old one."""
    items = at_new_prices(subscription, items)
    waiting = planned(subscription)
    if waiting is None:
        return items
    return [
        _successor(waiting, item)
        if item.id == waiting.old_item_id and (day is None or item.charged_through <= day)
        else item
        for item in items
    ]


def at_new_prices(subscription: Subscription, items: Sequence[SubscriptionItem]) -> list[SubscriptionItem]:
    """Items with the prices that they will have when they fall due, where a new one is agreed to or needs no consent. On paper."""
    rows = PriceNotice.objects.filter(item__subscription=subscription, outcome="").select_related("rise__new_price")
    if subscription.account.is_consumer:
        rows = rows.exclude(consent=None)
    agreed = {row.item_id: row for row in rows}
    for item in items:
        row = agreed.get(item.id)
        if row is not None and row.about_on <= item.charged_through:
            item.unit_minor, item.price_id = row.rise.new_price.unit_minor, row.rise.new_price_id
    return list(items)


def _successor(change: PlanChange, old: SubscriptionItem) -> SubscriptionItem:
    return successor(change, old, starts_on=old.charged_through)


def successor(change: PlanChange, old: SubscriptionItem, *, starts_on: date) -> SubscriptionItem:
    """The item that takes an old one's place from a day on, nothing of it charged for yet. Not saved."""
    price = change.price
    return SubscriptionItem(
        id=change.new_item_id,
        subscription=old.subscription,
        product=price.product,
        price_id=price.id,
        role=old.role,
        description=change.description,
        quantity=old.quantity,
        unit_minor=price.unit_minor,
        tax_behavior=price.tax_behavior,
        interval_unit=price.interval,
        interval_count=price.interval_count,
        starts_on=starts_on,
        charged_through=starts_on,
    )


@transaction.atomic
def drop_open(subscription: Subscription, *, at: datetime) -> PlanChange | None:
    """Something came before a change's payment: it won't be carried out. What was paid for it, or still will be, goes back.

    Returns the change, if one waited. The contract's row is locked by the caller.
    """
    waiting = PlanChange.objects.select_for_update(of=("self",)).filter(subscription=subscription, state=State.OPEN)
    change: PlanChange | None = waiting.first()
    if change is not None:
        drop(change, at=at)
    return change


@transaction.atomic
def drop_all(subscription: Subscription, *, at: datetime) -> None:
    """The contract is over: nothing waits any more."""
    drop_open(subscription, at=at)
    PlanChange.objects.filter(subscription=subscription, state=State.PLANNED).update(state=State.DROPPED, settled_at=at)
    asked = PriceNotice.objects.filter(item__subscription=subscription, outcome="")
    asked.update(outcome=PriceNotice.Outcome.ENDED, settled_at=at)


@transaction.atomic
def drop(change: PlanChange, *, at: datetime) -> None:
    """Give a change up. Its draft is cancelled, so that a payment that comes after all finds nothing due and goes back."""
    change.state, change.settled_at = State.DROPPED, at
    change.save(update_fields=["state", "settled_at"])
    account = change.subscription.account
    with translation.override(languages.first_known(account.locale, change.workspace.locale)):
        reason = _("Contract %(number)s wasn’t changed") % {"number": change.subscription.reference}
    presses.unbill(change.invoice_id, reason=reason, at=at)
