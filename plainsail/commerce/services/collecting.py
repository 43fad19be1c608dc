"""Taking what is due on an invoice: begun in a transaction, asked for outside any, entered once its outcome is known.

`begin` and `settle` live in the seller's time; payments in the wall's.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.events import (
    CheckoutDeclined,
    InvoiceDeclined,
    InvoicePaid,
)
from plainsail.commerce.models import Invoice, JournalEntry, Seller
from plainsail.commerce.services import clocks, fulfilling, invoicing, leading, ledger, sellers
from plainsail.commerce.services.ledger import Kind
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.payments.models import Charge, PaymentMethod
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
    Raises ChargeUnderway, MethodUnusable, NothingDue, SellerClosing, and what `leading.refuse_order` does.
    """
    with workspace(workspace_id):
        invoice = Invoice.objects.select_for_update(of=("self",)).select_related("order").get(id=invoice_id)
        if invoice.order is not None:
            leading.refuse_order(invoice.order, at=at)
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
        descriptor=descriptor_of(seller),
        return_path=return_path,
        at=clocks.wall(at),
    )
    # Asked once this charge is written: one that ended before can't have escaped the eye then.
    if Charge.objects.filter(_unbooked(), subject_id=invoice.id).exists():
        raise charging.ChargeUnderway
    return begun


def descriptor_of(seller: Seller) -> str:
    """What a payer reads on the statement."""
    return seller.legal_name[:22]


def is_being_paid(invoice: Invoice) -> bool:
    """Whether a payment for it is under way, or has come in and isn't in the books yet."""
    return bool(paying().filter(subject_id=invoice.id).exists())


def paying() -> QuerySet[Charge]:
    """Charges under way, and those whose payment has come in and isn't in the books yet."""
    found: QuerySet[Charge] = Charge.objects.filter(Q(state__in=Charge.OPEN) | _unbooked())
    return found


def _unbooked() -> Q:
    """Charges that have succeeded and that the books don't know yet: the money is there, the invoice still looks unpaid."""
    booked = JournalEntry.objects.filter(source_type="payment", source_id=OuterRef("id"))
    return Q(~Exists(booked), state=Charge.State.SUCCEEDED)


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
    mark_paid(invoice, taken, at=at)
    invoice.save(update_fields=PAID)
    if invoice.is_paid:
        publish(told(invoice, paid, at=at))
        if invoice.order_id:
            fulfilling.fulfil(invoice.order_id, method_id=paid.method_id, at=at)


PAID = ("paid_minor", "state", "paid_at")
"""What changes of an invoice that takes a payment."""


def mark_paid(invoice: Invoice, taken: Money, *, at: datetime) -> None:
    """An invoice as it is once it has taken a payment, from the moment that this is saved (`PAID`)."""
    invoice.paid_minor += taken.minor
    if invoice.due.minor == 0:
        invoice.state = invoice.state if invoice.is_waiting else Invoice.State.PAID
        invoice.paid_at = at


def _book(invoice: Invoice, paid: Charge, *, at: datetime) -> Money | None:
    """Enter a payment; returns how much of it the invoice took, or None where it is in the books already."""
    takes = invoice.is_waiting or invoice.state in {Invoice.State.OPEN, Invoice.State.UNCOLLECTIBLE}
    taken = min(paid.amount, invoice.due) if takes else Money.zero(paid.currency)
    fact, beyond = fact_of(invoice, paid, taken=taken), paid.amount - taken
    entry = ledger.post(fact.source_type, fact.source_id, postings=fact.postings, at=at, memo=fact.memo)
    if entry is None:
        return None
    if beyond:
        # What the bank holds can't be paid back; it is owed, and goes back once the bank has given it free.
        with suppress(rails.Disputed):
            rails.request(paid, amount=beyond, at=clocks.wall(at))
    return taken


def _drawn_from(invoice: Invoice, paid: Charge) -> ledger.Posted:
    """A transfer was booked when it came in; what is charged then is drawn from the payer's credit."""
    if paid.account.code == transfers.CODE:
        return ledger.debit(Kind.CUSTOMER_CREDIT, paid.amount, invoice.billing_account_id)
    return ledger.debit(Kind.CLEARING, paid.amount, paid.account.code)


def fact_of(invoice: Invoice, paid: Charge, *, taken: Money) -> ledger.Fact:
    """What a payment is in the books, of which the invoice takes so much."""
    is_written_off = invoice.state == Invoice.State.UNCOLLECTIBLE
    owed = ledger.credit(Kind.WRITE_OFF, taken) if is_written_off else None
    postings = [
        _drawn_from(invoice, paid),
        owed or ledger.credit(Kind.RECEIVABLE, taken, invoice.billing_account_id),
        ledger.credit(Kind.REFUNDS_PAYABLE, paid.amount - taken, invoice.billing_account_id),
    ]
    return ledger.Fact("payment", paid.id, postings, invoice.number)


def told(invoice: Invoice, paid: Charge, *, at: datetime) -> InvoicePaid:
    """That an invoice is paid, to be told."""
    return InvoicePaid(
        invoice_id=invoice.id,
        charge_id=paid.id,
        amount_minor=paid.amount_minor,
        currency=paid.currency,
        contact_id=invoice.billing_account.contact_id,
        at=at,
    )


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
