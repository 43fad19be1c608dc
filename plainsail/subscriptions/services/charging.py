"""Charging a contract's invoice to its saved method, unless somebody cancelled first."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from plainsail.commerce.models import Invoice, InvoiceLine
from plainsail.commerce.services import collecting
from plainsail.kernel.errors import Refusal
from plainsail.kernel.tenancy import workspace
from plainsail.payments.models import Charge
from plainsail.payments.services.charging import MethodUnusable
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import dunning
from plainsail.subscriptions.services.quoting import from_json

logger = logging.getLogger("plainsail.subscriptions")


class NotChargeable(Refusal):
    """The contract was cancelled or is over: nothing is taken."""

    code = "not_chargeable"


def charge(workspace_id: UUID, subscription_id: UUID, invoice_id: UUID, *, method_id: UUID, at: datetime) -> None:
    """Charge a renewal; the contract is looked at again under lock, so that a cancellation that came first wins."""

    def check() -> None:
        subscription = Subscription.objects.select_for_update().get(id=subscription_id)
        if subscription.is_ended or not may_be_taken(subscription, invoice_id):
            raise NotChargeable
        # Whoever disputes a payment in this very moment isn't charged either; the next try finds it and waits.
        if queries.disputes_of_one(subscription).is_open:
            raise NotChargeable

    try:
        done = collecting.charge(
            workspace_id, invoice_id, method_id=method_id, initiator="merchant", at=at, check=check
        )
    except MethodUnusable:
        with workspace(workspace_id):
            dunning.miss(invoice_id, at=at)
        return
    except Refusal as refusal:
        logger.info(
            "renewal not charged",
            extra={"invoice_id": invoice_id, "code": refusal.code, "workspace_id": workspace_id},
        )
        return
    follow(workspace_id, [done], at=at)


def follow(workspace_id: UUID, done: Sequence[Charge], *, at: datetime) -> None:
    """Let contracts know what became of their charges. The events say the same later; told at once, the next step of a test
    clock finds it settled."""
    if not done:
        return
    with workspace(workspace_id):
        dunning.settle_all([one.subject_id for one in done if one.has_succeeded], at=at)
        for one in done:
            if one.was_declined:
                dunning.decline(one.subject_id, charge_id=one.id, decline_class=one.decline_class, at=at)


def may_be_taken(subscription: Subscription, invoice_id: UUID) -> bool:
    """Nobody cancelled, or the cancellation's receipt names the charge: its day, and no less than its amount."""
    standing = queries.in_force(subscription)
    if standing is None:
        return True
    listed = {one.on: one.amount_minor for one in from_json(standing.quote.result).charges_after}
    lines = InvoiceLine.objects.filter(invoice_id=invoice_id, period_start__isnull=False)
    first = lines.order_by("period_start").values_list("period_start", flat=True).first()
    invoice = Invoice.objects.get(id=invoice_id)
    return first is not None and invoice.due.minor <= listed.get(first.isoformat(), -1)
