"""Orders, invoices and the test clock, for programs."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from plainsail.accounts.services import audit
from plainsail.commerce import models
from plainsail.commerce.services import clocks
from plainsail.contacts.services import addresses
from plainsail.kernel import rest
from plainsail.kernel.http import Request
from plainsail.kernel.rest import Amount, Cursor, Field, Input, Limit, Output, Page, allows
from plainsail.kernel.tenancy import workspace

router = rest.router("Sales")
InvoiceState = Literal["open", "paid", "void", "uncollectible"]


class OrderLine(Output):
    """One thing bought."""

    description: str
    quantity: int
    total: Amount
    product_id: UUID
    is_recurring: bool


class Order(Output):
    """A purchase, as the buyer typed it."""

    id: UUID
    number: str
    state: Literal["open", "paid", "expired"]
    is_test: bool
    email: str
    name: str
    company: str
    country: str
    vat_id: str
    customer_id: UUID
    total: Amount
    refunded: Amount
    lines: list[OrderLine]
    invoice_ids: list[UUID]
    created_at: datetime
    paid_at: datetime | None

    @classmethod
    def of(cls, found: models.Order) -> Order:
        """Reads what `shown` loads beforehand."""
        lines = [
            OrderLine(
                description=line.description,
                quantity=line.quantity,
                total=Amount(minor=line.gross_minor, currency=found.currency),
                product_id=line.product_id,
                is_recurring=line.is_recurring,
            )
            for line in sorted(found.lines.all(), key=lambda line: line.position)
        ]
        plain = ("id", "number", "state", "is_test", "email", "name", "company", "country", "vat_id", "created_at")
        return cls(
            **{name: getattr(found, name) for name in plain},
            customer_id=found.billing_account_id,
            total=Amount.of(found.total),
            refunded=Amount.of(found.refunded),
            lines=lines,
            invoice_ids=[invoice.id for invoice in found.invoices.all() if invoice.number],
            paid_at=found.paid_at,
        )


def shown(rows: QuerySet[models.Order]) -> QuerySet[models.Order]:
    """Orders with all that `Order.of` reads: three queries a page."""
    return rows.prefetch_related("lines", "invoices")


@router.get("/orders", response=Page[Order], summary="List orders")
@allows("commerce.view")
def list_orders(
    request: Request,
    *,
    state: Literal["open", "paid", "expired"] | None = None,
    email: str | None = None,
    cursor: Cursor = None,
    limit: Limit = rest.USUAL,
) -> Page[Order]:
    """Newest first."""
    rows: QuerySet[models.Order] = shown(request.workspace.orders.all())
    if state is not None:
        rows = rows.filter(state=state)
    if email is not None:
        rows = rows.filter(email=addresses.normalise(email))
    return rest.page(request, rows, Order.of, into=Page[Order], by="-created_at", cursor=cursor, limit=limit)


@router.get("/orders/{uuid:order_id}", response=Order, summary="Read an order")
@allows("commerce.view")
def read_order(request: Request, order_id: UUID) -> Order:
    """Who bought what, what it cost, and whether it is paid."""
    return Order.of(get_object_or_404(shown(request.workspace.orders.all()), id=order_id))


class Invoice(Output):
    """A numbered invoice: what a customer owes or has paid."""

    id: UUID
    number: str
    state: InvoiceState
    is_test: bool
    order_id: UUID | None
    customer_id: UUID
    net: Amount
    tax: Amount
    gross: Amount
    paid: Amount
    due: Amount
    issued_at: datetime
    due_on: date | None
    paid_at: datetime | None

    @classmethod
    def of(cls, found: models.Invoice) -> Invoice:
        return cls(**_plain(found))


def _plain(found: models.Invoice) -> dict[str, Any]:
    same = ("id", "number", "state", "is_test", "order_id", "issued_at", "due_on", "paid_at")
    amounts = {
        name: Amount(minor=getattr(found, f"{name}_minor"), currency=found.currency)
        for name in ("net", "tax", "gross", "paid")
    }
    named = {name: getattr(found, name) for name in same}
    return named | amounts | {"customer_id": found.billing_account_id, "due": Amount.of(found.due)}


class CreditNote(Output):
    """Takes back an invoice or a part of it."""

    id: UUID
    number: str
    reason: str
    gross: Amount
    issued_at: datetime
    document: dict[str, Any]
    sha256: str

    @classmethod
    def of(cls, note: models.CreditNote) -> CreditNote:
        return cls(
            id=note.id,
            number=note.number,
            reason=note.reason,
            gross=Amount.of(note.gross),
            issued_at=note.issued_at,
            document=note.document,
            sha256=note.document_hash,
        )


class WholeInvoice(Invoice):
    """An invoice with its frozen document, the hash by which that was sealed, and its credit notes."""

    document: dict[str, Any] = Field(description="All that stands on it; it never changes.")
    sha256: str
    credit_notes: list[CreditNote]


@router.get("/invoices", response=Page[Invoice], summary="List invoices")
@allows("commerce.view")
def list_invoices(
    request: Request,
    *,
    state: InvoiceState | None = None,
    order: UUID | None = None,
    cursor: Cursor = None,
    limit: Limit = rest.USUAL,
) -> Page[Invoice]:
    """Those that have a number, newest first."""
    rows = request.workspace.invoices.exclude(number="").defer("document")
    if state is not None:
        rows = rows.filter(state=state)
    if order is not None:
        rows = rows.filter(order_id=order)
    return rest.page(request, rows, Invoice.of, into=Page[Invoice], by="-issued_at", cursor=cursor, limit=limit)


@router.get("/invoices/{uuid:invoice_id}", response=WholeInvoice, summary="Read an invoice")
@allows("commerce.view")
def read_invoice(request: Request, invoice_id: UUID) -> WholeInvoice:
    """With its document as data, and what was credited of it."""
    found: models.Invoice = get_object_or_404(request.workspace.invoices.exclude(number=""), id=invoice_id)
    notes = found.credit_notes.order_by("issued_at", "id")
    return WholeInvoice(
        **_plain(found),
        document=found.document,
        sha256=found.document_hash,
        credit_notes=[CreditNote.of(note) for note in notes],
    )


class Clock(Output):
    """The seller’s time. In test mode it can be moved ahead; it ticks on from there."""

    mode: Literal["test", "live"]
    now: datetime
    ahead_seconds: int = Field(description="How far it is ahead of the time of day.")


class Advanced(Clock):
    """The clock after it was moved, and how many things fell due on the way."""

    steps: int


class Advance(Input):
    """Where to move the clock to."""

    to: rest.AwareDatetime = Field(description="A later moment, up to five years ahead, with its time zone.")


def _clock(request: Request) -> dict[str, Any]:
    seller: models.Seller | None = request.workspace.sellers.first()
    return {
        "mode": seller.mode if seller else models.Mode.TEST.value,
        "now": clocks.seller_now(request.now),
        "ahead_seconds": clocks.ahead() // timedelta(seconds=1),
    }


@router.get("/clock", response=Clock, summary="Read the clock")
@allows("commerce.view")
def read_clock(request: Request) -> Clock:
    """The time by which contracts renew and end."""
    return Clock(**_clock(request))


@router.post("/clock", response=Advanced, summary="Move the test clock ahead")
@allows("commerce.manage")
@rest.outside_transaction
def advance_clock(request: Request, body: Advance) -> Advanced:
    """Test mode only. Everything that falls due in between happens, one thing after the other, each at its own moment:
    charges, mails, ends. The answer comes when all is done."""
    steps = clocks.advance(request.workspace.pk, to=body.to, at=request.now)
    with workspace(request.workspace):
        audit.record("commerce.clock_moved", by=request.membership.user, at=request.now, subject=body.to.isoformat())
        return Advanced(**_clock(request), steps=steps)
