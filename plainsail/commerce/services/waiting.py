"""Invoices that wait for VIES: asked about again and again, then taxed by what is found, numbered, and told to both sides."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from plainsail.commerce.events import VatIdAnswered
from plainsail.commerce.models import Invoice, Order, VatAnswer, VatCheck
from plainsail.commerce.services import clocks, invoicing, ledger, places, vat_checks
from plainsail.commerce.services.ledger import Kind
from plainsail.kernel import due
from plainsail.kernel.events import publish
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.payments import queries as payments
from plainsail.payments.services import refunding as rails

AGAIN = timedelta(minutes=30)
"""Registers are down for minutes or a night; VIES asks not to be pressed."""
AT_ONCE = 50
"""Ids asked about in one round, those asked longest ago first: a round of time-outs ends well within its ten minutes."""


@due.runs(invoicing.WAITING)
@outside_transaction
def run(*, workspace_id: UUID, at: datetime) -> datetime | None:
    """Ask about every id that an invoice waits for; returns when to ask again, if any still waits."""
    with workspace(workspace_id):
        now, waiting = clocks.seller_now(at), _waiting_ids()
    for vat_id in waiting:
        ask(workspace_id, vat_id, at=now)
    with workspace(workspace_id):
        return at + AGAIN if Invoice.objects.filter(is_waiting=True).exists() else None


def _waiting_ids() -> list[str]:
    buyers = Invoice.objects.filter(is_waiting=True).values_list("buyer", flat=True)
    ids = {buyer["vat_id"] for buyer in buyers}
    asked = dict(VatCheck.objects.filter(vat_id__in=ids).values_list("vat_id").annotate(Max("at")).order_by())
    return sorted(ids, key=lambda vat_id: (vat_id in asked, asked.get(vat_id), vat_id))[:AT_ONCE]


def ask(workspace_id: UUID, vat_id: str, *, at: datetime) -> bool:
    """Ask VIES about an id and, if it answers, finalize what waits for it; `at` is the seller's time. Outside any transaction."""
    answer = vat_checks.ask_again(workspace_id, vat_id, at=at)
    if answer == "pending":
        return False
    with workspace(workspace_id):
        orders = Order.objects.filter(vat_id=vat_id, vat_check=VatAnswer.PENDING)
        orders.update(vat_check=answer)
        ids = Invoice.objects.filter(is_waiting=True, buyer__vat_id=vat_id).order_by("created_at", "id")
        waiting = list(ids.values_list("id", flat=True))
    for invoice_id in waiting:
        with workspace(workspace_id):
            settle(invoice_id, answer=answer, at=at)
    return True


@transaction.atomic
def settle(invoice_id: UUID, *, answer: str, at: datetime) -> None:
    """Tax an invoice that waits by what VIES found, number it, and pay back what was paid beyond its new total. Once."""
    invoice = Invoice.objects.select_for_update().filter(id=invoice_id, is_waiting=True).first()
    if invoice is None:
        return
    paid = Money(invoice.paid_minor, invoice.currency)
    named = places.of_row({**invoice.buyer, "vat_check": answer})
    # As on the day of the sale: its rates, whenever the answer comes.
    invoice = invoicing.retax(invoice, named=named, at=invoice.created_at)
    beyond = paid - Money(invoice.paid_minor, invoice.currency)
    invoice = invoicing.issue_now(invoice, at=at)
    if beyond:
        _return(invoice, beyond, at=at)
    publish(
        VatIdAnswered(
            invoice_id=invoice.id,
            vat_id=named.vat_id,
            is_valid=answer == "valid",
            returned_minor=beyond.minor,
            currency=invoice.currency,
            contact_id=invoice.billing_account.contact_id,
            at=at,
        )
    )


def _return(invoice: Invoice, beyond: Money, *, at: datetime) -> None:
    """The tax that was charged for want of an answer goes back, newest charge first."""
    account = invoice.billing_account_id
    postings = [ledger.debit(Kind.RECEIVABLE, beyond, account), ledger.credit(Kind.REFUNDS_PAYABLE, beyond, account)]
    ledger.post("vat_answer", invoice.id, postings=postings, at=at, memo=invoice.number)
    # What a bank is looking into stays owed until it has decided; a person sees it in the books.
    is_disputed = invoice.id in payments.disputed({invoice.id})
    left = beyond
    for charge in [] if is_disputed else reversed(payments.charges_of(invoice.id)):
        part = min(left, payments.refundable(charge))
        if part:
            rails.request(charge, amount=part, at=clocks.wall(at))
            left -= part
    if invoice.order_id:
        order = Order.objects.select_for_update().get(id=invoice.order_id)
        order.refunded_minor += beyond.minor
        order.save(update_fields=["refunded_minor"])
