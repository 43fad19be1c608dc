"""Access that a contract gives: a grant of its own, apart from the payment."""

from __future__ import annotations

from datetime import datetime

from plainsail.portal.services import grants
from plainsail.subscriptions.models import Subscription

SOURCE = "subscription"


def give(subscription: Subscription, *, at: datetime) -> None:
    """Open what the contract's products open, from now until it ends."""
    if subscription.account.contact_id is None:
        return
    for item in subscription.items.select_related("product").order_by("id"):
        grants.give(
            subscription.account.contact,
            resource=item.product.resource_key,
            source_kind=SOURCE,
            source_id=subscription.id,
            at=at,
        )


def end(subscription: Subscription, *, at: datetime) -> None:
    """Close what this contract opened; what is open for another reason stays open."""
    grants.end_source(source_kind=SOURCE, source_id=subscription.id, at=at)
