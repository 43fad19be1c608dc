"""Invoices: sums, books, one line per period, the frozen document."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection

from plainsail.commerce import queries
from plainsail.commerce.models import Invoice, Product
from plainsail.commerce.services import crediting, documents, invoicing, sellers
from plainsail.commerce.services.invoicing import AlreadyBilled, AlreadyFinal, LineSpec
from plainsail.commerce.tests.factories import NOON, account, euros, issued, seller
from plainsail.kernel.ids import new_id
from plainsail.kernel.money import BadMoney, Money
from plainsail.kernel.tenancy import workspace

MONTH = {"kind": "recurring", "period_start": date(2026, 11, 23), "period_end": date(2026, 12, 23)}


def test_an_invoice_is_numbered_booked_and_open(in_juniper):
    seller(country="DE")
    invoice = issued(11900, rate="19")
    assert (invoice.number, invoice.state, invoice.net_minor, invoice.tax_minor, invoice.due) == (
        "TEST-INV-00001",
        "open",
        10000,
        1900,
        euros(11900),
    )
    buyer = str(invoice.billing_account_id)
    assert queries.balances() == {
        ("receivable", buyer, "EUR"): 11900,
        ("revenue", "", "EUR"): -10000,
        ("tax", "DE:19", "EUR"): -1900,
    }


def test_what_is_for_a_coming_period_is_not_earned_yet(in_juniper):
    issued(2900, item_id=new_id(), **MONTH)
    assert queries.balances()["deferred_revenue", "", "EUR"] == -2900


def test_tax_is_added_to_a_price_without_it(in_juniper):
    invoice = issued(10000, rate="19", tax_behavior="exclusive")
    assert (invoice.net_minor, invoice.tax_minor, invoice.gross_minor) == (10000, 1900, 11900)


def test_the_rate_comes_from_the_line_else_the_product_else_the_seller(in_juniper):
    seller(tax_rate=Decimal(19))
    reduced = Product.objects.create(name="Book", tax_rate=Decimal(7))
    lines = [
        LineSpec(description="a", unit=euros(100), tax_rate=Decimal(0), product=reduced),
        LineSpec(description="b", unit=euros(107), product=reduced),
        LineSpec(description="c", unit=euros(119)),
    ]
    invoice = invoicing.issue(account(), lines=lines, at=NOON)
    assert [line.tax_minor for line in invoice.lines.order_by("position")] == [0, 7, 19]


def test_a_period_of_an_item_is_billed_once(in_juniper):
    item = new_id()
    issued(2900, item_id=item, **MONTH)
    with pytest.raises(AlreadyBilled):
        issued(2900, item_id=item, **MONTH)
    assert issued(2900, item_id=new_id(), **MONTH).state == "open"


def test_a_cancelled_invoice_frees_its_periods(in_juniper):
    item = new_id()
    invoice = issued(2900, item_id=item, **MONTH)
    crediting.void(invoice, reason="Billed too early", at=NOON)
    invoice.refresh_from_db()
    assert (invoice.state, invoice.due) == ("void", euros(0))
    assert issued(2900, item_id=item, **MONTH).state == "open"
    assert queries.balances()["deferred_revenue", "", "EUR"] == -2900


def test_finalizing_twice_is_refused_and_takes_one_number(in_juniper):
    invoice = issued(100)
    with pytest.raises(AlreadyFinal):
        invoicing.finalize(invoice, at=NOON)
    assert issued(100).number == "TEST-INV-00002"


def test_an_empty_invoice_is_paid_at_once(in_juniper):
    assert issued(0).state == "paid"


def test_a_deduction_may_stand_beside_a_charge_but_not_outweigh_it(in_juniper):
    assert issued(5000, -2000).gross_minor == 3000
    with pytest.raises(BadMoney):
        issued(2000, -5000)


def test_an_invoice_has_one_currency_and_some_line(in_juniper):
    mixed = [LineSpec(description="a", unit=euros(1)), LineSpec(description="b", unit=Money(1, "USD"))]
    for lines in (mixed, []):
        with pytest.raises(BadMoney):
            invoicing.issue(account(), lines=lines, at=NOON)


@pytest.mark.parametrize(("currency", "minor"), [("JPY", 2900), ("KWD", 12345)])
def test_currencies_with_other_digits_are_whole_minor_units_all_the_way(in_juniper, currency, minor):
    spec = LineSpec(description="a", unit=Money(minor, currency), tax_rate=Decimal(10))
    invoice = invoicing.issue(account(), lines=[spec], at=NOON)
    assert invoice.net_minor + invoice.tax_minor == minor
    shown = {"JPY": "¥2,900", "KWD": "KWD\N{NO-BREAK SPACE}12.345"}[currency]
    assert Money(invoice.gross_minor, currency).format("en") == shown
    assert documents.pdf(invoice.document)[:5] == b"%PDF-"


def test_the_document_is_frozen_with_the_seller_of_that_day(in_juniper):
    seller(legal_name="Juniper Pottery GmbH", address="Mill Lane 4\n25980 Westerland", tax_id="DE123456789")
    invoice = issued(11900, rate="19")
    sellers.change(seller(), fields={"legal_name": "Another Name Ltd"})
    invoice.refresh_from_db()
    assert invoice.document["seller"]["name"] == "Juniper Pottery GmbH"
    assert documents.seal(invoice.document) == invoice.document_hash
    assert invoice.document["taxes"] == [
        {"kind": "home", "country": "", "rate": "19", "net_minor": 10000, "tax_minor": 1900}
    ]


@pytest.mark.parametrize(
    "name",
    ['#eval("1")', "*bold* _x_ $y$ @z <w> \\ // `", "株式会社", "x" * 150, "a\u0000b".replace("\u0000", ""), "🎉"],
)
def test_whatever_people_are_called_the_pdf_is_made(in_juniper, name):
    seller(legal_name=name, address=name)
    invoice = issued(100)
    assert documents.pdf(invoice.document, paid_with=name).startswith(b"%PDF-")
    note = crediting.credit_amount(invoice, amount=euros(40), reason=name, at=NOON)
    assert documents.pdf(note.document).startswith(b"%PDF-")


def test_writing_off_clears_what_is_due(in_juniper):
    invoice = issued(100)
    for _twice in range(2):
        assert invoicing.write_off(invoice, at=NOON).state == "uncollectible"
    assert queries.balances() == {("revenue", "", "EUR"): -100, ("write_off", "", "EUR"): 100}


@pytest.mark.django_db(transaction=True)
def test_of_two_who_finalize_at_once_one_is_refused(juniper):
    with workspace(juniper):
        draft = invoicing.draft(account(), lines=[LineSpec(description="a", unit=euros(100))], at=NOON)
    results, together = [], threading.Barrier(2)

    def work():
        together.wait()
        try:
            with workspace(juniper):
                results.append(invoicing.finalize(draft, at=NOON).number)
        except AlreadyFinal:
            results.append("refused")
        connection.close()

    threads = [threading.Thread(target=work) for _each in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["TEST-INV-00001", "refused"]
    with workspace(juniper):
        assert Invoice.objects.get().number == "TEST-INV-00001"
