"""Contracts for tests, begun by buying, as people begin them."""

from __future__ import annotations

from datetime import datetime

from plainsail.commerce.tests import factories as commerce
from plainsail.commerce.tests.factories import MAREN, NOON
from plainsail.kernel.tenancy import workspace
from plainsail.payments.tests.factories import PAYS
from plainsail.subscriptions.models import Subscription


def subscribed(of, *, minor: int = 2900, number: str = PAYS, at: datetime = NOON, buyer=MAREN, **terms) -> Subscription:
    """A contract bought with a card: €29.00 a month unless said otherwise. Leaves the workspace closed."""
    with workspace(of):
        sold = commerce.monthly(minor=minor, **terms)
    order = commerce.bought(of, sold, number, at=at, buyer=buyer)
    with workspace(of):
        found: Subscription = Subscription.objects.select_related("account", "workspace").get(order_id=order.id)
    return found
