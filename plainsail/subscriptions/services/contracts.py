"""The start of a contract: an order with a recurring price was paid, or its trial began."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from plainsail.commerce.models import BillingAccount, ConsentRecord, Order, OrderLine, Price
from plainsail.commerce.services import clocks, sellers
from plainsail.kernel import due
from plainsail.kernel.events import publish
from plainsail.kernel.periods import day_start, local_date
from plainsail.subscriptions.events import SubscriptionStarted
from plainsail.subscriptions.models import Subscription, SubscriptionItem
from plainsail.subscriptions.services import access, policies, scheduling
from plainsail.subscriptions.services.ending import CONTRACTS
from plainsail.subscriptions.services.references import reference


@transaction.atomic
def begin(order: Order, line: OrderLine, *, payment_method_id: UUID, at: datetime) -> None:
    """Make the contract of a paid recurring line; further lines of the order join it as add-ons. Safe to call twice."""
    if SubscriptionItem.objects.filter(id=line.item_id).exists():
        return
    subscription = Subscription.objects.select_for_update().filter(order_id=order.id).first()
    is_new = subscription is None
    if subscription is None:
        subscription = _contract(order, line, payment_method_id=payment_method_id, at=at)
    _add_item(subscription, line, is_base=is_new)
    access.give(subscription, at=at)
    assert subscription.renews_at is not None  # what begins with a contract has a payment to come
    due.schedule(CONTRACTS, clocks.wall(subscription.renews_at))
    if is_new:
        publish(
            SubscriptionStarted(subscription_id=subscription.id, contact_id=order.billing_account.contact_id, at=at)
        )


def _contract(order: Order, line: OrderLine, *, payment_method_id: UUID, at: datetime) -> Subscription:
    zone = sellers.of_workspace(at=at).timezone
    is_trial = line.trial_ends_on is not None
    made: Subscription = Subscription.objects.create(
        reference=reference("S"),
        account=order.billing_account,
        state=Subscription.State.TRIALING if is_trial else Subscription.State.ACTIVE,
        anchor_on=line.trial_ends_on or line.period_start,
        timezone=zone,
        currency=order.currency,
        started_at=at,
        trial_ends_at=day_start(line.trial_ends_on, zone) if line.trial_ends_on else None,
        payment_method_id=payment_method_id,
        order_id=order.id,
        bought_for=order.bought_for,
        terms=policies.terms(),
    )
    return made


def _add_item(subscription: Subscription, line: OrderLine, *, is_base: bool) -> None:
    starts_on = line.trial_ends_on or line.period_start
    assert starts_on is not None  # such a line has its first period, or its trial
    item = SubscriptionItem(
        id=line.item_id,
        subscription=subscription,
        product=line.product,
        price_id=line.price_id,
        role=SubscriptionItem.Role.BASE if is_base else SubscriptionItem.Role.ADDON,
        description=line.description,
        quantity=line.quantity,
        unit_minor=line.unit_minor,
        tax_behavior=line.price.tax_behavior,
        **_rhythm(line.price),
        starts_on=starts_on,
        charged_through=line.period_end or starts_on,
    )
    item.runs_until = last_day(item, starts_on=starts_on)
    item.save(force_insert=True)
    subscription.renews_at = renewal_moment(subscription)
    subscription.save(update_fields=["renews_at"])


def _rhythm(price: Price) -> dict[str, Any]:
    """When an item of a price is paid, in columns."""
    return {
        "interval_unit": price.interval,
        "interval_count": price.interval_count,
        "payments": price.payments if price.is_recurring else 1,
        "cycle_unit": price.cycle,
        "cycle_count": price.cycle_count,
    }


def last_day(item: SubscriptionItem, *, starts_on: date) -> date | None:
    """First local day that an item which starts on one is never charged for; None where it goes on until cancelled."""
    if item.payments is None or item.cycle is not None:
        return None
    return scheduling.runs_until(starts_on, item.interval, item.payments)


def renewal_moment(subscription: Subscription) -> datetime | None:
    """When the first of its items is no longer invoiced; None where no payment is to come."""
    return moment_of(subscription, list(subscription.items.filter(ends_on=None)))


def moment_of(subscription: Subscription, items: Sequence[SubscriptionItem]) -> datetime | None:
    """The same, of its running items. No query."""
    owed = scheduling.owed(items)
    return day_start(scheduling.first_due_on(owed), subscription.timezone) if owed else None


@transaction.atomic
def open_contract(
    account: BillingAccount,
    *,
    prices: Sequence[Price],
    payment_method_id: UUID | None,
    consent: ConsentRecord | None = None,
    bought_for: str = "",
    at: datetime,
) -> Subscription:
    """A contract without an order: the first price is the plan, further ones are add-ons. Nothing is invoiced yet.

    Its first period is due at once, so that the first charge is a renewal like any other (`renewal.renew`).
    """
    zone = sellers.of_workspace(at=at).timezone
    today = local_date(at, zone)
    subscription: Subscription = Subscription.objects.create(
        reference=reference("S"),
        account=account,
        anchor_on=today,
        timezone=zone,
        currency=prices[0].currency,
        started_at=at,
        renews_at=at,
        payment_method_id=payment_method_id,
        consent=consent,
        bought_for=bought_for,
        terms=policies.terms(),
    )
    for index, price in enumerate(prices):
        item = SubscriptionItem(
            subscription=subscription,
            product=price.product,
            price_id=price.id,
            role=SubscriptionItem.Role.ADDON if index else SubscriptionItem.Role.BASE,
            description=price.product.name,
            unit_minor=price.unit_minor,
            tax_behavior=price.tax_behavior,
            **_rhythm(price),
            starts_on=today,
            charged_through=today,
        )
        item.runs_until = last_day(item, starts_on=today)
        item.save(force_insert=True)
    access.give(subscription, at=at)
    due.schedule(CONTRACTS, clocks.wall(at))
    publish(SubscriptionStarted(subscription_id=subscription.id, contact_id=account.contact_id, at=at))
    return subscription
