"""Invoices: made as drafts, numbered and booked when they are finalized, final from then on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
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
    VatAnswer,
)
from plainsail.commerce.services import clocks, documents, einvoices, ledger, numbering, places, sellers, taxing
from plainsail.commerce.services.ledger import Kind
from plainsail.commerce.services.places import Named, Place
from plainsail.commerce.services.vat import Ruling
from plainsail.kernel import due
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.ids import new_id
from plainsail.kernel.money import BadMoney, Money
from plainsail.kernel.periods import local_date

WAITING = "commerce.vat_checks"
"""The due work that asks VIES for invoices that wait (`services.waiting`)."""


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

    `tax_rate` is that at home: None means the product's rate, else the seller's, else no tax.
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
    """What a line comes to, and how it is taxed. `unit` is the price of one, without tax where none is due."""

    net: Money
    tax: Money
    gross: Money
    unit: Money
    ruling: Ruling


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What lines come to, together and each."""

    net: Money
    tax: Money
    gross: Money
    lines: tuple[LineTotal, ...]


def preview(lines: Sequence[LineSpec], *, seller: Seller, place: Place | None = None) -> Totals:
    """What an invoice over these lines would come to, by the very function that makes it. Raises BadMoney.

    Without a place the buyer isn't known yet and is taken for a consumer at home.
    """
    where = place or places.at_home(seller)
    currencies = {line.unit.currency for line in lines}
    if len(currencies) != 1:
        raise BadMoney("An invoice has one currency and at least one line.")
    currency = currencies.pop()
    rulings = [where.ruling(line.product, rate=line.tax_rate) for line in lines]
    units = [
        places.unit(line.unit, ruling, is_inclusive=line.tax_behavior == TaxBehavior.INCLUSIVE)
        for line, ruling in zip(lines, rulings, strict=True)
    ]
    taxed = taxing.tax_all(
        [
            taxing.Taxable(unit.minor * line.quantity, ruling.rate, line.tax_behavior)
            for line, unit, ruling in zip(lines, units, rulings, strict=True)
        ],
        where.rounding,
    )
    totals = tuple(
        LineTotal(
            net=Money(one.net, currency),
            tax=Money(one.tax, currency),
            gross=Money(one.gross, currency),
            unit=unit,
            ruling=ruling,
        )
        for one, unit, ruling in zip(taxed, units, rulings, strict=True)
    )
    return Totals(
        net=Money(sum(one.net for one in taxed), currency),
        tax=Money(sum(one.tax for one in taxed), currency),
        gross=Money(sum(one.gross for one in taxed), currency),
        lines=totals,
    )


@transaction.atomic
def issue(
    account: BillingAccount,
    *,
    lines: Sequence[LineSpec],
    at: datetime,
    due_on: date | None = None,
    order: Order | None = None,
    named: Named | None = None,
    payment_reference: str = "",
) -> Invoice:
    """Make and finalize an invoice in one go; it stays a draft that waits where VIES hasn't answered yet.

    Raises AlreadyBilled, BadMoney.
    """
    made = draft(account, lines=lines, at=at, due_on=due_on, order=order, named=named)
    if payment_reference:
        made.payment_reference = payment_reference
        made.save(update_fields=["payment_reference"])
    return finalize(made, at=at)


@transaction.atomic
def draft(
    account: BillingAccount,
    *,
    lines: Sequence[LineSpec],
    at: datetime,
    due_on: date | None = None,
    order: Order | None = None,
    named: Named | None = None,
) -> Invoice:
    """An invoice without a number, not booked yet; `due_on` is today in the seller's zone if not given.

    `named` is who is billed if not who ordered, or whose account it is.
    Raises AlreadyBilled, BadMoney (more than one currency, or a total below zero).
    """
    seller = sellers.of_workspace(at=at)
    billed = named or (places.of_order(order) if order else places.of_account(account))
    where = places.place(seller, billed, on=local_date(at, seller.timezone))
    invoice, rows = drafted(account, lines=lines, seller=seller, place=where, due_on=due_on, order=order, at=at)
    invoice.save(force_insert=True)
    add_lines(rows)
    return invoice


def drafted(
    account: BillingAccount,
    *,
    lines: Sequence[LineSpec],
    seller: Seller,
    place: Place,
    at: datetime,
    due_on: date | None = None,
    order: Order | None = None,
) -> tuple[Invoice, list[InvoiceLine]]:
    """A draft with its lines, not saved. No query. Raises BadMoney."""
    totals = preview(lines, seller=seller, place=place)
    if totals.gross.minor < 0:
        raise BadMoney("An invoice can’t be below zero.")
    invoice = Invoice(
        id=new_id(),
        billing_account=account,
        order=order,
        mode=seller.mode,
        currency=totals.gross.currency,
        rounding=place.rounding,
        buyer=asdict(place.named),
        net_minor=totals.net.minor,
        tax_minor=totals.tax.minor,
        gross_minor=totals.gross.minor,
        due_on=due_on or local_date(at, seller.timezone),
        created_at=at,
    )
    rows = [
        _row(invoice, position, line, total, at=at)
        for position, (line, total) in enumerate(zip(lines, totals.lines, strict=True), start=1)
    ]
    return invoice, rows


def add_lines(rows: Sequence[InvoiceLine]) -> None:
    """Save lines of drafts. Raises AlreadyBilled."""
    try:
        with transaction.atomic():
            InvoiceLine.objects.bulk_create(rows)
    except IntegrityError as error:
        if "invoice_line_period_once" not in str(error):
            raise
        raise AlreadyBilled from error


@transaction.atomic
def retax(invoice: Invoice, *, named: Named, at: datetime) -> Invoice:
    """A draft as it is for a buyer elsewhere, or one of whose id more is known: the same prices, taxed anew.

    What one costs is taken from the draft, with the tax of the seller's country inside where a price had it inside; the rates
    are those of the day of `at`.
    """
    invoice = _draft_of(invoice)
    seller = sellers.of_workspace(at=at)
    rows = list(invoice.lines.select_related("product").order_by("position"))
    specs = [
        LineSpec(
            description=row.description,
            unit=Money(row.list_minor or row.unit_minor, invoice.currency),
            quantity=row.quantity,
            product=row.product,
            tax_behavior=row.tax_behavior,
        )
        for row in rows
    ]
    where = places.place(seller, named, on=local_date(at, seller.timezone))
    totals = preview(specs, seller=seller, place=where)
    for row, total in zip(rows, totals.lines, strict=True):
        row.unit_minor, row.tax_rate = total.unit.minor, total.ruling.rate
        row.tax_kind, row.tax_country = total.ruling.kind, total.ruling.country
        row.net_minor, row.tax_minor, row.gross_minor = total.net.minor, total.tax.minor, total.gross.minor
        row.save()
    invoice.net_minor, invoice.tax_minor, invoice.gross_minor = (
        totals.net.minor,
        totals.tax.minor,
        totals.gross.minor,
    )
    # What is beyond the new total is none of this invoice any more; whoever asked for this pays it back.
    invoice.paid_minor = min(invoice.paid_minor, invoice.gross_minor)
    invoice.rounding, invoice.buyer = where.rounding, asdict(named)
    invoice.save()
    return invoice


def _row(invoice: Invoice, position: int, line: LineSpec, total: LineTotal, *, at: datetime) -> InvoiceLine:
    return InvoiceLine(
        invoice=invoice,
        position=position,
        kind=line.kind,
        description=line.description[:300],
        quantity=line.quantity,
        unit_minor=total.unit.minor,
        list_minor=line.unit.minor,
        tax_rate=total.ruling.rate,
        tax_behavior=line.tax_behavior,
        tax_kind=total.ruling.kind,
        tax_country=total.ruling.country,
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

    Where it depends on an id that VIES hasn't answered for, it stays a draft and waits: the due work finalizes it.
    Raises AlreadyFinal.
    """
    invoice = _draft_of(invoice)
    if _depends_on_vies(invoice, at=at):
        invoice.is_waiting = True
        invoice.save(update_fields=["is_waiting"])
        due.schedule(WAITING, clocks.wall(at))
        return invoice
    return issue_now(invoice, at=at)


def _draft_of(invoice: Invoice) -> Invoice:
    locked: Invoice = (
        Invoice.objects.select_for_update(of=("self",)).select_related("billing_account", "order").get(id=invoice.id)
    )
    if not locked.is_draft:
        raise AlreadyFinal
    return locked


def _depends_on_vies(invoice: Invoice, *, at: datetime) -> bool:
    if invoice.buyer.get("vat_check") != VatAnswer.PENDING:
        return False
    seller = sellers.of_workspace(at=at)
    where = places.place(seller, places.of_row(invoice.buyer), on=local_date(at, seller.timezone))
    return waits(where, [line.product for line in invoice.lines.select_related("product")])


def waits(place: Place, products: Sequence[Product | None]) -> bool:
    """Whether the tax of a sale depends on an id that VIES hasn't answered for. No query."""
    return place.named.vat_check == VatAnswer.PENDING and any(place.ruling(product).waits for product in products)


@transaction.atomic
def stop_waiting(invoice: Invoice, *, at: datetime) -> Invoice:
    """Finalize an invoice that waits, taxed as it was charged: because money goes back, or staff won't wait. Else nothing."""
    locked: Invoice = Invoice.objects.select_for_update().get(id=invoice.id)
    return issue_now(locked, at=at) if locked.is_draft and locked.is_waiting else locked


@transaction.atomic
def issue_now(invoice: Invoice, *, at: datetime) -> Invoice:
    """Number and book a draft as it stands. What was paid while it waited is on it already. Raises AlreadyFinal."""
    invoice = _draft_of(invoice)
    seller = sellers.of_workspace(at=at)
    lines = list(invoice.lines.order_by("position"))
    number, at = numbering.take(NumberSeries.Series.INVOICE, mode=invoice.mode, at=at)
    make_final(invoice, lines, seller=seller, number=number, at=at)
    invoice.save(update_fields=FINAL)
    fact = fact_of(invoice, lines)
    ledger.post(fact.source_type, fact.source_id, postings=fact.postings, at=at, memo=fact.memo)
    publish(issued(invoice, at=at))
    return invoice


FINAL = (
    *("number", "issued_at", "document", "document_hash", "einvoice", "einvoice_hash"),
    *("state", "paid_at", "is_waiting"),
)
"""What changes of a draft that becomes final."""


def make_final(invoice: Invoice, lines: Sequence[InvoiceLine], *, seller: Seller, number: str, at: datetime) -> None:
    """A draft with its number, final from the moment that this is saved (`FINAL`)."""
    invoice.number, invoice.issued_at = number, at
    invoice.document = documents.of_invoice(invoice, lines, seller=seller, buyer=invoice.billing_account, at=at)
    invoice.document_hash = documents.seal(invoice.document)
    invoice.einvoice = einvoices.of(invoice.document)
    invoice.einvoice_hash = einvoices.seal(invoice.einvoice) if invoice.einvoice else ""
    invoice.is_waiting = False
    invoice.state = Invoice.State.OPEN if invoice.due.minor else Invoice.State.PAID
    invoice.paid_at = None if invoice.due.minor else invoice.paid_at or at


def issued(invoice: Invoice, *, at: datetime) -> InvoiceIssued:
    """That an invoice was numbered, to be told."""
    return InvoiceIssued(invoice_id=invoice.id, contact_id=invoice.billing_account.contact_id, at=at)


def fact_of(invoice: Invoice, lines: Sequence[InvoiceLine]) -> ledger.Fact:
    """What a numbered invoice is in the books."""
    postings = [ledger.debit(Kind.RECEIVABLE, invoice.gross, invoice.billing_account_id)]
    for line in lines:
        postings.append(ledger.credit(earned_on(line), Money(line.net_minor, invoice.currency)))
        postings.append(ledger.credit(Kind.TAX, Money(line.tax_minor, invoice.currency), jurisdiction(invoice, line)))
    return ledger.Fact("invoice", invoice.id, postings, invoice.number)


def earned_on(line: InvoiceLine) -> Kind:
    """The account of a line's net: revenue, or that of coming periods for a line with a period."""
    return Kind.DEFERRED_REVENUE if line.period_start else Kind.REVENUE


def jurisdiction(invoice: Invoice, line: InvoiceLine) -> str:
    """Whose tax at which rate, such as `DE:19`: as it was when the invoice was numbered."""
    country = line.tax_country or invoice.document["seller"]["country"] or "-"
    return f"{country}:{line.tax_rate.normalize():f}"


def was_written_off(invoice: Invoice) -> bool:
    """Whether it was given up once, even if it was paid after all."""
    return bool(JournalEntry.objects.filter(source_type="write_off", source_id=invoice.id).exists())


@transaction.atomic
def write_off(invoice: Invoice, *, at: datetime) -> Invoice:
    """Give up what is still due. Once; an invoice with nothing due stays as it is."""
    invoice = stop_waiting(invoice, at=at)
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
