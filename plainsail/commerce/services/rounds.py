"""Invoicing and charging many buyers at once, for renewals: the rules and rows of `invoicing` and `collecting`, in sets.

`issue` and `begin` join the caller's transaction; `complete` runs outside any. What isn't plain (an invoice that waits for
VIES, an order to fulfil, a payment that doesn't fit) goes through the functions that do one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from plainsail.commerce.models import BillingAccount, Invoice, InvoiceLine, NumberSeries
from plainsail.commerce.services import clocks, collecting, invoicing, ledger, numbering, places, sellers
from plainsail.commerce.services.invoicing import LineSpec
from plainsail.commerce.services.places import Named
from plainsail.kernel import due
from plainsail.kernel.events import publish_many
from plainsail.kernel.periods import local_date
from plainsail.kernel.sets import update_each
from plainsail.kernel.tenancy import workspace
from plainsail.payments.models import Charge, PaymentMethod
from plainsail.payments.services import rounds


@dataclass(frozen=True, kw_only=True)
class Bill:
    """An invoice to be made: whose it is, who is named on it, and its lines (one at least)."""

    account: BillingAccount
    named: Named
    lines: Sequence[LineSpec]
    payment_reference: str = ""
    """What a bank transfer is to name; empty where it is charged."""
    due_on: date | None = None


@transaction.atomic
def issue(bills: Sequence[Bill], *, at: datetime) -> list[Invoice]:
    """Make, number and book invoices, numbered in the order given; those that depend on VIES stay drafts that wait.

    About a dozen statements, however many there are; the series is locked from the numbers to the end of the transaction.
    Raises AlreadyBilled, BadMoney: then none is made.
    """
    if not bills:
        return []
    seller = sellers.of_workspace(at=at)
    place_of = places.places(seller, on=local_date(at, seller.timezone))
    made: list[tuple[Invoice, list[InvoiceLine]]] = []
    for bill in bills:
        where = place_of(bill.named)
        invoice, rows = invoicing.drafted(
            bill.account, lines=bill.lines, seller=seller, place=where, due_on=bill.due_on, at=at
        )
        invoice.payment_reference = bill.payment_reference
        invoice.is_waiting = invoicing.waits(where, [line.product for line in bill.lines])
        made.append((invoice, rows))
    Invoice.objects.bulk_create([invoice for invoice, _rows in made])
    invoicing.add_lines([row for _invoice, rows in made for row in rows])
    if any(invoice.is_waiting for invoice, _rows in made):
        due.schedule(invoicing.WAITING, clocks.wall(at))
    _finalize([(invoice, rows) for invoice, rows in made if not invoice.is_waiting], at=at)
    return [invoice for invoice, _rows in made]


def _finalize(drafts: Sequence[tuple[Invoice, list[InvoiceLine]]], *, at: datetime) -> None:
    if not drafts:
        return
    seller = sellers.of_workspace(at=at)
    numbers, at = numbering.take_many(NumberSeries.Series.INVOICE, len(drafts), mode=seller.mode, at=at)
    for (invoice, lines), number in zip(drafts, numbers, strict=True):
        invoicing.make_final(invoice, lines, seller=seller, number=number, at=at)
    update_each([invoice for invoice, _lines in drafts], fields=invoicing.FINAL)
    ledger.post_all([invoicing.fact_of(invoice, lines) for invoice, lines in drafts], at=at)
    publish_many(invoicing.issued(invoice, at=at) for invoice, _lines in drafts)


@transaction.atomic
def begin(wanted: Sequence[tuple[Invoice, PaymentMethod]], *, at: datetime) -> list[Charge]:
    """Write down charges for what is due on invoices made in this transaction, by the business, with methods that are usable.

    `complete` them after the commit. Raises SellerClosing.
    """
    seller = sellers.selling(at=at)
    found = [
        rounds.Wanted(
            method=method, subject_id=invoice.id, amount=invoice.due, descriptor=collecting.descriptor_of(seller)
        )
        for invoice, method in wanted
    ]
    return rounds.begin(found, initiator=Charge.Initiator.MERCHANT, at=clocks.wall(at))


def complete(workspace_id: UUID, charges: Sequence[Charge], *, at: datetime) -> list[Charge]:
    """Ask the gateways for charges that were begun, and enter the outcomes. Outside any transaction."""
    if not charges:
        return []
    with workspace(workspace_id):
        wall = clocks.wall(at)
    done = rounds.submit(workspace_id, charges, at=wall)
    with workspace(workspace_id):
        left = settle([charge for charge in done if charge.has_succeeded])
        for charge in left:
            collecting.settle(charge.id)
        for charge in done:
            if charge.was_declined:
                collecting.note_decline(charge.id)
    return done


@transaction.atomic
def settle(paid: Sequence[Charge]) -> list[Charge]:
    """Enter charges that succeeded and pay exactly what is due on their open invoices; returns those that aren't so plain.

    An invoice that somebody else holds is left to the event of its charge.
    """
    held = Invoice.objects.select_for_update(of=("self",), skip_locked=True).select_related("billing_account")
    invoices = {one.id: one for one in held.filter(id__in=[charge.subject_id for charge in paid]).order_by("id")}
    plain = [charge for charge in paid if charge.subject_id in invoices and _is_plain(charge, invoices)]
    moments = {charge.settled_at for charge in plain}
    for moment in moments:
        if moment is not None:
            _enter([charge for charge in plain if charge.settled_at == moment], invoices, at=clocks.seller_now(moment))
    known = {charge.id for charge in plain}
    return [charge for charge in paid if charge.id not in known and charge.subject_id in invoices]


def _is_plain(charge: Charge, invoices: Mapping[UUID, Invoice]) -> bool:
    invoice = invoices[charge.subject_id]
    return invoice.state == Invoice.State.OPEN and invoice.order_id is None and invoice.due == charge.amount


def _enter(paid: Sequence[Charge], invoices: Mapping[UUID, Invoice], *, at: datetime) -> None:
    facts = [collecting.fact_of(invoices[one.subject_id], one, taken=one.amount) for one in paid]
    entered = {entry.source_id for entry in ledger.post_all(facts, at=at)}
    fresh = [(one, invoices[one.subject_id]) for one in paid if one.id in entered]
    for one, invoice in fresh:
        collecting.mark_paid(invoice, one.amount, at=at)
    update_each([invoice for _one, invoice in fresh], fields=collecting.PAID)
    publish_many(collecting.told(invoice, one, at=at) for one, invoice in fresh)
