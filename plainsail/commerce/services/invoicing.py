"""Invoices: made as drafts, numbered and booked when they are finalized, final from then on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.events import InvoiceIssued
from plainsail.commerce.models import (
    BillingAccount,
    Invoice,
    InvoiceLine,
    JournalEntry,
    NumberSeries,
    Order,
    Product,
    Seller,
    TaxBehavior,
)
from plainsail.commerce.services import documents, ledger, numbering, sellers, taxing
from plainsail.commerce.services.ledger import Kind
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.ids import new_id
from plainsail.kernel.money import BadMoney, Money
from plainsail.kernel.periods import local_date

NO_TAX = Decimal(0)


class AlreadyBilled(Refusal):
    """A period of an item stands on another invoice."""

    code = "already_billed"
    message = _("This period has been invoiced already.")


class AlreadyFinal(Refusal):
    """An invoice that has its number can't be changed."""

    code = "already_final"
    message = _("This invoice is final. Take it back with a credit note instead.")


@dataclass(frozen=True, kw_only=True)
class LineSpec:
    """A line to be invoiced. `unit` is the price of one as its tax behaviour says; it may be negative, the total may not.

    `tax_rate` None means the product's rate, else the seller's, else no tax.
    """

    description: str
    unit: Money
    quantity: int = 1
    kind: str = InvoiceLine.Kind.ONE_OFF
    item_id: UUID | None = None
    period_start: date | None = None
    period_end: date | None = None
    product: Product | None = None
    tax_rate: Decimal | None = None
    tax_behavior: str = TaxBehavior.INCLUSIVE


@dataclass(frozen=True, kw_only=True)
class LineTotal:
    """What a line comes to."""

    net: Money
    tax: Money
    gross: Money
    rate: Decimal


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What lines come to, together and each."""

    net: Money
    tax: Money
    gross: Money
    lines: tuple[LineTotal, ...]


def preview(lines: Sequence[LineSpec], *, seller: Seller) -> Totals:
    """What an invoice over these lines would come to, by the very function that makes it. Raises BadMoney."""
    currencies = {line.unit.currency for line in lines}
    if len(currencies) != 1:
        raise BadMoney("An invoice has one currency and at least one line.")
    currency = currencies.pop()
    taxable = [
        taxing.Taxable(line.unit.minor * line.quantity, _rate(line, seller), line.tax_behavior) for line in lines
    ]
    taxed = taxing.tax_all(taxable, seller.rounding)
    totals = tuple(
        LineTotal(
            net=Money(one.net, currency), tax=Money(one.tax, currency), gross=Money(one.gross, currency), rate=line.rate
        )
        for one, line in zip(taxed, taxable, strict=True)
    )
    return Totals(
        net=Money(sum(one.net for one in taxed), currency),
        tax=Money(sum(one.tax for one in taxed), currency),
        gross=Money(sum(one.gross for one in taxed), currency),
        lines=totals,
    )


def _rate(line: LineSpec, seller: Seller) -> Decimal:
    candidates = (line.tax_rate, line.product.tax_rate if line.product else None, seller.tax_rate)
    return next((rate for rate in candidates if rate is not None), NO_TAX)


@transaction.atomic
def issue(
    account: BillingAccount,
    *,
    lines: Sequence[LineSpec],
    at: datetime,
    due_on: date | None = None,
    order: Order | None = None,
) -> Invoice:
    """Make and finalize an invoice in one go. Raises AlreadyBilled, BadMoney."""
    return finalize(draft(account, lines=lines, at=at, due_on=due_on, order=order), at=at)


@transaction.atomic
def draft(
    account: BillingAccount,
    *,
    lines: Sequence[LineSpec],
    at: datetime,
    due_on: date | None = None,
    order: Order | None = None,
) -> Invoice:
    """An invoice without a number, not booked yet; `due_on` is today in the seller's zone if not given.

    Raises AlreadyBilled, BadMoney (more than one currency, or a total below zero).
    """
    seller = sellers.of_workspace(at=at)
    totals = preview(lines, seller=seller)
    if totals.gross.minor < 0:
        raise BadMoney("An invoice can’t be below zero.")
    invoice = Invoice(
        id=new_id(),
        billing_account=account,
        order=order,
        mode=seller.mode,
        currency=totals.gross.currency,
        rounding=seller.rounding,
        net_minor=totals.net.minor,
        tax_minor=totals.tax.minor,
        gross_minor=totals.gross.minor,
        due_on=due_on or local_date(at, seller.timezone),
        created_at=at,
    )
    invoice.save(force_insert=True)
    rows = [
        _row(invoice, position, line, total, at=at)
        for position, (line, total) in enumerate(zip(lines, totals.lines, strict=True), start=1)
    ]
    try:
        with transaction.atomic():
            InvoiceLine.objects.bulk_create(rows)
    except IntegrityError as error:
        if "invoice_line_period_once" not in str(error):
            raise
        raise AlreadyBilled from error
    return invoice


def _row(invoice: Invoice, position: int, line: LineSpec, total: LineTotal, *, at: datetime) -> InvoiceLine:
    return InvoiceLine(
        invoice=invoice,
        position=position,
        kind=line.kind,
        description=line.description[:300],
        quantity=line.quantity,
        unit_minor=line.unit.minor,
        tax_rate=total.rate,
        tax_behavior=line.tax_behavior,
        net_minor=total.net.minor,
        tax_minor=total.tax.minor,
        gross_minor=total.gross.minor,
        product=line.product,
        item_id=line.item_id,
        period_start=line.period_start,
        period_end=line.period_end,
        created_at=at,
    )


@transaction.atomic
def finalize(invoice: Invoice, *, at: datetime) -> Invoice:
    """Number and book an invoice: what is owed, what is earned, what is the tax office's. An empty one is paid at once.

    Raises AlreadyFinal.
    """
    invoice = (
        Invoice.objects.select_for_update(of=("self",)).select_related("billing_account", "order").get(id=invoice.id)
    )
    if not invoice.is_draft:
        raise AlreadyFinal
    seller = sellers.of_workspace(at=at)
    lines = list(invoice.lines.order_by("position"))
    invoice.number, at = numbering.take(NumberSeries.Series.INVOICE, mode=invoice.mode, at=at)
    invoice.issued_at = at
    invoice.document = documents.of_invoice(invoice, lines, seller=seller, buyer=invoice.billing_account, at=at)
    invoice.document_hash = documents.seal(invoice.document)
    invoice.state = Invoice.State.OPEN if invoice.gross_minor else Invoice.State.PAID
    invoice.paid_at = None if invoice.gross_minor else at
    invoice.save(update_fields=["number", "issued_at", "document", "document_hash", "state", "paid_at"])
    _book(invoice, lines, at=at)
    contact_id = invoice.billing_account.contact_id
    publish(InvoiceIssued(invoice_id=invoice.id, contact_id=contact_id, at=at))
    return invoice


def _book(invoice: Invoice, lines: Sequence[InvoiceLine], *, at: datetime) -> None:
    postings = [ledger.debit(Kind.RECEIVABLE, invoice.gross, invoice.billing_account_id)]
    for line in lines:
        postings.append(ledger.credit(earned_on(line), Money(line.net_minor, invoice.currency)))
        postings.append(ledger.credit(Kind.TAX, Money(line.tax_minor, invoice.currency), jurisdiction(invoice, line)))
    ledger.post("invoice", invoice.id, postings=postings, at=at, memo=invoice.number)


def earned_on(line: InvoiceLine) -> Kind:
    """The account of a line's net: revenue, or that of coming periods for a line with a period."""
    return Kind.DEFERRED_REVENUE if line.period_start else Kind.REVENUE


def jurisdiction(invoice: Invoice, line: InvoiceLine) -> str:
    """Whose tax at which rate, such as `DE:19`: as it was when the invoice was numbered."""
    return f"{invoice.document['seller']['country'] or '-'}:{line.tax_rate.normalize():f}"


def was_written_off(invoice: Invoice) -> bool:
    """Whether it was given up once, even if it was paid after all."""
    return bool(JournalEntry.objects.filter(source_type="write_off", source_id=invoice.id).exists())


@transaction.atomic
def write_off(invoice: Invoice, *, at: datetime) -> Invoice:
    """Give up what is still due. Once; an invoice with nothing due stays as it is."""
    invoice = Invoice.objects.select_for_update().get(id=invoice.id)
    if invoice.state != Invoice.State.OPEN:
        return invoice
    invoice.state = Invoice.State.UNCOLLECTIBLE
    invoice.save(update_fields=["state"])
    postings = [
        ledger.debit(Kind.WRITE_OFF, invoice.due),
        ledger.credit(Kind.RECEIVABLE, invoice.due, invoice.billing_account_id),
    ]
    ledger.post("write_off", invoice.id, postings=postings, at=at, memo=invoice.number)
    return invoice
