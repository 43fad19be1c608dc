"""A quarter's figures for the tax office, against sums made by hand."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from plainsail.commerce.services import crediting, invoicing, places, tax_rates, tax_reports
from plainsail.commerce.services.invoicing import LineSpec
from plainsail.commerce.services.places import Named
from plainsail.commerce.services.tax_reports import BadQuarter, Quarter, Row
from plainsail.commerce.tests.factories import NOON, account, euros, seller
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace

Q3, Q4, NEXT = Quarter(2026, 3), Quarter(2026, 4), Quarter(2027, 1)
AUGUST, JANUARY = datetime(2026, 8, 10, 12, tzinfo=UTC), datetime(2027, 1, 12, 12, tzinfo=UTC)
ROSSI = Named(name="Rossi", company="Rossi Srl", country="IT", vat_id="IT12345678901", vat_check="valid")


@pytest.fixture
def books(in_juniper):
    seller(country="DE", tax_rate=Decimal(19), vat_id="DE123456789", has_oss=True, timezone="Europe/Berlin")
    return in_juniper


def sold(amount: Money | int, named: Named, *, at: datetime = NOON):
    unit = amount if isinstance(amount, Money) else euros(amount)
    return invoicing.issue(account(), lines=[LineSpec(description="a", unit=unit)], named=named, at=at)


def to(country: str) -> Named:
    return Named(name="Anne", country=country)


def row(kind: str, country: str, rate: str, net: int, tax: int, corrects: Quarter | None = None) -> Row:
    return Row(kind=kind, country=country, rate=rate, net=euros(net), tax=euros(tax), corrects=corrects)


def report(quarter: Quarter = Q4) -> tax_reports.Report:
    return tax_reports.report(quarter, seller=seller())


def test_each_kind_country_and_rate_has_its_line(books):
    sold(11900, to("DE"))  # 100.00 + 19.00
    sold(11900, to("DE"))
    sold(12000, to("FR"))  # 100.00 + 20.00
    sold(6000, to("FR"))  # 50.00 + 10.00
    sold(12200, to("IT"))  # 100.00 + 22.00
    sold(11900, ROSSI)  # 100.00, reverse charge
    sold(11900, to("US"))  # 100.00, outside
    found = report()
    assert found.summary == [
        row("destination", "FR", "20", 15000, 3000),
        row("destination", "IT", "22", 10000, 2200),
        row("home", "DE", "19", 20000, 3800),
        row("outside", "US", "0", 10000, 0),
        row("reverse_charge", "IT", "0", 10000, 0),
    ]
    assert [(one.net, one.tax) for one in found.summary_sums] == [(euros(65000), euros(9000))]
    assert found.sales == [row("destination", "FR", "20", 15000, 3000), row("destination", "IT", "22", 10000, 2200)]
    assert [(one.net, one.tax) for one in found.oss_sums] == [(euros(25000), euros(5200))]


def test_a_credit_note_of_the_same_quarter_is_taken_off(books):
    invoice = sold(12000, to("FR"))
    crediting.credit_amount(invoice, amount=euros(6000), reason="half", at=NOON)
    assert report().sales == [row("destination", "FR", "20", 5000, 1000)]
    assert report().corrections == []


def test_a_credit_note_of_a_later_quarter_corrects_the_one_of_its_invoice(books):
    invoice = sold(12000, to("FR"), at=AUGUST)
    sold(2400, to("FR"), at=JANUARY)
    crediting.credit_amount(invoice, amount=euros(6000), reason="half", at=JANUARY)
    assert report(Q3).sales == [row("destination", "FR", "20", 10000, 2000)]
    assert report(Q3).corrections == report(Q4).summary == []
    found = report(NEXT)
    assert found.sales == [row("destination", "FR", "20", 2000, 400)]
    assert found.corrections == [row("destination", "FR", "20", -5000, -1000, corrects=Q3)]
    assert [(one.net, one.tax) for one in found.oss_sums] == [(euros(-3000), euros(-600))]
    assert found.summary == [row("destination", "FR", "20", -3000, -600)]


def test_an_invoice_wholly_taken_back_leaves_nothing(books):
    invoice = sold(12000, to("FR"))
    crediting.void(invoice, reason="Cancelled", at=NOON)
    assert (report().summary, report().sales) == ([], [])


def test_other_currencies_are_listed_apart_and_not_converted(books):
    sold(12000, to("FR"))
    sold(Money(120000, "DKK"), to("FR"))
    found = report()
    assert [(one.net, one.tax) for one in found.sales] == [
        (euros(10000), euros(2000)),
        (Money(100000, "DKK"), Money(20000, "DKK")),
    ]
    assert [one.net.currency for one in found.oss_sums] == ["EUR", "DKK"]
    assert found.is_mixed


@pytest.mark.parametrize(
    ("moment", "quarter"),
    [
        (datetime(2026, 9, 30, 21, 59, 59, tzinfo=UTC), Q3),
        (datetime(2026, 9, 30, 22, 0, tzinfo=UTC), Q4),  # midnight in Berlin
        (datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC), Q4),
        (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), NEXT),
    ],
)
def test_quarters_begin_at_midnight_of_the_seller(books, moment, quarter):
    sold(12000, to("FR"), at=moment)
    assert [bool(report(one).sales) for one in (Q3, Q4, NEXT)] == [one == quarter for one in (Q3, Q4, NEXT)]


def test_drafts_and_invoices_that_wait_are_not_in_it(books):
    invoicing.draft(account(), lines=[LineSpec(description="a", unit=euros(100))], at=NOON)
    waits = Named(name="Rossi", country="IT", vat_id="IT12345678901", vat_check="pending")
    assert sold(12200, waits).is_waiting
    assert report().summary == []


def test_a_rate_of_one_s_own_is_what_is_reported(books):
    tax_rates.set_rate("FR", rate=Decimal("5.5"))
    sold(10550, to("FR"))
    assert report().sales == [row("destination", "FR", "5.5", 10000, 550)]


def test_a_country_outside_with_a_rate_is_tax_but_not_one_stop_shop(books):
    tax_rates.set_rate("CH", rate=Decimal("8.1"))
    sold(10810, to("CH"))
    assert report().summary == [row("destination", "CH", "8.1", 10000, 810)]
    assert report().sales == []


def test_the_sums_are_those_of_the_books(books):
    from plainsail.commerce import queries

    for amount in (9999, 3333, 101):
        crediting.credit_amount(sold(amount, to("FR")), amount=euros(33), reason="x", at=NOON)
    assert -queries.balances()["tax", "FR:20", "EUR"] == report().summary[0].tax.minor


def test_as_csv_it_can_be_added_up(books):
    sold(12000, to("FR"), at=AUGUST)
    late = sold(12000, to("FR"), at=AUGUST)
    crediting.credit_amount(late, amount=euros(6000), reason="half", at=NOON)
    rows = list(csv.DictReader(io.StringIO(tax_reports.as_csv(report(), part="oss").decode("utf-8-sig"))))
    assert rows == [
        {
            "quarter": "2026-Q4",
            "corrects": "2026-Q3",
            "treatment": "destination",
            "country": "FR",
            "rate": "20",
            "currency": "EUR",
            "net": "-50.00",
            "tax": "-10.00",
        }
    ]


def test_older_lines_without_a_place_are_the_seller_s_own(books):
    from plainsail.commerce.models import InvoiceLine

    draft = invoicing.draft(account(), lines=[LineSpec(description="a", unit=euros(11900))], at=NOON)
    InvoiceLine.objects.filter(invoice=draft).update(tax_kind="", tax_country="", list_minor=0)
    invoicing.finalize(draft, at=NOON)
    assert report().summary == [row("home", "DE", "19", 10000, 1900)]


def test_the_choice_goes_from_now_back_to_the_first_document(books):
    assert tax_reports.quarters(seller=seller(), today=date(2026, 11, 23)) == [Q4]
    sold(100, to("DE"), at=datetime(2026, 2, 1, tzinfo=UTC))
    found = tax_reports.quarters(seller=seller(), today=date(2026, 11, 23))
    assert [str(one) for one in found] == ["2026-Q4", "2026-Q3", "2026-Q2", "2026-Q1"]


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-Q5", "2026-Q0", "1026-Q1", "２０２６-Q1", "2026-Q4x", "Q4-2026", "x" * 999]
)
def test_what_is_no_quarter_is_refused(text):
    with pytest.raises(BadQuarter):
        Quarter.parse(text)


def test_quarters_follow_each_other_through_the_year():
    assert (Quarter(2026, 4).following, Quarter(2027, 1).previous) == (Quarter(2027, 1), Quarter(2026, 4))
    assert Quarter(2026, 2).start == date(2026, 4, 1)
    assert Quarter.of(date(2026, 3, 31)) == Quarter(2026, 1)


SALES = "/w/juniper/sales/"


def test_the_page_shows_a_quarter_and_hands_it_out(juniper, as_ada):
    with workspace(juniper):
        seller(country="DE", tax_rate=Decimal(19), has_oss=True)
        sold(12000, to("FR"))
    page = as_ada.get(f"{SALES}taxes/?quarter=2026-Q4").content.decode()
    assert "France" in page
    assert page.count("€20.00") == 4
    table = as_ada.get(f"{SALES}taxes/oss.csv?quarter=2026-Q4")
    assert table["Content-Disposition"] == 'attachment; filename="tax-oss-2026-Q4.csv"'
    assert "FR,20,EUR,100.00,20.00" in table.content.decode()
    assert as_ada.get(f"{SALES}taxes/secrets.csv").status_code == 404
    assert as_ada.get(f"{SALES}taxes/?quarter=-1").status_code == 200


def test_the_empty_page_says_what_to_do(juniper, as_ada):
    page = as_ada.get(f"{SALES}taxes/").content.decode()
    assert "You are not in the One-Stop-Shop" in page


def test_staff_ask_vies_again_or_do_not_wait(juniper, as_ada, register):
    waits = Named(name="Rossi", email="a@example.com", country="IT", vat_id="IT12345678901", vat_check="pending")
    with workspace(juniper):
        seller(country="DE", tax_rate=Decimal(19), vat_id="DE123456789")
        one, two = sold(11900, waits), sold(11900, waits)
    page = as_ada.get(f"{SALES}invoices/").content.decode()
    assert page.count("IT12345678901") == 2
    register.answer = "TIMEOUT"
    told = as_ada.post(f"{SALES}invoices/{one.id}/vat-check/", follow=True).content.decode()
    assert "VIES doesn’t answer yet" in told
    told = as_ada.post(f"{SALES}invoices/{one.id}/number/", follow=True).content.decode()
    assert "Invoice TEST-INV-00001 is issued with tax" in told
    register.answer = "valid"
    as_ada.post(f"{SALES}invoices/{two.id}/vat-check/")
    with workspace(juniper):
        for made in (one, two):
            made.refresh_from_db()
        assert [(made.number, made.gross_minor) for made in (one, two)] == [
            ("TEST-INV-00001", 11900),
            ("TEST-INV-00002", 10000),
        ]
    assert as_ada.post(f"{SALES}invoices/{two.id}/vat-check/").status_code == 404
    assert as_ada.get(f"{SALES}invoices/{two.id}/vat-check/").status_code == 405
    assert as_ada.get(f"{SALES}invoices/{two.id}.json").json()["document"]["number"] == "TEST-INV-00002"


def test_a_price_card_knows_no_buyer_and_shows_the_price_at_home(books):
    assert places.at_home(seller()).ruling(None).rate == 19
