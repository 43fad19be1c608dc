"""Paying back: a credit note says what, refunds of the charges carry it, the books are even when it arrives."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.events import InvoiceRefunded, OrderRefunded, RefundBounced, RefundSettled
from plainsail.commerce.models import CreditNote, HandRefund, Invoice, Order, Posting
from plainsail.commerce.services import clocks, crediting, ledger, proration
from plainsail.commerce.services.ledger import Kind
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.payments import queries as payments
from plainsail.payments.models import Charge, Dispute, Refund
from plainsail.payments.services import refunding as rails


class ExceedsPaid(Refusal):
    """More would be paid back than was paid and is still here."""

    code = "exceeds_paid"
    message = _("That is more than can still be refunded.")


class NothingPaid(Refusal):
    """The order was never paid, or was free."""

    code = "nothing_paid"
    message = _("Nothing was paid for this order, so there is nothing to refund.")


@transaction.atomic
def refund_order(order: Order, *, amount: Money, reason: str, at: datetime) -> CreditNote:
    """Refund a paid order, wholly or in part: credit note, books, and the money's way back.

    Raises NothingPaid, ExceedsPaid, Disputed.
    """
    billed = Invoice.objects.filter(order=order).exclude(state=Invoice.State.DRAFT, is_waiting=False)
    invoice = billed.order_by("issued_at").first()
    if invoice is None:
        raise NothingPaid
    return refund_invoice(invoice, amount=amount, reason=reason, at=at)


@transaction.atomic
def refund_invoice(invoice: Invoice, *, amount: Money, reason: str, at: datetime) -> CreditNote:
    """Credit a gross amount of what was paid, spread over the lines, and pay it back. Raises ExceedsPaid, Disputed."""
    locked = Invoice.objects.select_for_update().get(id=invoice.id)
    if not Money.zero(locked.currency) < amount <= locked.returnable:
        raise ExceedsPaid(field="amount")
    # What is still due is none of this: a refund gives back what was paid, so the note must not be used up by a debt.
    if locked.due.minor:
        raise ExceedsPaid(_("This invoice isn’t fully paid. Credit what is due first."))
    note = crediting.credit_amount(locked, amount=amount, reason=reason, at=at)
    pay_back(note, at=at)
    return note


@transaction.atomic
def pay_back(note: CreditNote, *, at: datetime) -> list[Refund]:
    """Ask for a note's payable part to be refunded, newest charge first; what was asked for already isn't again.

    A job sends the refunds after the commit. Raises ExceedsPaid (charges no longer hold as much), Disputed.
    """
    left = owed(note)
    charges = payments.charges_of(note.invoice_id)
    held = [payments.refundable(taken).minor for taken in charges]
    parts = proration.newest_first(left.minor, held)
    refunds: list[Refund] = []
    for taken, part in reversed(list(zip(charges, parts, strict=True))):
        if part:
            amount = Money(part, note.currency)
            refunds.append(rails.request(taken, amount=amount, at=clocks.wall(at), subject_id=note.id))
            left -= amount
        elif left.minor and taken.has_succeeded:
            _refuse_disputed(taken)
    if left.minor:
        raise ExceedsPaid(field="amount")
    if refunds:
        _tell(note, at=at)
    return refunds


def owed(note: CreditNote) -> Money:
    """What a note gives back and nobody has asked a gateway for, or sent by hand. Two queries."""
    asked = sum(Refund.objects.filter(subject_id=note.id).counting().values_list("amount_minor", flat=True))
    sent = sum(HandRefund.objects.filter(note=note).values_list("amount_minor", flat=True))
    return note.payable - Money(asked + sent, note.currency)


def _refuse_disputed(charge: Charge) -> None:
    if charge.disputes.filter(state=Dispute.State.OPEN).exists():
        raise rails.Disputed


def _tell(note: CreditNote, *, at: datetime) -> None:
    if note.invoice.order_id:
        _tell_order(note, at=at)
        return
    publish(
        InvoiceRefunded(
            invoice_id=note.invoice_id,
            credit_note_id=note.id,
            amount_minor=note.payable_minor,
            currency=note.currency,
            contact_id=note.invoice.billing_account.contact_id,
            at=at,
        )
    )


def _tell_order(note: CreditNote, *, at: datetime) -> None:
    order = Order.objects.select_related("billing_account").get(id=note.invoice.order_id)
    publish(
        OrderRefunded(
            order_id=order.id,
            credit_note_id=note.id,
            amount_minor=note.payable_minor,
            currency=note.currency,
            is_full=order.is_refunded,
            contact_id=order.billing_account.contact_id,
            at=at,
        )
    )


def send(workspace_id: UUID, refund_id: UUID, *, at: datetime) -> Refund:
    """Send a refund to the gateway right away rather than by its job, and enter the outcome. Outside any transaction."""
    with workspace(workspace_id):
        wall = clocks.wall(at)
    refund = rails.submit(workspace_id, refund_id, at=wall)
    if refund.is_final:
        with workspace(workspace_id):
            settle(refund.id)
    return refund


@transaction.atomic
def settle(refund_id: UUID) -> None:
    """Enter a refund's outcome, once: paid back, or bounced and still owed."""
    refund = Refund.objects.select_related("charge__account").get(id=refund_id)
    invoice = Invoice.objects.select_related("billing_account").filter(id=refund.charge.subject_id).first()
    if invoice is None or not refund.is_final:
        return
    at, arrived = clocks.seller_now(refund.settled_at), refund.state == Refund.State.SUCCEEDED
    postings = [
        ledger.debit(Kind.REFUNDS_PAYABLE, refund.amount, invoice.billing_account_id),
        ledger.credit(Kind.CLEARING, refund.amount, refund.charge.account.code),
    ]
    # A refund that bounced moves nothing: it stays payable. Its entry without postings says that it was told.
    is_new = ledger.post("refund", refund.id, postings=postings if arrived else [], at=at, memo=invoice.number)
    if not is_new and (arrived or not _take_back(refund, invoice, at=at)):
        return
    tell = RefundSettled if arrived else RefundBounced
    publish(
        tell(
            invoice_id=invoice.id,
            refund_id=refund.id,
            amount_minor=refund.amount_minor,
            currency=refund.currency,
            contact_id=invoice.billing_account.contact_id,
            at=at,
        )
    )


def _take_back(refund: Refund, invoice: Invoice, *, at: datetime) -> bool:
    """A refund that had arrived was sent back by the payer's bank: it is owed again. Whether that is news."""
    if not Posting.objects.filter(entry__source_type="refund", entry__source_id=refund.id).exists():
        return False
    postings = [
        ledger.debit(Kind.CLEARING, refund.amount, refund.charge.account.code),
        ledger.credit(Kind.REFUNDS_PAYABLE, refund.amount, invoice.billing_account_id),
    ]
    return ledger.post("refund_returned", refund.id, postings=postings, at=at, memo=invoice.number) is not None


def refunds_of(note: CreditNote) -> list[UUID]:
    """Ids of the refunds that carry a credit note's money back."""
    return list(Refund.objects.filter(subject_id=note.id).order_by("created_at", "id").values_list("id", flat=True))
