"""A disputed payment in the books: held by the bank, then free again where the business wins, or gone where it loses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from plainsail.commerce.events import PaymentDisputed, PaymentReleased
from plainsail.commerce.models import CreditNote, HandRefund, Invoice, Posting
from plainsail.commerce.services import clocks, crediting, invoicing, ledger, refunding
from plainsail.commerce.services.ledger import Kind
from plainsail.commerce.services.taxing import Taxed
from plainsail.commerce.sockets import CONCESSIONS
from plainsail.kernel.events import publish
from plainsail.kernel.money import Money
from plainsail.payments import queries as payments
from plainsail.payments.models import Charge, Dispute, Refund
from plainsail.payments.services import conceding
from plainsail.payments.services import refunding as rails


@transaction.atomic
def hold(dispute_id: UUID) -> None:
    """The bank holds a payment's money: enter it, and tell. Where the customer is right it is accepted at once."""
    dispute = Dispute.objects.select_related("charge__account").get(id=dispute_id)
    invoice = _invoice_of(dispute)
    if invoice is None:
        return
    at = clocks.seller_now(dispute.created_at)
    postings = [
        ledger.debit(Kind.DISPUTES_HELD, dispute.amount),
        ledger.credit(Kind.CLEARING, dispute.amount, dispute.charge.account.code),
    ]
    if ledger.post("dispute", dispute.id, postings=postings, at=at, memo=invoice.number) is None:
        return
    is_right = dispute.is_open and any(ask(dispute, invoice) for ask in CONCESSIONS)
    publish(
        PaymentDisputed(
            invoice_id=invoice.id,
            charge_id=dispute.charge_id,
            is_accepted=is_right and conceding.accept(dispute, at=clocks.wall(at)),
            contact_id=invoice.billing_account.contact_id,
            at=at,
        )
    )


@transaction.atomic
def release(dispute_id: UUID, *, at: datetime) -> None:
    """A dispute was won: its money is entered as free again, and what couldn't be paid back meanwhile is. Once for each.

    That is what was paid beyond an invoice, and what credit notes promised. A payment that another dispute holds waits on.
    `at` is the wall's time.
    """
    dispute = Dispute.objects.select_related("charge__account").get(id=dispute_id)
    charge, invoice = dispute.charge, _invoice_of(dispute)
    if invoice is None or dispute.state != Dispute.State.WON:
        return
    hold(dispute.id)  # the news of its beginning may come second
    at = clocks.seller_now(at)
    postings = [
        ledger.debit(Kind.CLEARING, dispute.amount, charge.account.code),
        ledger.credit(Kind.DISPUTES_HELD, dispute.amount),
    ]
    if ledger.post("dispute_won", dispute.id, postings=postings, at=at, memo=invoice.number) is None:
        return
    if payments.disputed({invoice.id}):
        return
    if owed := _owed_beyond(charge):
        rails.request(charge, amount=owed, at=clocks.wall(at))
    for note in CreditNote.objects.filter(invoice=invoice).select_related("invoice").order_by("issued_at", "id"):
        refunding.pay_back(note, at=at)
    publish(
        PaymentReleased(
            invoice_id=invoice.id, charge_id=charge.id, contact_id=invoice.billing_account.contact_id, at=at
        )
    )


@transaction.atomic
def write_off(dispute_id: UUID, *, at: datetime) -> None:
    """A dispute was lost: the bank gave the money back, once for each. `at` is the wall's time.

    What was owed to the customer all the same went back with it; the rest is revenue and tax that nobody pays any more.
    """
    dispute = Dispute.objects.select_related("charge__account").get(id=dispute_id)
    invoice = _invoice_of(dispute)
    if invoice is None or dispute.state != Dispute.State.LOST:
        return
    hold(dispute.id)  # the news of its beginning may come second
    # Locked, so that nobody pays back meanwhile what the bank did.
    invoice = Invoice.objects.select_for_update(of=("self",)).select_related("billing_account").get(id=invoice.id)
    at = clocks.seller_now(at)
    if ledger.is_entered("dispute_lost", dispute.id):
        return
    owed = _settle_owed(invoice, dispute, at=at)
    postings = [
        ledger.debit(Kind.REFUNDS_PAYABLE, owed, invoice.billing_account_id),
        *_given_up(invoice, dispute.amount - owed),
        ledger.credit(Kind.DISPUTES_HELD, dispute.amount),
    ]
    ledger.post("dispute_lost", dispute.id, postings=postings, at=at, memo=invoice.number)


def _invoice_of(dispute: Dispute) -> Invoice | None:
    found: Invoice | None = (
        Invoice.objects.select_related("billing_account").filter(id=dispute.charge.subject_id).first()
    )
    return found


def _settle_owed(invoice: Invoice, dispute: Dispute, *, at: datetime) -> Money:
    """How much of a lost amount the business owed the customer anyway; notes that owed it are even from now on."""
    owed = min(_owed_beyond(dispute.charge), dispute.amount)
    for note in CreditNote.objects.filter(invoice=invoice).order_by("issued_at", "id"):
        part = min(max(refunding.owed(note), Money.zero(note.currency)), dispute.amount - owed)
        if part:
            HandRefund.objects.create(
                note=note,
                amount_minor=part.minor,
                currency=part.currency,
                how=f"Chargeback {dispute.gateway_ref}"[:200],
                at=at,
                created_at=at,
            )
            owed += part
    return owed


def _given_up(invoice: Invoice, amount: Money) -> list[ledger.Posted]:
    """An amount taken from revenue and tax, in the parts in which they are left on the invoice's lines."""
    if not invoice.number:  # its tax isn't known yet, so none of it is in the books
        return [ledger.debit(Kind.WRITE_OFF, amount)]
    left = list(crediting.left_of(invoice).values())
    found: list[ledger.Posted] = []
    parts = amount.allocate(
        _weights([one.billed.left for one in left])
        or _weights([Taxed(one.line.net_minor, one.line.tax_minor) for one in left])
    )
    for one, net, tax in zip(left, parts[::2], parts[1::2], strict=True):
        found.append(ledger.debit(Kind.REVENUE, net))
        found.append(ledger.debit(Kind.TAX, tax, invoicing.jurisdiction(invoice, one.line)))
    return found


def _weights(amounts: Sequence[Taxed]) -> list[int]:
    """Net and tax of some lines in turn; discounts, which are negative, don't count. Empty where nothing is left."""
    found = [max(0, part) for one in amounts for part in (one.net, one.tax)]
    return found if any(found) else []


def _owed_beyond(charge: Charge) -> Money:
    """What of a payment its invoice didn't take, and nobody has asked to be paid back yet."""
    entered = Posting.objects.filter(
        entry__source_type="payment", entry__source_id=charge.id, account__kind=Kind.REFUNDS_PAYABLE
    )
    beyond = -sum(entered.values_list("amount_minor", flat=True))
    asked = sum(Refund.objects.filter(charge=charge, subject_id=None).counting().values_list("amount_minor", flat=True))
    return Money(max(0, beyond - asked), charge.currency)
