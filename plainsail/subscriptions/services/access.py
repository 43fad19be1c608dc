"""Access that a contract gives: a grant of its own, apart from the payment."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet

from plainsail.commerce.services import clocks
from plainsail.kernel.periods import local_date
from plainsail.portal.services import grants
from plainsail.subscriptions.models import Subscription, SubscriptionItem

SOURCE = "subscription"


def give(subscription: Subscription, *, at: datetime) -> None:
    """Open what the contract's products open, from now until it ends. Access lives by the wall's clock."""
    for item in _open_items(subscription):
        _give(subscription, item, at=clocks.wall(at), ends_at=None)


def close_served(subscription: Subscription, *, at: datetime) -> None:
    """Close, until it is given again, what a resting contract opened and what isn't paid for any more."""
    today = local_date(at, subscription.timezone)
    for item in _open_items(subscription):
        if item.charged_through <= today:
            _give(subscription, item, at=clocks.wall(at), ends_at=clocks.wall(at))


def close_replaced(subscription: Subscription, old: SubscriptionItem, *, at: datetime) -> None:
    """Close, until it is given again, what an item opened whose place another has taken, unless one that runs opens it too."""
    if not subscription.items.filter(ends_on=None, product_id=old.product_id).exists():
        _give(subscription, old, at=clocks.wall(at), ends_at=clocks.wall(at))


def end_item(subscription: Subscription, item: SubscriptionItem, *, ends_at: datetime, at: datetime) -> None:
    """Close at a moment what one item opened, unless another that runs opens it too."""
    if not subscription.items.filter(ends_on=None, product_id=item.product_id).exists():
        _give(subscription, item, at=clocks.wall(at), ends_at=clocks.wall(ends_at))


def _open_items(subscription: Subscription) -> QuerySet[SubscriptionItem]:
    return subscription.items.filter(ends_on=None).select_related("product").order_by("id")


def _give(subscription: Subscription, item: SubscriptionItem, *, at: datetime, ends_at: datetime | None) -> None:
    if subscription.account.contact_id is None:
        return
    grants.give(
        subscription.account.contact,
        resource=item.product.resource_key,
        source_kind=SOURCE,
        source_id=subscription.id,
        at=at,
        ends_at=ends_at,
    )


def clock_moved(by: timedelta, at: datetime) -> None:
    """A test clock went ahead: what closes at a moment of the seller's time closes then, not days later by the wall's clock."""
    grants.come_sooner(source_kind=SOURCE, by=by, at=at)


def end(subscription: Subscription, *, at: datetime) -> None:
    """Close what this contract opened; what is open for another reason stays open."""
    grants.end_source(source_kind=SOURCE, source_id=subscription.id, at=clocks.wall(at))
