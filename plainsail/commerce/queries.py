"""Reads that are more than a filter: lists of orders with their totals, a customer's purchases, the books' balances."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import TruncQuarter

from plainsail.commerce.models import (
    BillingAccount,
    CreditNote,
    CreditNoteLine,
    Invoice,
    InvoiceLine,
    LedgerAccount,
    Mode,
    Offer,
    Order,
    Posting,
    Product,
)
from plainsail.commerce.models.catalogue import OfferQuerySet
from plainsail.contacts.models import Contact
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money
from plainsail.kernel.periods import local_date
from plainsail.payments.models import Charge, Dispute, Refund, Transfer
from plainsail.payments.services import transfers


@dataclass(frozen=True, kw_only=True)
class Takings:
    """What came in through orders of one mode, in one currency."""

    currency: str
    is_test: bool
    orders: int
    taken: Money
    refunded: Money

    @property
    def kept(self) -> Money:
        return self.taken - self.refunded


def browse_orders(workspace: Workspace, *, text: str = "", state: str = "") -> QuerySet[Order]:
    """Orders, newest first, by state (`paid`, `open`, `expired`, `refunded`; empty: all) and by number, address or name.

    Finding by name reads the workspace's orders; number and address are found by their beginnings.
    """
    orders: QuerySet[Order] = workspace.orders.select_related("offer").order_by("-created_at", "-id")
    if text:
        orders = orders.filter(Q(number__istartswith=text) | Q(email__istartswith=text) | Q(name__icontains=text))
    if state == "refunded":
        return orders.filter(refunded_minor__gt=0)
    return orders.filter(state=state) if state in Order.State.values else orders


def takings(workspace: Workspace, *, since: datetime | None = None) -> list[Takings]:
    """Paid orders, what they brought and what of it went back, by mode and currency, real money and the largest first. One aggregate."""
    paid = workspace.orders.filter(state=Order.State.PAID)
    if since is not None:
        paid = paid.filter(paid_at__gte=since)
    sums = paid.values("mode", "currency").annotate(
        count=Count("id"), taken=Sum("total_minor"), back=Sum("refunded_minor")
    )
    return [
        Takings(
            currency=row["currency"],
            is_test=row["mode"] == Mode.TEST,
            orders=row["count"],
            taken=Money(int(row["taken"]), row["currency"]),
            refunded=Money(int(row["back"]), row["currency"]),
        )
        for row in sums.order_by("mode", "-taken", "currency")
    ]


@dataclass(frozen=True, kw_only=True)
class TaxSum:
    """Net and tax of lines of one kind, country, rate and currency; what notes took is negative.

    `country` is empty on lines older than places are kept; `billed_in` is the first day of the quarter of the invoice that
    a note is on.
    """

    kind: str
    country: str
    rate: Decimal
    currency: str
    net_minor: int
    tax_minor: int
    billed_in: date | None = None


def invoiced_tax(*, mode: str, since: datetime, until: datetime) -> list[TaxSum]:
    """What invoices issued in a time bear, `until` excluded. One aggregate over their lines."""
    issued = Invoice.objects.filter(mode=mode, issued_at__gte=since, issued_at__lt=until)
    lines = InvoiceLine.objects.filter(invoice__in=issued.exclude(state=Invoice.State.DRAFT))
    sums = lines.values("tax_kind", "tax_country", "tax_rate", "invoice__currency").annotate(
        net=Sum("net_minor"), tax=Sum("tax_minor")
    )
    return [
        TaxSum(
            kind=row["tax_kind"],
            country=row["tax_country"],
            rate=row["tax_rate"],
            currency=row["invoice__currency"],
            net_minor=int(row["net"]),
            tax_minor=int(row["tax"]),
        )
        for row in sums.order_by()
    ]


def credited_tax(*, mode: str, since: datetime, until: datetime, zone: str) -> list[TaxSum]:
    """What credit notes issued in a time take back, by the quarter of their invoice in a zone. One aggregate."""
    notes = CreditNoteLine.objects.filter(
        note__issued_at__gte=since, note__issued_at__lt=until, note__invoice__mode=mode
    )
    sums = notes.values(
        kind=F("invoice_line__tax_kind"),
        country=F("invoice_line__tax_country"),
        rate=F("invoice_line__tax_rate"),
        currency=F("note__currency"),
        billed_in=TruncQuarter("note__invoice__issued_at", tzinfo=ZoneInfo(zone)),
    ).annotate(net=Sum("net_minor"), tax=Sum("tax_minor"))
    return [
        TaxSum(
            kind=row["kind"],
            country=row["country"],
            rate=row["rate"],
            currency=row["currency"],
            net_minor=-int(row["net"]),
            tax_minor=-int(row["tax"]),
            billed_in=row["billed_in"].date(),
        )
        for row in sums.order_by()
    ]


def first_issued_on(*, mode: str, zone: str) -> date | None:
    """The day of a zone on which the first invoice of a mode was issued."""
    first = Invoice.objects.filter(mode=mode, issued_at__isnull=False).order_by("issued_at", "id").first()
    return local_date(first.issued_at, zone) if first and first.issued_at else None


def offer_on_sale(workspace: Workspace, slug: str) -> Offer | None:
    """The offer of a checkout page's address, if it is open."""
    offers: OfferQuerySet = Offer.objects.live()
    return offers.filter(workspace=workspace, slug=slug).select_related("price__product").first()


def charges_of_order(order: Order) -> list[Charge]:
    """Every try to pay an order, oldest first, with its card."""
    invoices = Invoice.objects.filter(order=order).values("id")
    return list(Charge.objects.filter(subject_id__in=invoices).select_related("method").order_by("created_at", "id"))


def refunds_of_order(order: Order) -> list[Refund]:
    """Every refund of an order, oldest first, with the card it goes back to."""
    charges = [charge.id for charge in charges_of_order(order)]
    return list(
        Refund.objects.filter(charge_id__in=charges).select_related("charge__method").order_by("created_at", "id")
    )


def disputes_of_order(order: Order) -> list[Dispute]:
    """Every dispute of an order's charges, oldest first."""
    invoices = Invoice.objects.filter(order=order).values("id")
    return list(Dispute.objects.filter(charge__subject_id__in=invoices).order_by("created_at", "id"))


def notes_of_order(order: Order) -> list[CreditNote]:
    """Credit notes on an order's invoices, oldest first."""
    return list(CreditNote.objects.filter(invoice__order=order).order_by("issued_at", "id"))


@dataclass(frozen=True, kw_only=True)
class Purchase:
    """One row of a customer's orders and receipts."""

    subject: Order | Invoice
    what: str
    at: datetime | None
    total: Money
    is_paid: bool
    is_refunded: bool


def purchases_of(contact: Contact, *, limit: int = 50) -> list[Purchase]:
    """What a contact bought and paid, newest first: issued invoices, and orders for which nothing was charged."""
    accounts = contact.billing_accounts.values("id")
    invoices = (
        Invoice.objects.filter(billing_account_id__in=accounts)
        .exclude(state=Invoice.State.DRAFT, paid_at=None)
        .prefetch_related("lines")
        .order_by("-issued_at", "-id")[:limit]
    )
    free = (
        Order.objects.paid()
        .filter(billing_account_id__in=accounts, total_minor=0)
        .prefetch_related("lines")
        .order_by("-paid_at", "-id")[:limit]
    )
    rows = [_of_invoice(invoice) for invoice in invoices] + [_of_order(order) for order in free]
    return sorted(rows, key=lambda row: (row.at is not None, row.at), reverse=True)[:limit]


def _of_invoice(invoice: Invoice) -> Purchase:
    return Purchase(
        subject=invoice,
        what=", ".join(line.description for line in invoice.lines.all()),
        at=invoice.issued_at or invoice.paid_at,
        total=invoice.gross,
        is_paid=invoice.is_paid,
        is_refunded=0 < invoice.gross_minor <= invoice.payable_minor,
    )


def _of_order(order: Order) -> Purchase:
    return Purchase(
        subject=order,
        what=", ".join(line.description for line in order.lines.all()),
        at=order.paid_at,
        total=order.total,
        is_paid=True,
        is_refunded=False,
    )


def balances() -> dict[tuple[str, str, str], int]:
    """Minor units on each account of the books that has any: (kind, subject, currency) to the sum; debits positive."""
    sums = Posting.objects.values_list("account__kind", "account__subject", "currency").annotate(
        total=Sum("amount_minor")
    )
    return {(kind, subject, currency): int(total) for kind, subject, currency, total in sums.order_by() if total}


def products_with_sales(workspace: Workspace) -> Sequence[Product]:
    """Products by name, those for sale first, each with `sold`: how many paid orders it is in."""
    sold = Count("order_lines__order", filter=Q(order_lines__order__state=Order.State.PAID), distinct=True)
    return list(workspace.products.annotate(sold=sold).order_by("state", "name", "id"))


def names_of_resources(resources: Iterable[str]) -> dict[str, str]:
    """What products opened by their `resource_key` are called; what is no product's is left out. One query."""
    ids = [key.removeprefix("product:") for key in resources if key.startswith("product:")]
    return {product.resource_key: product.name for product in Product.objects.filter(id__in=ids)}


def awaited_transfers(workspace: Workspace) -> QuerySet[Invoice]:
    """Invoices for which a bank transfer is waited for, due first. One query."""
    asked: QuerySet[Invoice] = workspace.invoices.exclude(payment_reference="").filter(
        Q(state=Invoice.State.OPEN) | Q(is_waiting=True, paid_at=None)
    )
    return asked.select_related("billing_account", "order").order_by("due_on", "created_at", "id")


def unclaimed_transfers(workspace: Workspace) -> QuerySet[Transfer]:
    """Money of which nobody knows yet what it is for, newest first. One query."""
    found: QuerySet[Transfer] = workspace.transfers.filter(state=Transfer.State.UNCLAIMED)
    return found.order_by("-booked_on", "-id")


def refunds_to_send(workspace: Workspace) -> QuerySet[Refund]:
    """Refunds of bank transfers that somebody has to send, oldest first, with where the money came from. One query.

    `to_name` and `to_iban` are those of the payer's last transfer that told an IBAN; `invoice_number` is what was paid.
    """
    waiting: QuerySet[Refund] = workspace.refunds.filter(
        charge__account__code=transfers.CODE, state__in=[Refund.State.REQUESTED, Refund.State.SUBMITTED]
    )
    came = workspace.transfers.filter(
        state=Transfer.State.CREDITED, payer_key=OuterRef("charge__method__payer_key")
    ).order_by("-booked_on", "-id")
    told = came.exclude(payer_iban="")
    return waiting.annotate(
        to_iban=Subquery(told.values("payer_iban")[:1]),
        to_name=Subquery(came.exclude(payer_name="").values("payer_name")[:1]),
        invoice_number=Subquery(workspace.invoices.filter(id=OuterRef("charge__subject_id")).values("number")[:1]),
    ).order_by("created_at", "id")


@dataclass(frozen=True, kw_only=True)
class Credit:
    """What a customer sent beyond what was due."""

    account: BillingAccount
    amount: Money


def customer_credits(workspace: Workspace) -> list[Credit]:
    """Customers with a credit, by name. Two queries: one sum over the books, one for who they are."""
    rows = workspace.postings.filter(account__kind=LedgerAccount.Kind.CUSTOMER_CREDIT)
    sums = rows.values("account__subject", "currency").annotate(total=Sum("amount_minor")).exclude(total=0)
    owed = [(UUID(row["account__subject"]), Money(-int(row["total"]), row["currency"])) for row in sums.order_by()]
    known = {one.id: one for one in workspace.billing_accounts.filter(id__in=[key for key, _amount in owed])}
    found = [Credit(account=known[key], amount=amount) for key, amount in owed if key in known]
    return sorted(found, key=lambda one: (str(one.account), one.amount.currency))


ORDER_COLUMNS = (
    *("contact_id", "number", "state", "mode", "created_at", "paid_at", "currency", "total_minor", "refunded_minor"),
    *("name", "company", "country"),
)
"""What an export of contacts says of their orders; amounts in minor units."""


def orders_of_contacts(people: Sequence[UUID]) -> Iterable[dict[str, Any]]:
    """Orders of these contacts by ORDER_COLUMNS, oldest first; one statement."""
    rows = Order.objects.filter(billing_account__contact_id__in=people).order_by("created_at", "id")
    found: Iterable[dict[str, Any]] = rows.annotate(contact_id=F("billing_account__contact_id")).values(*ORDER_COLUMNS)
    return found


@dataclass(frozen=True, kw_only=True)
class Owed:
    """A credit note whose money came back from the gateway, or was refused by it."""

    note: CreditNote
    amount: Money
    failure_code: str
    failed_at: datetime | None


def refunds_owed(workspace: Workspace) -> list[Owed]:
    """What customers were promised and didn't get, oldest note first. Three queries; it grows with the failed refunds."""
    failed = workspace.refunds.filter(state=Refund.State.FAILED, subject_id__isnull=False)
    last = {one.subject_id: one for one in failed.order_by("settled_at", "id")}
    notes = workspace.credit_notes.filter(id__in=list(last)).select_related(
        "invoice__billing_account", "invoice__order"
    )
    sums = {
        row["subject_id"]: int(row["total"])
        for row in workspace.refunds.filter(subject_id__in=list(last))
        .exclude(state=Refund.State.FAILED)
        .values("subject_id")
        .annotate(total=Sum("amount_minor"))
        .order_by()
    }
    by_hand = notes.annotate(by_hand=Sum("hand_refunds__amount_minor")).order_by("issued_at", "id")
    left = [(note, note.payable_minor - sums.get(note.id, 0) - int(note.by_hand or 0)) for note in by_hand]
    return [
        Owed(
            note=note,
            amount=Money(minor, note.currency),
            failure_code=last[note.id].failure_code,
            failed_at=last[note.id].settled_at,
        )
        for note, minor in left
        if minor > 0
    ]


def disputes(workspace: Workspace) -> QuerySet[Dispute]:
    """Payments that a cardholder told the bank about: those not decided first, then the newest. One query.

    `invoice_number`, `order_id` and `buyer` say what was paid and by whom.
    """
    found: QuerySet[Dispute] = workspace.disputes.annotate(**_paid("charge__subject_id"))
    is_decided = Case(When(state=Dispute.State.OPEN, then=Value(0)), default=Value(1))
    return found.order_by(is_decided, "-created_at", "-id")


def refunds(workspace: Workspace) -> QuerySet[Refund]:
    """Every refund, newest first, with what was paid and by whom, as `disputes` has it. One query."""
    found: QuerySet[Refund] = workspace.refunds.annotate(**_paid("charge__subject_id"))
    return found.order_by("-created_at", "-id")


def _paid(subject: str) -> dict[str, Subquery]:
    invoices = Invoice.objects.filter(id=OuterRef(subject))
    return {
        "invoice_number": Subquery(invoices.values("number")[:1]),
        "order_id": Subquery(invoices.values("order_id")[:1]),
        "buyer": Subquery(invoices.values("billing_account__email")[:1]),
    }
