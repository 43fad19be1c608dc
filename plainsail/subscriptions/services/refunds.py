"""Paying back what a cancellation promised: one credit note an invoice, to the cent of the quote."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from operator import itemgetter
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from plainsail.commerce.models import Invoice, InvoiceLine
from plainsail.commerce.services import crediting, proration, refunding
from plainsail.kernel.money import Money
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import Cancellation, Subscription
from plainsail.subscriptions.queries import PaidLine
from plainsail.subscriptions.services import letters
from plainsail.subscriptions.services.quoting import Quote, RefundLine


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
