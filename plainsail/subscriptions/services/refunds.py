"""Paying back what a cancellation promised: one credit note an invoice, to the cent of the quote."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby

from django.utils import translation
from django.utils.translation import gettext as _

from plainsail.commerce.models import Invoice, InvoiceLine
from plainsail.commerce.services import crediting, refunding
from plainsail.kernel.money import Money
from plainsail.subscriptions.models import Cancellation
from plainsail.subscriptions.services import letters
from plainsail.subscriptions.services.quoting import Quote


def begin(made: Cancellation, promise: Quote, *, at: datetime) -> None:
    """Credit and pay back every line of the quote; the gateway is called after the commit."""
    with translation.override(letters.language_of(made.subscription)):
        reason = _("Cancellation %(number)s") % {"number": made.request.reference}
    for invoice_id, lines in groupby(
        sorted(promise.refunds, key=lambda line: line.invoice_id), lambda line: line.invoice_id
    ):
        invoice = Invoice.objects.get(id=invoice_id)
        parts = [
            crediting.CreditPart(
                line=InvoiceLine.objects.get(id=line.line_id),
                amount=Money(line.amount_minor, promise.currency),
                of="gross",
            )
            for line in lines
        ]
        note = crediting.credit(invoice, parts=parts, reason=reason, at=at)
        refunding.pay_back(note, at=at)
