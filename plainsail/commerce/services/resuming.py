"""Going on with an order once its buyer has entered a card at the gateway's, whether or not they came back to us.

The buyer pressed the button that names the price before they were sent there: that is what is done here, once per card.
"""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from plainsail.commerce.models import Invoice, Order
from plainsail.commerce.services import clocks, collecting, fulfilling, leading, receipts
from plainsail.kernel import clock
from plainsail.kernel.addresses import public_path
from plainsail.kernel.errors import Refusal
from plainsail.kernel.jobs import job
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.payments.models import Charge

log = logging.getLogger("plainsail.commerce")


class AlreadyTried(Refusal):
    """This card was charged for this order before, whatever came of it."""

    code = "already_tried"


@job("commerce.resume_checkout")
@outside_transaction
def resume(*, workspace_id: UUID, order_id: UUID, method_id: UUID) -> None:
    """Charge an order's card, or begin its trial, if that is still what its buyer waits for."""
    with workspace(workspace_id):
        at = clocks.seller_now(clock.now())
        order = Order.objects.filter(id=order_id, method_id=method_id, state=Order.State.OPEN).first()
    if order is None:
        return
    try:
        if order.total_minor == 0:
            with workspace(workspace_id):
                leading.refuse_order(order, at=at)
                fulfilling.fulfil(order_id, method_id=method_id, at=at)
            return
        _charge(workspace_id, order, method_id, at=at)
    except Refusal as refusal:
        # Nobody waits for this answer: the order's page says how it stands, and the buyer may try again there.
        log.info("order not charged", extra={"order_id": str(order_id), "code": refusal.code})


def _charge(workspace_id: UUID, order: Order, method_id: UUID, *, at: datetime) -> None:
    with workspace(workspace_id):
        invoice_id = Invoice.objects.filter(order=order).values_list("id", flat=True).get()
        back = public_path("commerce:payment", receipts.token_of(order))

    def check() -> None:
        if Charge.objects.filter(subject_id=invoice_id, method_id=method_id).exists():
            raise AlreadyTried

    collecting.charge(
        workspace_id, invoice_id, method_id=method_id, initiator="customer", return_path=back, check=check, at=at
    )
