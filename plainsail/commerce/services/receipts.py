"""Receipts: a page that anybody with the link may open, and a letter for each payment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from plainsail.accounts.services import hosts
from plainsail.commerce.models import CreditNote, Invoice, Order, OrderLine
from plainsail.commerce.services import clocks, withdrawing
from plainsail.commerce.sockets import RECEIPT_NOTES, ReceiptNote
from plainsail.kernel import languages
from plainsail.kernel.crypto import BadToken, sign, verify
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import current_workspace_id
from plainsail.mail.models import Delivery
from plainsail.mail.services import letters, notices, transactional
from plainsail.payments.models import Charge, Refund

RECEIPT = "commerce.receipt"
LETTER = "commerce.receipt"
REFUND_LETTER = "commerce.refund"


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """All that stands on a receipt. `invoice` is missing where nothing was charged, `order` where it is a renewal's."""

    order: Order | None
    invoice: Invoice | None
    number: str
    name: str
    email: str
    paid_at: datetime | None
    total: Money
    lines: Sequence[tuple[str, Money]]
    charge: Charge | None
    refunds: Sequence[Refund]
    waits: bool
    """Paid, and the invoice follows once VIES has answered about the buyer's id."""
    notes: Sequence[ReceiptNote]
    is_test: bool
    trial: OrderLine | None

    @property
    def first_payment(self) -> Money | None:
        """What is taken when the trial ends, as agreed to."""
        consent = self.order.consent if self.order and self.trial else None
        return Money(consent.amount_minor, consent.currency) if consent else None

    @property
    def open_amount(self) -> Money | None:
        """What is still to be paid of an invoice that nobody has paid yet; nothing where it is paid or given up."""
        billed = self.invoice
        is_open = billed is not None and billed.state == Invoice.State.OPEN and billed.due.minor > 0
        return billed.due if billed and is_open else None

    @property
    def tax(self) -> Money | None:
        return Money(self.invoice.tax_minor, self.invoice.currency) if self.invoice else None

    @property
    def reverse_charge(self) -> bool:
        """Whether the buyer owes the tax."""
        kinds = {entry.get("kind") for entry in self.invoice.document["taxes"]} if self.invoice else set()
        return "reverse_charge" in kinds


def token_of(subject: Order | Invoice) -> str:
    """The receipt's token: always the same for the same order or invoice, good for ever."""
    kind = b"o" if isinstance(subject, Order) else b"i"
    return sign(RECEIPT, kind + subject.id.bytes, at=subject.created_at.timestamp())


def url(subject: Order | Invoice) -> str:
    """Absolute address of the receipt page. One query."""
    business = Workspace.objects.get(id=current_workspace_id())
    return hosts.public_url(business, f"/receipt/{token_of(subject)}/")


def subject_of(token: str) -> Order | Invoice:
    """What a receipt's token stands for, in the open workspace. Raises BadToken."""
    payload = verify(RECEIPT, token)
    rows = {b"o": Order.objects.select_related("offer"), b"i": Invoice.objects.all()}.get(payload[:1])
    if rows is None or len(payload) != 17:
        raise BadToken
    found: Order | Invoice | None = rows.filter(id=UUID(bytes=payload[1:])).first()
    if found is None:
        raise BadToken
    return found


def receipt(subject: Order | Invoice, *, at: datetime) -> Receipt:
    """The receipt of an order or an invoice at a moment of the seller's time. A handful of queries."""
    order = subject if isinstance(subject, Order) else subject.order
    invoice = subject if isinstance(subject, Invoice) else _invoice_of(subject)
    charge = _paid_by(invoice) if invoice else None
    named = order or (invoice.billing_account if invoice else None)
    billed = invoice if invoice and (invoice.is_waiting or not invoice.is_draft) else None
    issued = billed if billed and not billed.is_draft else None
    notes = [note for ask in RECEIPT_NOTES for note in ask(issued, order, at=at)]
    notes += withdrawing.of_order(order, at=at)
    return Receipt(
        order=order,
        invoice=issued,
        number=issued.number if issued else order.number if order else "",
        name=named.name if named else "",
        email=named.email if named else "",
        paid_at=billed.paid_at if billed else order.paid_at if order else None,
        total=billed.gross if billed else order.total if order else Money(0, "EUR"),
        lines=_lines(billed, order),
        charge=charge,
        refunds=list(Refund.objects.filter(charge__subject_id=invoice.id).order_by("created_at")) if invoice else [],
        waits=bool(billed and billed.is_waiting),
        notes=notes,
        is_test=(issued or order or subject).is_test,
        trial=order.lines.filter(trial_ends_on__isnull=False).first() if order else None,
    )


def _invoice_of(order: Order) -> Invoice | None:
    return order.invoices.order_by("created_at").first()


def _paid_by(invoice: Invoice) -> Charge | None:
    charges = Charge.objects.filter(subject_id=invoice.id, state=Charge.State.SUCCEEDED).select_related("method")
    found: Charge | None = charges.order_by("-created_at").first()
    return found


def _lines(invoice: Invoice | None, order: Order | None) -> list[tuple[str, Money]]:
    if invoice is not None:
        billed = invoice.lines.order_by("position")
        return [(line.description, Money(line.gross_minor, invoice.currency)) for line in billed]
    if order is not None:
        bought = order.lines.order_by("position")
        return [(line.description, Money(line.gross_minor, order.currency)) for line in bought]
    return []


def send(invoice: Invoice, *, at: datetime) -> None:
    """Mail the receipt of a paid invoice, once, in the buyer's language. Raises Unmailable."""
    with override(language_of(invoice)):
        _send(receipt(invoice, at=at), invoice, at=at)


def send_for_order(order: Order, *, at: datetime) -> None:
    """Mail the confirmation of an order for which nothing was charged, once, in the buyer's language. Raises Unmailable."""
    with override(language_of(order)):
        _send(receipt(order, at=at), order, at=at)


def language_of(subject: Order | Invoice) -> str:
    """That of the order's checkout, else the buyer's own, else the business's."""
    order = subject if isinstance(subject, Order) else subject.order
    account = subject.billing_account
    return languages.first_known(order.locale if order else "", account.locale, account.workspace.locale)


def _send(made: Receipt, subject: Order | Invoice, *, at: datetime) -> None:
    values = {"amount": _shown(made.total), "number": made.number, "business": subject.billing_account.workspace.name}
    said = notices.said(LETTER, subject=_subject(made), paragraphs=[_opening(made)], values=values)
    letter = _letter(made, subject, said.paragraphs)
    transactional.send(
        LETTER,
        to=made.email,
        subject=said.subject,
        text=letter.text,
        html=letter.html,
        key=str(subject.id),
        at=clocks.wall(at),
        contact_id=subject.billing_account.contact_id,
        when_uncertain=Delivery.WhenUncertain.RESEND,
    )


def _subject(made: Receipt) -> str:
    facts = {"number": made.number, "amount": _shown(made.total)}
    if not made.total:
        return _("Confirmation of your order %(number)s") % facts
    if not made.number:  # a renewal whose invoice waits for its number
        return _("Your receipt: %(amount)s") % facts
    return _("Your receipt: %(amount)s (%(number)s)") % facts


def original() -> tuple[str, str]:
    """Subject and opening words of a receipt with their fields in braces, in the active language."""
    return (
        _("Your receipt: %(amount)s (%(number)s)") % {"amount": "{{amount}}", "number": "{{number}}"},
        _("Thank you for your order. It is paid; this is your receipt."),
    )


def original_refund() -> tuple[str, str]:
    """The same of a refund's letter."""
    facts = {"amount": "{{amount}}", "number": "{{number}}"}
    return (
        _("Your refund: %(amount)s (%(number)s)") % facts,
        _("%(amount)s is on its way back to the card you paid with. Banks take a few days to show it.") % facts,
    )


def _opening(made: Receipt) -> str:
    if made.order is None:
        return _("Your payment went through; this is your receipt.")
    if made.total:
        return _("Thank you for your order. It is paid; this is your receipt.")
    return _("Thank you for your order. Nothing was charged today.")


def _letter(made: Receipt, subject: Order | Invoice, opening: Sequence[str]) -> letters.Letter:
    rows = [(description, _shown(amount)) for description, amount in made.lines]
    if made.tax:
        rows.append((_("Tax included"), _shown(made.tax)))
    rows.append((_("Total"), _shown(made.total)))
    paragraphs: list[str | letters.Linked] = [*opening]
    if made.order is not None:
        paragraphs.append(_("You agreed to this: %(terms)s") % {"terms": made.order.consent.text})
    if made.waits:
        paragraphs.append(_("Your invoice follows as soon as your VAT id could be checked."))
    paragraphs += [_paragraph(note) for note in made.notes]
    if made.is_test:
        paragraphs.append(_("This is a test order: no money moved."))
    return letters.letter(
        _("Thank you") if made.order else _("Your receipt"),
        paragraphs,
        rows=rows,
        button=(_("See the receipt"), url(subject)),
        footer=_("Invoices can be downloaded from the receipt at any time."),
    )


def _paragraph(note: ReceiptNote) -> str | letters.Linked:
    return letters.Linked(note.text, note.link_label, note.link_url) if note.link_url else note.text


def _shown(amount: Money) -> str:
    return amount.format(get_language() or "en")


def send_refund(note: CreditNote, *, at: datetime) -> None:
    """Tell a buyer that money is on its way back, once for each credit note, in their language. Raises Unmailable."""
    if not notices.is_on(REFUND_LETTER):
        return
    invoice = note.invoice
    with override(language_of(invoice)):
        made = receipt(invoice, at=at)
        amount = _shown(note.payable)
        subject = _("Your refund: %(amount)s (%(number)s)") % {"amount": amount, "number": note.number}
        values = {"amount": amount, "number": note.number, "business": invoice.billing_account.workspace.name}
        said = notices.said(
            REFUND_LETTER, subject=subject, paragraphs=[_way_back(made) % {"amount": amount}], values=values
        )
        letter = letters.letter(
            _("Your refund"),
            said.paragraphs,
            rows=[(_("For invoice"), invoice.number), (_("Credit note"), note.number), (_("Refund"), amount)],
            button=(_("See the receipt"), url(invoice)),
        )
        transactional.send(
            REFUND_LETTER,
            to=made.email,
            subject=said.subject,
            text=letter.text,
            html=letter.html,
            key=str(note.id),
            at=clocks.wall(at),
            contact_id=invoice.billing_account.contact_id,
            when_uncertain=Delivery.WhenUncertain.RESEND,
        )


def _way_back(made: Receipt) -> str:
    if made.charge is not None and made.charge.method.is_by_transfer:
        return _("%(amount)s is on its way back to your bank account. It takes a few days to show there.")
    return _("%(amount)s is on its way back to the card you paid with. Banks take a few days to show it.")
