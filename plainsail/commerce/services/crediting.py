"""Credit notes: taking back an invoice or a part of it. Rounded over all notes of a line, so the last comes out even."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine, NumberSeries, Order
from plainsail.commerce.services import documents, einvoices, ledger, numbering, proration, sellers
from plainsail.commerce.services.invoicing import earned_on, jurisdiction, stop_waiting
from plainsail.commerce.services.ledger import Kind
from plainsail.commerce.services.proration import Billed, ExceedsBilled
from plainsail.commerce.services.taxing import NOTHING, Taxable, Taxed
from plainsail.kernel.errors import Refusal
from plainsail.kernel.ids import new_id
from plainsail.kernel.money import BadMoney, Money


class ExceedsLine(Refusal):
    """More would be credited than a line, or the whole invoice, still has."""

    code = "exceeds_line"
    message = _("That is more than is left to credit.")


class NotIssued(Refusal):
    """A draft has nothing to credit."""

    code = "not_issued"
    message = _("This invoice isn’t issued yet.")


@dataclass(frozen=True, kw_only=True)
class CreditPart:
    """How much of a line to take back, net or gross, in minor units of the invoice's currency."""

    line: InvoiceLine
    amount: Money
    of: Literal["gross", "net"] = "gross"


@dataclass(frozen=True)
class Left:
    """A line with what earlier notes took of it."""

    line: InvoiceLine
    billed: Billed

    @property
    def gross(self) -> int:
        """What is left of the line's gross."""
        return self.billed.left.gross

    def slice_of(self, part: CreditPart) -> Taxed:
        """Net and tax of the next part. Raises ExceedsLine."""
        cut = self.billed.by_gross if part.of == "gross" else self.billed.by_net
        try:
            return cut(part.amount.minor)
        except ExceedsBilled as error:
            raise ExceedsLine from error


@transaction.atomic
def credit(invoice: Invoice, *, parts: Sequence[CreditPart], reason: str, at: datetime) -> CreditNote:
    """Take back parts of lines, one part a line. What is still due goes first; the rest is to be paid back.

    Raises ExceedsLine, NotIssued, BadMoney (another currency).
    """
    locked = _locked(invoice, at=at)
    left = left_of(locked)
    slices = {part.line.id: _slice(locked, left, part) for part in parts}
    if len(slices) != len(parts):
        raise ExceedsLine
    return _write(locked, slices, left, reason=reason, at=at)


def _slice(invoice: Invoice, left: dict[UUID, Left], part: CreditPart) -> Taxed:
    if part.amount.currency != invoice.currency:
        raise BadMoney(f"{part.amount.currency} and {invoice.currency} don’t mix.")
    if part.line.id not in left:
        raise ExceedsLine
    return left[part.line.id].slice_of(part)


@transaction.atomic
def credit_amount(invoice: Invoice, *, amount: Money, reason: str, at: datetime) -> CreditNote:
    """Take back a gross amount, spread over the lines by what is left of each (largest remainder).

    Raises ExceedsLine, NotIssued, BadMoney.
    """
    locked = _locked(invoice, at=at)
    left = left_of(locked)
    total = Money(sum(one.gross for one in left.values()), locked.currency)
    if not Money.zero(locked.currency) < amount <= total:
        raise ExceedsLine
    slices = {
        one.line.id: one.slice_of(CreditPart(line=one.line, amount=share))
        for one, share in _spread(amount, total, list(left.values()))
        if share.minor
    }
    return _write(locked, slices, left, reason=reason, at=at)


def _spread(amount: Money, total: Money, everything: list[Left]) -> list[tuple[Left, Money]]:
    """All of everything is each line's rest, deductions included; a part is taken from the lines above zero."""
    if amount == total:
        return [(one, Money(one.gross, amount.currency)) for one in everything]
    positive = [one for one in everything if one.gross > 0]
    shares = amount.allocate([one.gross for one in positive])
    return list(zip(positive, shares, strict=True))


@transaction.atomic
def void(invoice: Invoice, *, reason: str, at: datetime) -> CreditNote | None:
    """Take back everything still due; None where nothing is. An invoice on which nothing was paid is cancelled,

    and its periods may be billed anew.
    """
    locked = _locked(invoice, at=at)
    if locked.due.minor <= 0:
        return None
    note = credit_amount(locked, amount=locked.due, reason=reason, at=at)
    if locked.paid_minor == 0:
        Invoice.objects.filter(id=locked.id).update(state=Invoice.State.VOID)
        InvoiceLine.objects.filter(invoice_id=locked.id).update(is_voided=True)
    return note


def _locked(invoice: Invoice, *, at: datetime) -> Invoice:
    locked: Invoice = (
        Invoice.objects.select_for_update(of=("self",)).select_related("billing_account", "order").get(id=invoice.id)
    )
    if locked.is_waiting:
        # What goes back is taken off a document: this one waits no longer, and was charged as a consumer's.
        locked = stop_waiting(locked, at=at)
    if locked.is_draft:
        raise NotIssued
    return locked


def left_of(invoice: Invoice) -> dict[UUID, Left]:
    """Each line of an invoice with what was taken of it, in order. Two queries."""
    lines = list(invoice.lines.order_by("position"))
    billed = _billed(lines, invoice.rounding, _taken(line.id for line in lines))
    return {line.id: Left(line, billed[line.id]) for line in lines}


def billed_lines(invoice_ids: Iterable[UUID]) -> dict[UUID, Billed]:
    """Every line of some invoices with what was taken of it, by its id. Two queries for any number of invoices."""
    found = InvoiceLine.objects.filter(invoice_id__in=list(invoice_ids)).select_related("invoice")
    lines = list(found.order_by("invoice_id", "position"))
    taken = _taken(line.id for line in lines)
    billed: dict[UUID, Billed] = {}
    for _invoice_id, group in groupby(lines, lambda line: line.invoice_id):
        together = list(group)
        billed |= _billed(together, together[0].invoice.rounding, taken)
    return billed


def _billed(lines: Sequence[InvoiceLine], rounding: str, taken: Mapping[UUID, Taxed]) -> dict[UUID, Billed]:
    taxed = [
        (
            Taxable(line.unit_minor * line.quantity, line.tax_rate, line.tax_behavior),
            Taxed(line.net_minor, line.tax_minor),
        )
        for line in lines
    ]
    found = zip(lines, proration.billed(taxed, rounding), strict=True)
    return {line.id: one.less(taken.get(line.id, NOTHING)) for line, one in found}


def _taken(line_ids: Iterable[UUID]) -> dict[UUID, Taxed]:
    """What all notes took of some lines, where any did."""
    notes = CreditNoteLine.objects.filter(invoice_line_id__in=list(line_ids)).values("invoice_line_id")
    sums = notes.annotate(net=Sum("net_minor"), tax=Sum("tax_minor")).order_by()
    return {row["invoice_line_id"]: Taxed(int(row["net"]), int(row["tax"])) for row in sums}


def left_to_credit(invoice: Invoice) -> dict[UUID, Money]:
    """Gross that is left of each line, by the line's id."""
    return {line_id: Money(one.gross, invoice.currency) for line_id, one in left_of(invoice).items()}


def _write(
    invoice: Invoice, slices: dict[UUID, Taxed], left: dict[UUID, Left], *, reason: str, at: datetime
) -> CreditNote:
    net = sum(one.net for one in slices.values())
    tax = sum(one.tax for one in slices.values())
    if net + tax < 0:
        raise ExceedsLine
    # What the invoice still asks for once this is credited; on one that isn't open nothing is due any more.
    due = invoice.due.minor if invoice.state == Invoice.State.OPEN else 0
    paid = invoice.returnable.minor
    goes = proration.split(net + tax, paid=paid, used=paid + due - net - tax)
    number, at = numbering.take(NumberSeries.Series.CREDIT_NOTE, mode=invoice.mode, at=at)
    note = CreditNote(
        id=new_id(),
        number=number,
        invoice=invoice,
        reason=reason[:200],
        currency=invoice.currency,
        net_minor=net,
        tax_minor=tax,
        gross_minor=net + tax,
        receivable_minor=goes.credit,
        payable_minor=goes.refund,
        issued_at=at,
        created_at=at,
    )
    if note.payable_minor > invoice.returnable.minor:
        raise ExceedsLine
    lines = [
        CreditNoteLine(
            note=note,
            invoice_line=left[line_id].line,
            net_minor=one.net,
            tax_minor=one.tax,
            gross_minor=one.gross,
            created_at=at,
        )
        for line_id, one in slices.items()
    ]
    seller = sellers.of_workspace(at=at)
    note.document = documents.of_credit_note(note, lines, seller=seller, buyer=invoice.billing_account, at=at)
    note.document_hash = documents.seal(note.document)
    note.einvoice = einvoices.of(note.document)
    note.einvoice_hash = einvoices.seal(note.einvoice) if note.einvoice else ""
    note.save(force_insert=True)
    CreditNoteLine.objects.bulk_create(lines)
    _book(invoice, note, lines, at=at)
    _settle(invoice, note, at=at)
    return note


def _book(invoice: Invoice, note: CreditNote, lines: Sequence[CreditNoteLine], *, at: datetime) -> None:
    currency, account = note.currency, invoice.billing_account_id
    postings = [
        ledger.credit(Kind.RECEIVABLE, Money(note.receivable_minor, currency), account),
        ledger.credit(Kind.REFUNDS_PAYABLE, note.payable, account),
    ]
    for line in lines:
        postings.append(ledger.debit(earned_on(line.invoice_line), Money(line.net_minor, currency)))
        subject = jurisdiction(invoice, line.invoice_line)
        postings.append(ledger.debit(Kind.TAX, Money(line.tax_minor, currency), subject))
    ledger.post("credit_note", note.id, postings=postings, at=at, memo=note.number)


def _settle(invoice: Invoice, note: CreditNote, *, at: datetime) -> None:
    invoice.credited_minor += note.receivable_minor
    invoice.payable_minor += note.payable_minor
    if invoice.state == Invoice.State.OPEN and invoice.due.minor == 0:
        invoice.state, invoice.paid_at = Invoice.State.PAID, at
    invoice.save(update_fields=["credited_minor", "payable_minor", "state", "paid_at"])
    if invoice.order_id and note.payable_minor:
        order = Order.objects.select_for_update().get(id=invoice.order_id)
        order.refunded_minor += note.payable_minor
        order.save(update_fields=["refunded_minor"])
