"""What a customer agreed to about a running contract, word for word: evidence, kept like that of the purchase."""

from __future__ import annotations

from datetime import datetime

from plainsail.commerce.models import ConsentRecord
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
