"""What a customer agreed to about a running contract, word for word: evidence, kept like that of the purchase."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from plainsail.commerce.models import ConsentRecord, Price
from plainsail.commerce.services.checkout import Trace
from plainsail.subscriptions.models import Subscription, SubscriptionItem


def keep(subscription: Subscription, text: str, *, trace: Trace, at: datetime) -> ConsentRecord:
    """The words, and the price that the contract has: neither a pause nor another day changes it."""
    plan: SubscriptionItem = subscription.items.get(role=SubscriptionItem.Role.BASE, ends_on=None)
    made: ConsentRecord = ConsentRecord.objects.create(
        text=text,
        price_id=plan.price_id,
        amount_minor=plan.unit_minor * plan.quantity,
        currency=subscription.currency,
        interval=plan.interval_unit,
        interval_count=plan.interval_count,
        ip=trace.ip,
        user_agent=trace.user_agent[:400],
        at=at,
        created_at=at,
    )
    return made


class Ordered(Protocol):
    """What an order comes to each time, as its quote says."""

    @property
    def each_minor(self) -> int: ...
    @property
    def currency(self) -> str: ...
    @property
    def interval_unit(self) -> str: ...
    @property
    def interval_count(self) -> int: ...


def keep_order(text: str, price: Price, quote: Ordered, *, trace: Trace, at: datetime) -> ConsentRecord:
    """The words by which something was ordered, and what it will cost each time."""
    made: ConsentRecord = ConsentRecord.objects.create(
        text=text,
        price=price,
        amount_minor=quote.each_minor,
        currency=quote.currency,
        interval=quote.interval_unit,
        interval_count=quote.interval_count,
        ip=trace.ip,
        user_agent=trace.user_agent[:400],
        at=at,
        created_at=at,
    )
    return made
