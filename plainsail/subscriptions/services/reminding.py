"""Contracts that are paid by bank transfer: each renewal asks for its money, and reminders take the place of further charges.

The customer has the seller's days to pay; from then on the contract's policy for declined charges counts, by mail only.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from plainsail.commerce.models import Invoice
from plainsail.commerce.services import clocks, sellers, transfer_orders
from plainsail.kernel import due
from plainsail.kernel.periods import day_start, local_date
from plainsail.kernel.tenancy import workspace
from plainsail.payments.models import PaymentMethod
from plainsail.payments.services import transfers
from plainsail.subscriptions.models import DunningCase, Subscription
from plainsail.subscriptions.services import dunning, ending


def is_by_transfer(subscription: Subscription) -> bool:
    """Whether the customer sends the money. One query."""
    rows = PaymentMethod.objects.filter(id=subscription.payment_method_id, brand=PaymentMethod.TRANSFER)
    return bool(subscription.payment_method_id and rows.exists())


def terms(subscription: Subscription, *, at: datetime) -> tuple[str, date | None]:
    """A new invoice's payment reference and the day it is to be paid by; neither where it is charged."""
    if not is_by_transfer(subscription):
        return "", None
    account = transfers.account_of(sellers.of_workspace(at=at).mode)
    to = transfers.details(account) if account else None
    if to is None:
        return "", None
    return transfer_orders.new_reference(), local_date(at, subscription.timezone) + timedelta(days=to.days)


def chase(workspace_id: UUID, invoice_id: UUID, *, at: datetime) -> None:
    """Ask for a renewal's money, or remind of it once its days are over. Outside any transaction; twice is fine."""
    with workspace(workspace_id):
        is_asked_for = Invoice.objects.get(id=invoice_id).payment_reference != ""
        if not is_asked_for:
            dunning.miss(invoice_id, at=at)
            return
    transfer_orders.tell(workspace_id, invoice_id, at=at)
    with workspace(workspace_id):
        _go_on(Invoice.objects.get(id=invoice_id), at=at)


def _go_on(invoice: Invoice, *, at: datetime) -> None:
    if invoice.is_paid:
        # The event says the same later; told at once, the next step of a test clock finds it settled.
        dunning.settle(invoice.id, at=at)
        return
    case = DunningCase.objects.select_for_update(of=("self",)).select_related("subscription").get(invoice_id=invoice.id)
    if case.closed_at is not None:
        return
    overdue_at = day_start((invoice.due_on or at.date()) + timedelta(days=1), case.subscription.timezone)
    if at >= overdue_at:
        dunning.remind(invoice.id, since=overdue_at, at=at)
        return
    case.next_try_at = overdue_at
    case.save(update_fields=["next_try_at"])
    due.schedule(ending.CONTRACTS, clocks.wall(overdue_at))
