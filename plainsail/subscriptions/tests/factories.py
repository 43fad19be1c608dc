"""Contracts for tests, begun by buying, as people begin them."""

from __future__ import annotations

from datetime import datetime

from plainsail.commerce.tests import factories as commerce
from plainsail.commerce.tests.factories import MAREN, NOON
from plainsail.kernel.tenancy import workspace
from plainsail.payments.tests.factories import PAYS, saved
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import contracts, paying, renewal


def subscribed(of, *, minor: int = 2900, number: str = PAYS, at: datetime = NOON, buyer=MAREN, **terms) -> Subscription:
    """A contract bought with a card: €29.00 a month unless said otherwise. Leaves the workspace closed."""
    with workspace(of):
        sold = commerce.monthly(minor=minor, **terms)
    order = commerce.bought(of, sold, number, at=at, buyer=buyer)
    with workspace(of):
        found: Subscription = Subscription.objects.select_related("account", "workspace").get(order_id=order.id)
    return found


def combined(of, *intervals: str, minor: int = 2900, number: str = PAYS, at: datetime = NOON) -> Subscription:
    """A plan with add-ons, each with its own interval (`month`, `year`, …) and the same price; its first period is charged."""
    with workspace(of):
        account = commerce.account()
        prices = [commerce.offer(minor=minor, interval=interval).price for interval in intervals]
    method = saved(of, number, payer_key=account.pk, at=at)
    with workspace(of):
        made = contracts.open_contract(account, prices=prices, payment_method_id=method.pk, at=at)
    renewal.renew(of.pk, made.pk, at=at)
    with workspace(of):
        made.refresh_from_db()
    return made


def charged_by(contract: Subscription, number: str) -> None:
    """From now on another card pays."""
    method = saved(contract.workspace, number, payer_key=contract.account_id)
    with workspace(contract.workspace_id):
        paying.change_method(contract, method)
