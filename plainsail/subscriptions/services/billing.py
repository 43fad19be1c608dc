"""What an item's next days cost, as a line of an invoice: for renewals, and for whoever shows an amount before it is charged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from plainsail.commerce.models import InvoiceLine, Order
from plainsail.commerce.services import invoicing, places, sellers
from plainsail.commerce.services.places import Named
from plainsail.kernel.money import Money
from plainsail.kernel.periods import day_start
from plainsail.subscriptions.models import Subscription, SubscriptionItem
from plainsail.subscriptions.services import scheduling
from plainsail.subscriptions.services.scheduling import Due


def named(subscription: Subscription) -> Named:
    """Who is billed, and so how it is taxed: whoever bought, as the order has them; else whose account it is."""
    return named_of([subscription])[subscription.id]


def named_of(subscriptions: Sequence[Subscription]) -> dict[UUID, Named]:
    """The same of many, by the contract's id. One query, where their accounts are loaded."""
    orders = {
        one.id: one for one in Order.objects.filter(id__in=[one.order_id for one in subscriptions if one.order_id])
    }
    return {
        one.id: places.of_order(orders[one.order_id]) if one.order_id in orders else places.of_account(one.account)
        for one in subscriptions
    }


def gross(subscription: Subscription, items: Sequence[SubscriptionItem], *, on: date) -> Money:
    """What an invoice on a day over the next days of some items will ask for, tax and all."""
    if not items:
        return Money.zero(subscription.currency)
    seller = sellers.of_workspace(at=day_start(on, subscription.timezone))
    where = places.place(seller, named(subscription), on=on)
    return invoicing.preview([line(subscription, item) for item in items], seller=seller, place=where).gross


def coming_days(subscription: Subscription, item: SubscriptionItem) -> Due:
    """The next days of an item to be charged for; not beyond the end of a contract that runs until a day asked for."""
    return scheduling.next_due(item, anchor=subscription.anchor_on, until=subscription.last_charged_until)


def line(subscription: Subscription, item: SubscriptionItem) -> invoicing.LineSpec:
    """The invoice line for the next days of an item that aren't charged for: their part of a period that has begun."""
    coming = coming_days(subscription, item)
    # A part of a period is one amount: rounding each piece of a quantity would cost more than the whole.
    quantity = item.quantity if coming.is_whole else 1
    unit = Money(item.unit_minor, subscription.currency) if coming.is_whole else coming.of(item.price())
    if item.is_once:
        return _once(subscription, item)
    return invoicing.LineSpec(
        description=item.description,
        unit=unit,
        quantity=quantity,
        kind=InvoiceLine.Kind.RECURRING,
        item_id=item.id,
        period_start=coming.period.start,
        period_end=coming.period.end,
        product=item.product,
        tax_behavior=item.tax_behavior,
    )


def _once(subscription: Subscription, item: SubscriptionItem) -> invoicing.LineSpec:
    """What is paid once is for no days: it is earned when it is invoiced."""
    return invoicing.LineSpec(
        description=item.description,
        unit=Money(item.unit_minor, subscription.currency),
        quantity=item.quantity,
        item_id=item.id,
        product=item.product,
        tax_behavior=item.tax_behavior,
    )
