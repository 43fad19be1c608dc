"""The letter about money of a renewal that is on its way back. An order's refund has commerce's own."""

from __future__ import annotations

from datetime import datetime

from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from plainsail.commerce.models import CreditNote
from plainsail.commerce.services import receipts
from plainsail.mail.services import notices
from plainsail.mail.services.letters import letter
from plainsail.subscriptions import queries
from plainsail.subscriptions.services import letter_words, letters


def tell(note: CreditNote, *, at: datetime) -> None:
    """Tell the customer of a contract what a credit note gives back, once for each; nobody where it bills no contract."""
    contract = queries.of_invoice(note.invoice_id)
    if contract is None or not notices.is_on(letter_words.key_of("refund")):
        return
    with translation.override(letters.language_of(contract)):
        amount = note.payable.format(get_language() or "en")
        own = letter_words.said("refund", contract, amount=amount)
        html, text = letter(
            own.subject,
            own.paragraphs,
            rows=[
                (_("Contract"), f"{contract.reference} · {contract.workspace.name}"),
                (_("For invoice"), note.invoice.number),
                (_("Credit note"), note.number),
                (_("Reason"), note.reason),
                (_("Refund"), amount),
            ],
            button=(_("See the receipt"), receipts.url(note.invoice)),
        )
    letters.send("refund", contract, own.subject, html, text, key=f"refunded:{note.id}", at=at)
