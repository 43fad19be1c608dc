"""Paying back what a cancellation promised: one credit note an invoice, to the cent of the quote."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from plainsail.commerce.models import Invoice, InvoiceLine
from plainsail.commerce.services import crediting, ledger, proration, refunding
from plainsail.commerce.services.proration import Billed
from plainsail.kernel.money import Money
from plainsail.payments import queries as payments
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import Cancellation, Subscription
from plainsail.subscriptions.queries import PaidLine
from plainsail.subscriptions.services import letters
from plainsail.subscriptions.services.quoting import Quote, RefundLine, from_json


def begin(made: Cancellation, promise: Quote, *, at: datetime) -> None:
    """Credit and pay back every line of the quote; the gateway is called after the commit."""
    with translation.override(letters.language_of(made.subscription)):
        reason = _("Cancellation %(number)s") % {"number": made.request.reference}
    pay(promise, reason=reason, at=at)


def pay(promise: Quote, *, reason: str, at: datetime) -> None:
    """Credit and pay back what a quote promised, for a reason that stands on the notes."""
    for invoice_id, lines in groupby(
        sorted(promise.refunds, key=lambda line: line.invoice_id), lambda line: line.invoice_id
    ):
        invoice = Invoice.objects.get(id=invoice_id)
        parts = [_part(line, promise.currency) for line in lines]
        note = crediting.credit(invoice, parts=parts, reason=reason, at=at)
        refunding.pay_back(note, at=at)


@transaction.atomic
def pay_held(invoice_id: UUID, *, at: datetime) -> None:
    """A dispute was won: pay back what the cancellation in force promised of its payment. Once, however often it is told.

    Less only where something of it was credited meanwhile.
    """
    contract = queries.of_invoice(invoice_id)
    standing = queries.in_force(contract) if contract is not None else None
    if contract is None or standing is None:
        return
    promise = from_json(standing.quote.result)
    lines = [line for line in promise.held if line.invoice_id == str(invoice_id)]
    # An entry without postings marks it as done.
    if not lines or ledger.post("held_refund", invoice_id, postings=[], at=at) is None:
        return
    left = crediting.billed_lines({invoice_id})
    parts = [_part(_at_most(line, left[UUID(line.line_id)]), promise.currency) for line in lines]
    if parts := [part for part in parts if part.amount]:
        with translation.override(letters.language_of(contract)):
            reason = _("Cancellation %(number)s") % {"number": standing.request.reference}
        note = crediting.credit(Invoice.objects.get(id=invoice_id), parts=parts, reason=reason, at=at)
        refunding.pay_back(note, at=at)


def _at_most(line: RefundLine, billed: Billed) -> RefundLine:
    net = None if line.net_minor is None else min(line.net_minor, billed.left.net)
    return replace(line, amount_minor=min(line.amount_minor, billed.left.gross), net_minor=net)


def give_back_unserved(
    subscription: Subscription, *, since: datetime, at: datetime, invoice_id: UUID | None = None
) -> None:
    """Credit and pay back, by days, what is paid for after a moment, of one invoice or of all. Leaves out what is disputed."""
    lines = [
        (line.invoice_id, part)
        for line in queries.unserved(subscription, at=since)
        if invoice_id is None or line.invoice_id == str(invoice_id)
        if (part := _unserved(line, subscription, since=since)).amount
    ]
    with translation.override(letters.language_of(subscription)):
        reason = _("Contract %(number)s ended early") % {"number": subscription.reference}
    for key, parts in groupby(sorted(lines, key=itemgetter(0)), itemgetter(0)):
        note = crediting.credit(
            Invoice.objects.get(id=key), parts=[part for _invoice_id, part in parts], reason=reason, at=at
        )
        refunding.pay_back(note, at=at)


def give_back_unopened(subscription: Subscription, invoice: Invoice, *, at: datetime) -> None:
    """Credit and pay back, in full, what was paid once and too late for a contract that is over: nothing was opened for it."""
    items = subscription.items.filter(interval_unit="").values("id")
    lines = InvoiceLine.objects.filter(invoice=invoice, item_id__in=items, period_start=None).order_by("position")
    left = crediting.left_to_credit(invoice)
    parts = [crediting.CreditPart(line=line, amount=left[line.id]) for line in lines if left[line.id]]
    if not parts or payments.disputed({invoice.id}):
        return
    with translation.override(letters.language_of(subscription)):
        reason = _("Contract %(number)s ended early") % {"number": subscription.reference}
    refunding.pay_back(crediting.credit(invoice, parts=parts, reason=reason, at=at), at=at)


def _unserved(line: PaidLine, subscription: Subscription, *, since: datetime) -> crediting.CreditPart:
    cut = line.billed.by_part(proration.unused(line.period, at=since, zone=subscription.timezone))
    return crediting.CreditPart(
        line=InvoiceLine.objects.get(id=line.line_id),
        amount=Money(cut.gross if line.billed.is_inclusive else cut.net, subscription.currency),
        of="gross" if line.billed.is_inclusive else "net",
    )


def _part(promised: RefundLine, currency: str) -> crediting.CreditPart:
    """Cut as it was quoted, so that the same cents come out."""
    line = InvoiceLine.objects.get(id=promised.line_id)
    if promised.net_minor is None:
        return crediting.CreditPart(line=line, amount=Money(promised.amount_minor, currency), of="gross")
    return crediting.CreditPart(line=line, amount=Money(promised.net_minor, currency), of="net")
