"""Taking what is due on an invoice: begun in a transaction, asked for outside any, entered once its outcome is known.

`begin` and `settle` live in the seller's time; payments in the wall's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.events import CheckoutDeclined, InvoiceDeclined, InvoicePaid, PaymentDisputed
from plainsail.commerce.models import Invoice, JournalEntry
from plainsail.commerce.services import clocks, fulfilling, invoicing, ledger, sellers
from plainsail.commerce.services.ledger import Kind
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.payments.models import Charge, Dispute, PaymentMethod
from plainsail.payments.services import charging, transfers
from plainsail.payments.services import refunding as rails


class NothingDue(Refusal):
    """The invoice is paid, cancelled or credited."""

    code = "nothing_due"
    message = _("Nothing is due on this invoice any more.")


def charge(
    workspace_id: UUID,
    invoice_id: UUID,
    *,
    method_id: UUID,
    initiator: str,
    at: datetime,
    amount: Money | None = None,
    return_path: str = "",
    check: Callable[[], None] | None = None,
) -> Charge:
    """Take what is due on an invoice, or `amount` of it; outside any transaction. `at` is the seller's time.

    `check` runs in the transaction that writes the charge down, under the invoice's lock; it raises to stop it. The charge
    that comes back has succeeded, was declined, waits for the bank's check (`action_url`), or is unknown for now.
    Raises ChargeUnderway, MethodUnusable, NothingDue, SellerClosing.
    """
    with workspace(workspace_id):
        invoice = Invoice.objects.select_for_update().get(id=invoice_id)
        if check is not None:
            check()
        method = PaymentMethod.objects.get(id=method_id)
        begun = begin(invoice, method=method, initiator=initiator, amount=amount, at=at, return_path=return_path)
    return complete(workspace_id, begun.id, at=at)


@transaction.atomic
def begin(
    invoice: Invoice,
    *,
    method: PaymentMethod,
    initiator: str,
    at: datetime,
    amount: Money | None = None,
    return_path: str = "",
) -> Charge:
    """Write down a charge for what is due on a draft or an open invoice, or `amount` of it. `complete` it after the commit.

    Raises ChargeUnderway, MethodUnusable, NothingDue, SellerClosing.
    """
    seller = sellers.selling(at=at)
    invoice = Invoice.objects.select_for_update().get(id=invoice.id)
    if invoice.state not in {Invoice.State.DRAFT, Invoice.State.OPEN} or invoice.due.minor <= 0:
        raise NothingDue
    begun = charging.begin(
        method,
        subject_id=invoice.id,
        amount=min(amount, invoice.due) if amount else invoice.due,
        initiator=Charge.Initiator(initiator),
        descriptor=seller.legal_name[:22],
        return_path=return_path,
        at=clocks.wall(at),
    )
    # Asked once this charge is written: one that ended before can't have escaped the eye then.
    if _is_paid_but_not_booked(invoice):
        raise charging.ChargeUnderway
    return begun


def is_being_paid(invoice: Invoice) -> bool:
    """Whether a payment for it is under way, or has come in and isn't in the books yet."""
    return bool(Charge.objects.open().filter(subject_id=invoice.id).exists()) or _is_paid_but_not_booked(invoice)


def _is_paid_but_not_booked(invoice: Invoice) -> bool:
    """Whether a charge has succeeded that the books don't know yet: its money is there, the invoice still looks unpaid."""
    booked = JournalEntry.objects.filter(source_type="payment", source_id=OuterRef("id"))
    succeeded = Charge.objects.filter(subject_id=invoice.id, state=Charge.State.SUCCEEDED)
    return bool(succeeded.filter(~Exists(booked)).exists())


def complete(workspace_id: UUID, charge_id: UUID, *, at: datetime) -> Charge:
    """Ask the gateway for a charge that was begun, and enter the outcome. Outside any transaction."""
    with workspace(workspace_id):
        wall = clocks.wall(at)
    done = charging.submit(workspace_id, charge_id, at=wall)
    return enter(workspace_id, done)


def look_up(workspace_id: UUID, charge_id: UUID, *, at: datetime) -> Charge:
    """Ask again what became of a charge, and enter it. Outside any transaction."""
    with workspace(workspace_id):
        wall = clocks.wall(at)
    return enter(workspace_id, charging.look_up(workspace_id, charge_id, at=wall))


def give_up(workspace_id: UUID, charge_id: UUID, *, at: datetime) -> Charge:
    """End a charge that waits for its payer; if it was paid meanwhile, that is entered. Outside any transaction."""
    with workspace(workspace_id):
        wall = clocks.wall(at)
    return enter(workspace_id, charging.give_up(workspace_id, charge_id, at=wall))


def enter(workspace_id: UUID, done: Charge) -> Charge:
    """Enter a charge's outcome right away, rather than when its event is heard."""
    with workspace(workspace_id):
        if done.has_succeeded:
            settle(done.id)
        elif done.was_declined:
            note_decline(done.id)
    return done


@transaction.atomic
def settle(charge_id: UUID) -> None:
    """Enter a charge that succeeded: the invoice is numbered if it wasn't, booked as paid, and what was bought is given.

    One that waits for VIES is paid as a draft: waiting keeps nobody from what they bought.
    Once for each charge, however often it is told. What is paid beyond what is due goes back.
    """
    paid = Charge.objects.select_related("account").get(id=charge_id)
    invoice = Invoice.objects.select_for_update().filter(id=paid.subject_id).first()
    if invoice is None or not paid.has_succeeded:
        return
    at = clocks.seller_now(paid.settled_at)
    if invoice.is_draft and not invoice.is_waiting:
        invoice = invoicing.finalize(invoice, at=at)
    taken = _book(invoice, paid, at=at)
    if taken is None or not taken.minor:
        return
    invoice.paid_minor += taken.minor
    if invoice.due.minor == 0:
        invoice.state = invoice.state if invoice.is_waiting else Invoice.State.PAID
        invoice.paid_at = at
    invoice.save(update_fields=["paid_minor", "state", "paid_at"])
    if invoice.is_paid:
        _tell(invoice, paid, at=at)


def _book(invoice: Invoice, paid: Charge, *, at: datetime) -> Money | None:
    """Enter a payment; returns how much of it the invoice took, or None where it is in the books already."""
    is_written_off = invoice.state == Invoice.State.UNCOLLECTIBLE
    takes = invoice.is_waiting or invoice.state in {Invoice.State.OPEN, Invoice.State.UNCOLLECTIBLE}
    taken = min(paid.amount, invoice.due) if takes else Money.zero(paid.currency)
    owed = ledger.credit(Kind.WRITE_OFF, taken) if is_written_off else None
    beyond = paid.amount - taken
    entry = ledger.post(
        "payment",
        paid.id,
        postings=[
            _drawn_from(invoice, paid),
            owed or ledger.credit(Kind.RECEIVABLE, taken, invoice.billing_account_id),
            ledger.credit(Kind.REFUNDS_PAYABLE, beyond, invoice.billing_account_id),
        ],
        at=at,
        memo=invoice.number,
    )
    if entry is None:
        return None
    if beyond:
        rails.request(paid, amount=beyond, at=clocks.wall(at))
    return taken


def _drawn_from(invoice: Invoice, paid: Charge) -> ledger.Posted:
    """A transfer was booked when it came in; what is charged then is drawn from the payer's credit."""
    if paid.account.code == transfers.CODE:
        return ledger.debit(Kind.CUSTOMER_CREDIT, paid.amount, invoice.billing_account_id)
    return ledger.debit(Kind.CLEARING, paid.amount, paid.account.code)


def _tell(invoice: Invoice, paid: Charge, *, at: datetime) -> None:
    contact_id = invoice.billing_account.contact_id
    publish(
        InvoicePaid(
            invoice_id=invoice.id,
            charge_id=paid.id,
            amount_minor=paid.amount_minor,
            currency=paid.currency,
            contact_id=contact_id,
            at=at,
        )
    )
    if invoice.order_id:
        fulfilling.fulfil(invoice.order_id, method_id=paid.method_id, at=at)


@transaction.atomic
def note_decline(charge_id: UUID) -> None:
    """Tell that a charge for an invoice was declined; once for each charge."""
    failed = Charge.objects.get(id=charge_id)
    invoice = Invoice.objects.select_related("billing_account").filter(id=failed.subject_id).first()
    # An entry without postings marks the fact as told, whoever comes first: the request or the event.
    if invoice is None or ledger.post("decline", failed.id, postings=[], at=failed.settled_at) is None:
        return
    at, contact_id = clocks.seller_now(failed.settled_at), invoice.billing_account.contact_id
    publish(
        InvoiceDeclined(
            invoice_id=invoice.id,
            charge_id=failed.id,
            decline_class=failed.decline_class,
            decline_code=failed.decline_code,
            initiator=failed.initiator,
            contact_id=contact_id,
            at=at,
        )
    )
    if invoice.order_id and invoice.is_draft:
        publish(
            CheckoutDeclined(
                order_id=invoice.order_id, decline_class=failed.decline_class, contact_id=contact_id, at=at
            )
        )


@transaction.atomic
def hold_disputed(dispute_id: UUID) -> None:
    """The bank holds a payment's money: enter it, and tell."""
    dispute = Dispute.objects.select_related("charge__account").get(id=dispute_id)
    invoice = Invoice.objects.select_related("billing_account").filter(id=dispute.charge.subject_id).first()
    if invoice is None:
        return
    at = clocks.seller_now(dispute.created_at)
    postings = [
        ledger.debit(Kind.DISPUTES_HELD, dispute.amount),
        ledger.credit(Kind.CLEARING, dispute.amount, dispute.charge.account.code),
    ]
    if ledger.post("dispute", dispute.id, postings=postings, at=at, memo=invoice.number) is None:
        return
    publish(
        PaymentDisputed(
            invoice_id=invoice.id,
            charge_id=dispute.charge_id,
            contact_id=invoice.billing_account.contact_id,
            at=at,
        )
    )
