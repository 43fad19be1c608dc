"""Disputes in which the customer is right, because they had cancelled: accepted without a word, and with an apology."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from plainsail.commerce.models import Invoice, JournalEntry
from plainsail.commerce.services import clocks
from plainsail.kernel.money import Money
from plainsail.mail.services.letters import letter
from plainsail.payments.models import Charge, Dispute, Refund
from plainsail.payments.services import conceding as rails
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import Cancellation, Subscription
from plainsail.subscriptions.services import cancellation, letter_words, letters
from plainsail.subscriptions.services.quoting import from_json

REASON = "subscription_canceled"
"""In Stripe's words: the cardholder says that they had cancelled. Whoever says something else is answered by people."""


def is_right(dispute: Dispute, invoice: Invoice) -> bool:
    """Whether a disputed renewal was charged although its contract had been cancelled before, and nobody took that back.

    Not where the customer paid by themselves, where the charge was listed on the cancellation's receipt, or where something
    of it has gone back already: then a person decides. A handful of queries.
    """
    charge: Charge = dispute.charge
    contract = queries.of_invoice(invoice.id)
    if dispute.reason != REASON or contract is None or charge.initiator != Charge.Initiator.MERCHANT:
        return False
    goes_back = invoice.payable_minor > 0 or Refund.objects.counting().filter(charge=charge).exists()
    return not goes_back and before(contract, invoice, charge) is not None


def before(contract: Subscription, invoice: Invoice, charge: Charge) -> Cancellation | None:
    """The first cancellation that stood when a charge was taken and didn't list what was charged.

    It must still count, or have been replaced by one that does.
    """
    begun_at = _begun_at(charge)
    if queries.in_force(contract) is None:
        return None
    replaced = Q(undo__by=cancellation.SUPERSEDED, undo__undone_at__gt=begun_at)
    stood = contract.cancellations.filter(Q(undo=None) | replaced, request__received_at__lt=begun_at)
    found = stood.select_related("request", "quote").order_by("request__received_at", "id")
    return next((one for one in found if not _is_listed(one, invoice)), None)


def look_again(contract: Subscription, *, at: datetime) -> None:
    """Accept what of a contract's payments is disputed rightly, now that a declaration is known to belong to it."""
    invoices = {one.id: one for one in queries.invoices_of(contract)}
    waiting = Dispute.objects.filter(charge__subject_id__in=list(invoices), state=Dispute.State.OPEN, accepted_at=None)
    for dispute in waiting.select_related("charge").order_by("created_at", "id"):
        invoice = invoices[dispute.charge.subject_id]
        if is_right(dispute, invoice) and rails.accept(dispute, at=clocks.wall(at)):
            apologise(invoice, dispute.charge, at=at)


def _begun_at(charge: Charge) -> datetime:
    """When a charge was begun, in the seller's time: the books know when it was entered, whatever the clock did since."""
    entered = (
        JournalEntry.objects.filter(source_type="payment", source_id=charge.id).values_list("at", flat=True).first()
    )
    if entered is None or charge.settled_at is None:
        return clocks.seller_now(charge.created_at)
    begun: datetime = entered - (charge.settled_at - charge.created_at)
    return begun


def _is_listed(made: Cancellation, invoice: Invoice) -> bool:
    """Whether the receipt said that what an invoice bills is still charged, because a later end was asked for."""
    starts = {day.isoformat() for day in invoice.lines.values_list("period_start", flat=True) if day is not None}
    return bool(starts & {one.on for one in from_json(made.quote.result).charges_after})


def apologise(invoice: Invoice, charge: Charge, *, at: datetime) -> None:
    """Tell the customer that they are right and get their money back by their bank, once for each payment."""
    contract = queries.of_invoice(invoice.id)
    made = before(contract, invoice, charge) if contract is not None else None
    if contract is None or made is None:
        return
    zone = contract.timezone
    with translation.override(letters.language_of(contract)):
        amount = Money(charge.amount_minor, charge.currency).format(get_language() or "en")
        own = letter_words.said("dispute_accepted", contract, amount=amount)
        html, text = letter(
            own.subject,
            own.paragraphs,
            rows=[
                (_("Contract"), f"{contract.reference} · {contract.workspace.name}"),
                (_("Cancelled"), f"{letters.moment(made.request.received_at, zone)} ({made.request.reference})"),
                (_("Charged all the same"), f"{amount}, {letters.moment(_begun_at(charge), zone)}"),
            ],
        )
    letters.send("dispute_accepted", contract, own.subject, html, text, key=f"conceded:{charge.id}", at=at)
