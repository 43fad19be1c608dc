"""What happens once an order is paid, or its trial begins: it is told once, and contracts begin."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from plainsail.commerce.events import OrderGivenAhead, OrderPaid
from plainsail.commerce.models import Order, OrderLine
from plainsail.commerce.sockets import RECURRING
from plainsail.kernel.events import publish


@transaction.atomic
def fulfil(order_id: UUID, *, method_id: UUID | None, at: datetime) -> bool:
    """Make an open order paid and begin the contracts of its recurring lines; False where that happened before."""
    claimed = Order.objects.filter(id=order_id, state=Order.State.OPEN).update(
        state=Order.State.PAID, paid_at=at, method_id=method_id
    )
    if not claimed:
        return False
    order = Order.objects.select_related("billing_account", "consent").get(id=order_id)
    lines = _begin(order, method_id=method_id, at=at)
    publish(
        OrderPaid(
            order_id=order.id,
            product_ids=[str(line.product_id) for line in lines],
            amount_minor=order.total_minor,
            currency=order.currency,
            contact_id=order.billing_account.contact_id,
            at=at,
        )
    )
    return True


@transaction.atomic
def give_ahead(order: Order, *, method_id: UUID, at: datetime) -> None:
    """Give what was ordered before it is paid; once. The order stays open."""
    claimed = Order.objects.filter(id=order.id, state=Order.State.OPEN, given_at=None).update(given_at=at)
    if not claimed:
        return
    _begin(order, method_id=method_id, at=at)
    publish(OrderGivenAhead(order_id=order.id, contact_id=order.billing_account.contact_id, at=at))


def _begin(order: Order, *, method_id: UUID | None, at: datetime) -> list[OrderLine]:
    """Begin the contracts of an order's recurring lines, unless they have begun; returns all lines."""
    lines = list(order.lines.select_related("price", "product").order_by("position"))
    for line in lines:
        if line.is_recurring and method_id is not None:
            for contracts in RECURRING:
                contracts.begin(order, line, payment_method_id=method_id, at=at)
    return lines
