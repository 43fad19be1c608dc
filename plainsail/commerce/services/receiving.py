"""Money that came in by bank transfer: matched by its reference, booked as the payer's credit, drawn upon for what is due.

What comes beyond an invoice stays the payer's credit and pays the next one; what is short leaves the rest open.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.models import BillingAccount, Invoice
from plainsail.commerce.services import clocks, collecting, ledger
from plainsail.commerce.services.ledger import Kind
from plainsail.kernel import clock
from plainsail.kernel.errors import Refusal
from plainsail.kernel.jobs import job
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.payments.models import PaymentMethod, Transfer
from plainsail.payments.services import transfers
from plainsail.payments.services.statements import Entry

log = logging.getLogger("plainsail.commerce")
CLAIMABLE = (Invoice.State.OPEN, Invoice.State.PAID)
"""What is cancelled or given up takes no money: it stays for a person to look at."""


class NoSuchInvoice(Refusal):
    """No open invoice by that number or reference."""

    code = "no_such_invoice"
    message = _("There is no open invoice with this number or reference.")
    field = "invoice"
    status = 422


class OtherCurrency(Refusal):
    """The money is of another currency than the invoice."""

    code = "other_currency"
    message = _("This invoice is in another currency.")
    field = "invoice"
    status = 422


class NotSetUp(Refusal):
    """No bank account is kept for the mode."""

    code = "no_bank_account"
    message = _("Enter your bank account in Settings → Payments first.")


class CreditSpent(Refusal):
    """The credit was drawn upon or paid back meanwhile."""

    code = "credit_spent"
    message = _("This credit isn’t there any more.")


@dataclass(frozen=True)
class Import:
    """What came of a statement: how many payments were new, and how many of them are matched."""

    new: int
    matched: int


def import_entries(workspace_id: UUID, entries: Sequence[Entry], *, mode: str, at: datetime) -> Import:
    """Note what a statement tells and match it; outside any transaction, `at` is the seller's time. Twice is harmless.

    Raises NotSetUp.
    """
    with workspace(workspace_id):
        account = transfers.account_of(mode)
        if account is None:
            raise NotSetUp
        new = transfers.note(account, entries, at=clocks.wall(at))
    matched = sum(match(workspace_id, transfer.id, at=at) for transfer in new)
    return Import(len(new), matched)


def match(workspace_id: UUID, transfer_id: UUID, *, at: datetime) -> bool:
    """Match a transfer by the reference in its text; False where none leads to an invoice. Outside any transaction."""
    with workspace(workspace_id):
        transfer = Transfer.objects.get(id=transfer_id)
        invoice = _named_in(transfer)
        if invoice is None or not _claim(transfer, invoice, at=at):
            return False
    draw(workspace_id, invoice.id, at=at)
    return True


def _named_in(transfer: Transfer) -> Invoice | None:
    named = transfers.references_in(transfer.text)
    rows = Invoice.objects.filter(payment_reference__in=named, currency=transfer.currency)
    found = [invoice for invoice in rows.order_by("created_at", "id") if _takes(invoice)]
    return found[0] if len(found) == 1 else None


def _takes(invoice: Invoice) -> bool:
    return invoice.is_waiting or invoice.state in CLAIMABLE


def assign(workspace_id: UUID, transfer_id: UUID, *, named: str, at: datetime) -> Invoice:
    """A person says which invoice a transfer was for, by number or reference. Outside any transaction.

    Raises NoSuchInvoice, OtherCurrency.
    """
    with workspace(workspace_id):
        transfer = Transfer.objects.get(id=transfer_id)
        compact = named.replace(" ", "").upper()
        is_named = Q(number__iexact=named.strip()) | Q(payment_reference=compact)
        invoice: Invoice | None = Invoice.objects.filter(is_named).exclude(number="").order_by("created_at").first()
        if invoice is None or not _takes(invoice):
            raise NoSuchInvoice
        if invoice.currency != transfer.currency:
            raise OtherCurrency
        _claim(transfer, invoice, at=at)
    draw(workspace_id, invoice.id, at=at)
    return invoice


def mark_paid(
    workspace_id: UUID, invoice_id: UUID, *, amount: Money, booked_on: date, payer_name: str, at: datetime
) -> Invoice:
    """A person saw a transfer for an invoice on the bank account. Outside any transaction. Raises NotSetUp, NoSuchInvoice."""
    with workspace(workspace_id):
        invoice = Invoice.objects.select_for_update().get(id=invoice_id)
        account = transfers.account_of(invoice.mode)
        if account is None:
            raise NotSetUp
        if not invoice.awaits_transfer:
            raise NoSuchInvoice
        noted = transfers.note_by_hand(
            account,
            amount=amount,
            booked_on=booked_on,
            reference=invoice.payment_reference,
            payer_name=payer_name,
            at=clocks.wall(at),
        )
        _claim(noted, invoice, at=at)
    draw(workspace_id, invoice_id, at=at)
    with workspace(workspace_id):
        found: Invoice = Invoice.objects.get(id=invoice_id)
        return found


@transaction.atomic
def _claim(transfer: Transfer, invoice: Invoice, *, at: datetime) -> bool:
    """Book a transfer as its payer's credit, once; a job draws on it should this process not get to it."""
    payer = invoice.billing_account_id
    if not transfers.claim(transfer, payer_key=payer, subject_id=invoice.id):
        return False
    postings = [
        ledger.debit(Kind.CLEARING, transfer.amount, transfers.CODE),
        ledger.credit(Kind.CUSTOMER_CREDIT, transfer.amount, payer),
    ]
    ledger.post("transfer", transfer.id, postings=postings, at=at, memo=invoice.number)
    draw_later.later(invoice_id=invoice.id)
    return True


@job("commerce.draw_transfer")
@outside_transaction
def draw_later(*, workspace_id: UUID, invoice_id: UUID) -> None:
    """Draw on a payer's credit for an invoice."""
    with workspace(workspace_id):
        at = clocks.seller_now(clock.now())
    draw(workspace_id, invoice_id, at=at)


def draw(workspace_id: UUID, invoice_id: UUID, *, at: datetime) -> None:
    """Pay what is due on an invoice from its payer's credit, as far as that goes. Outside any transaction; twice is fine."""
    with workspace(workspace_id):
        invoice = Invoice.objects.get(id=invoice_id)
        account, wall = transfers.account_of(invoice.mode), clocks.wall(at)
        if account is None or invoice.due.minor <= 0:
            return
    payer = invoice.billing_account_id
    method = transfers.method_of(workspace_id, account_id=account.id, payer_key=payer, at=wall)
    with workspace(workspace_id):
        part = min(transfers.credit(method, invoice.currency), invoice.due)
    if part.minor <= 0:
        return
    try:
        collecting.charge(workspace_id, invoice_id, method_id=method.id, initiator="customer", amount=part, at=at)
    except Refusal as refusal:
        # Paid meanwhile, or the business closes: the money stays the payer's credit, which staff see.
        log.info("credit not drawn upon", extra={"invoice_id": str(invoice_id), "code": refusal.code})


def pay_back_credit(workspace_id: UUID, account_id: UUID, *, amount: Money, at: datetime) -> None:
    """A person sent a payer's credit back. In one transaction. Raises CreditSpent."""
    with workspace(workspace_id):
        buyer = BillingAccount.objects.select_for_update().get(id=account_id)
        rows = PaymentMethod.objects.select_related("account").filter(payer_key=buyer.id, brand=PaymentMethod.TRANSFER)
        method = next((row for row in rows.order_by("id") if transfers.credit(row, amount.currency) >= amount), None)
        if method is None or amount.minor <= 0:
            raise CreditSpent
        paid_out = transfers.pay_out(method, amount=amount, at=clocks.wall(at))
        postings = [
            ledger.debit(Kind.CUSTOMER_CREDIT, amount, buyer.id),
            ledger.credit(Kind.CLEARING, amount, transfers.CODE),
        ]
        ledger.post("credit_paid_back", paid_out, postings=postings, at=at)
