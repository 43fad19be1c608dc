"""Purchases of businesses abroad: reverse charge, and invoices that wait for VIES."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from plainsail.commerce import queries
from plainsail.commerce.models import Invoice, Order, VatCheck
from plainsail.commerce.services import (
    checkout,
    collecting,
    documents,
    invoicing,
    places,
    receipts,
    refunding,
    vat_checks,
    waiting,
)
from plainsail.commerce.services.buyers import Buyer
from plainsail.commerce.services.checkout import TotalChanged
from plainsail.commerce.services.invoicing import LineSpec
from plainsail.commerce.tests.factories import MAREN, NOON, bought, euros, offer, pay, placed, seller
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import Due
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Delivery
from plainsail.payments.models import Refund

pytestmark = pytest.mark.django_db(transaction=True)

ROSSI = Buyer(email="rossi@example.com", name="Anna Rossi", company="Rossi Srl", country="IT", vat_id="IT12345678901")


@pytest.fixture
def german(juniper):
    """Juniper sells from Germany at 19 %, with an id, in the One-Stop-Shop; an offer at €119."""
    with workspace(juniper):
        seller(
            country="DE",
            tax_rate=Decimal(19),
            vat_id="DE123456789",
            has_oss=True,
            email="books@juniper.example",
            legal_name="Juniper GmbH",
        )
        return offer("Glaze school", 11900)


def buy(of, sold, buyer: Buyer = ROSSI) -> Order:
    vat_checks.ask(of.pk, buyer.vat_id, at=NOON)
    return bought(of, sold, buyer=buyer)


def invoice_of(order: Order) -> Invoice:
    return Invoice.objects.get(order=order)


def test_a_business_with_a_valid_id_pays_the_net_price_and_owes_the_tax(juniper, german, register):
    order = buy(juniper, german)
    with workspace(juniper):
        invoice = invoice_of(order)
        assert (invoice.state, invoice.net_minor, invoice.tax_minor, invoice.gross_minor) == ("paid", 10000, 0, 10000)
        made = invoice.document
        assert (made["seller"]["vat_id"], made["buyer"]["vat_id"]) == ("DE123456789", "IT12345678901")
        assert made["taxes"] == [
            {"kind": "reverse_charge", "country": "IT", "rate": "0", "net_minor": 10000, "tax_minor": 0}
        ]
        assert made["place"]["vat_check"] == {
            "vat_id": "IT12345678901",
            "answer": "valid",
            "at": NOON.isoformat(),
            "asked_by": "DE123456789",
            "consultation": "WAPI1",
        }
        assert queries.balances()["revenue", "", "EUR"] == -10000
        page = documents._page(made, "")
    assert page["notes"] == ["Reverse charge: the recipient owes the tax (art. 196 of Directive 2006/112/EC)."]
    assert "VAT id: IT12345678901" in page["buyer"]
    assert "VAT id: DE123456789" in page["tax_id"]
    assert register.asked == [
        {
            "countryCode": "IT",
            "vatNumber": "12345678901",
            "requesterMemberStateCode": "DE",
            "requesterNumber": "123456789",
        }
    ]


def test_the_paper_is_made_with_all_of_it(juniper, german):
    order = buy(juniper, german)
    with workspace(juniper):
        assert documents.pdf(invoice_of(order).document).startswith(b"%PDF-")


def test_a_consumer_abroad_pays_the_price_as_shown_with_their_own_tax_inside(juniper, german):
    order = bought(juniper, german, buyer=Buyer(email="anne@example.com", name="Anne", country="FR"))
    with workspace(juniper):
        invoice = invoice_of(order)
        assert (invoice.net_minor, invoice.tax_minor, invoice.gross_minor) == (9917, 1983, 11900)
        assert queries.balances()["tax", "FR:20", "EUR"] == -1983
        assert documents._page(invoice.document, "")["sums"][1][0] == "VAT 20 % (France)"


def test_a_consumer_outside_the_union_pays_the_price_without_the_tax(juniper, german):
    order = bought(juniper, german, buyer=Buyer(email="joe@example.com", name="Joe", country="US"))
    with workspace(juniper):
        assert (invoice_of(order).gross_minor, invoice_of(order).tax_minor) == (10000, 0)


def test_other_tax_than_shown_is_never_charged(juniper, german):
    with workspace(juniper):
        placed_id = new_id()
        shown = checkout.Attempt(placed_id, checkout.digest(at_home(german)))
        with pytest.raises(TotalChanged):
            checkout.place(
                german,
                attempt=shown,
                buyer=Buyer(email="joe@example.com", name="Joe", country="US"),
                trace=checkout.Trace(),
                at=NOON,
            )
        assert not Order.objects.filter(id=placed_id).exists()


def at_home(sold) -> str:
    from plainsail.commerce.services import terms

    return terms.consent(terms.quote(sold.price, seller=seller(), at=NOON), seller=seller(), name=sold.name)


def test_an_order_tried_again_from_elsewhere_follows_the_total_that_was_shown(juniper, german):
    order = placed(juniper, german)
    again = placed(
        juniper, german, buyer=Buyer(email="maren@example.com", name="Maren", country="US"), order_id=order.id
    )
    with workspace(juniper):
        invoice = invoice_of(order)
        assert (again.id, again.total_minor, again.consent.amount_minor) == (order.id, 10000, 10000)
        assert (invoice.gross_minor, invoice.tax_minor, invoice.buyer["country"]) == (10000, 0, "US")
        assert again.lines.get().gross_minor == 10000
    pay(juniper, again)
    with workspace(juniper):
        assert invoice_of(order).state == "paid"


def test_while_vies_is_silent_the_purchase_goes_on_and_its_invoice_waits(juniper, german, register):
    register.answer = "MS_UNAVAILABLE"
    order = buy(juniper, german)
    with workspace(juniper):
        invoice = invoice_of(order)
        assert (order.state, order.vat_check) == ("paid", "pending")
        assert (invoice.state, invoice.is_waiting, invoice.number, invoice.is_paid) == ("draft", True, "", True)
        assert (invoice.tax_minor, invoice.gross_minor, invoice.paid_minor) == (2146, 11900, 11900)
        assert Due.objects.filter(kind="commerce.vat_checks").exists()
        assert "if the id is valid, the tax is paid back" in order.consent.text
        shown = receipts.receipt(order, at=NOON)
        assert (shown.waits, shown.invoice, shown.total) == (True, None, euros(11900))
        assert [one.total for one in queries.purchases_of(order.billing_account.contact)] == [euros(11900)]


def test_a_yes_that_comes_late_takes_the_tax_off_and_pays_it_back(juniper, german, register):
    register.answer = "unreachable"
    order = buy(juniper, german)
    assert waiting.run(workspace_id=juniper.pk, at=NOON) == NOON + waiting.AGAIN
    register.answer = "valid"
    later = NOON + timedelta(days=2)
    assert waiting.run(workspace_id=juniper.pk, at=later) is None
    with workspace(juniper):
        order.refresh_from_db()
        invoice = invoice_of(order)
        assert (invoice.state, invoice.number, invoice.gross_minor, invoice.tax_minor) == (
            "paid",
            "TEST-INV-00001",
            10000,
            0,
        )
        assert (invoice.issued_at, invoice.paid_at, invoice.due) == (later, NOON, euros(0))
        assert (order.vat_check, order.refunded_minor, order.total_minor) == ("valid", 1900, 11900)
        assert [refund.amount_minor for refund in Refund.objects.all()] == [1900]
        assert invoice.document["place"]["vat_check"]["answer"] == "valid"
    run_jobs()
    with workspace(juniper):
        books = queries.balances()
        assert books == {("clearing", "sandbox", "EUR"): 10000, ("revenue", "", "EUR"): -10000}
        letter = Delivery.objects.get(source_kind="commerce.vat_answer")
        assert letter.address == "rossi@example.com"
        assert not Delivery.objects.filter(source_kind="commerce.vat_answer_seller").exists()
        assert refunding.refund_order(order, amount=euros(10000), reason="x", at=later).gross == euros(10000)


def test_a_no_that_comes_late_leaves_the_tax_and_is_told_to_both(juniper, german, register):
    register.answer = "TIMEOUT"
    order = buy(juniper, german)
    register.answer = "invalid"
    assert waiting.run(workspace_id=juniper.pk, at=NOON + timedelta(hours=1)) is None
    run_jobs()
    with workspace(juniper):
        order.refresh_from_db()
        invoice = invoice_of(order)
        assert (invoice.state, invoice.tax_minor, invoice.gross_minor, order.vat_check) == (
            "paid",
            2146,
            11900,
            "invalid",
        )
        assert (invoice.document["buyer"]["vat_id"], Refund.objects.count()) == ("", 0)
        told = {one.source_kind: one.address for one in Delivery.objects.filter(source_kind__contains="vat_answer")}
        assert told == {
            "commerce.vat_answer": "rossi@example.com",
            "commerce.vat_answer_seller": "books@juniper.example",
        }


def test_a_renewal_that_waits_has_a_receipt_without_a_number(juniper, german, register, site_client):
    register.answer = "TIMEOUT"
    waits = places.Named(name="Rossi", email="a@example.com", country="IT", vat_id="IT12345678901", vat_check="pending")
    order = bought(juniper, german)
    with workspace(juniper):
        spec = LineSpec(description="Glaze school", unit=euros(11900))
        renewal = invoicing.issue(order.billing_account, lines=[spec], named=waits, at=NOON)
    collecting.charge(juniper.pk, renewal.pk, method_id=order.method_id, initiator="merchant", at=NOON)
    run_jobs(at=NOON)
    with workspace(juniper):
        renewal.refresh_from_db()
        subjects = list(Delivery.objects.filter(source_kind="commerce.receipt").values_list("subject", flat=True))
        path = f"/receipt/{receipts.token_of(renewal)}/"
    assert "Your receipt: €119.00" in subjects
    page = site_client.get(path).content.decode()
    assert "The invoice follows by mail" in page
    assert site_client.get(f"{path}invoice.pdf").status_code == 404


def test_answering_twice_finalizes_once(juniper, german, register):
    register.answer = "TIMEOUT"
    order = buy(juniper, german)
    register.answer = "valid"
    for _twice in range(2):
        waiting.ask(juniper.pk, "IT12345678901", at=NOON + timedelta(hours=1))
    with workspace(juniper):
        waiting.settle(invoice_of(order).id, answer="valid", at=NOON)
        assert (Refund.objects.count(), Invoice.objects.get().number) == (1, "TEST-INV-00001")


def test_an_order_that_nobody_paid_waits_for_nothing(juniper, german, register):
    register.answer = "TIMEOUT"
    vat_checks.ask(juniper.pk, ROSSI.vat_id, at=NOON)
    placed(juniper, german, buyer=ROSSI)
    assert waiting.run(workspace_id=juniper.pk, at=NOON) is None
    with workspace(juniper):
        assert Invoice.objects.get().is_waiting is False


def test_a_refund_does_not_wait_for_vies(juniper, german, register):
    register.answer = "TIMEOUT"
    order = buy(juniper, german)
    with workspace(juniper):
        note = refunding.refund_order(order, amount=euros(11900), reason="Changed my mind", at=NOON)
        invoice = invoice_of(order)
        assert (note.gross, invoice.number, invoice.is_waiting) == (euros(11900), "TEST-INV-00001", False)
    register.answer = "valid"
    assert waiting.run(workspace_id=juniper.pk, at=NOON + timedelta(hours=1)) is None
    with workspace(juniper):
        assert (invoice_of(order).gross_minor, Refund.objects.count()) == (11900, 1)


def test_the_same_id_is_not_asked_about_again_within_a_day(juniper, german, register):
    for hours in (0, 23):
        vat_checks.ask(juniper.pk, ROSSI.vat_id, at=NOON + timedelta(hours=hours))
    assert len(register.asked) == 1
    vat_checks.ask(juniper.pk, ROSSI.vat_id, at=NOON + timedelta(hours=24))
    assert len(register.asked) == 2


def test_a_silent_service_is_left_alone_for_a_moment(juniper, german, register):
    register.answer = "TIMEOUT"
    for minutes in (0, 1, 3):
        vat_checks.ask(juniper.pk, ROSSI.vat_id, at=NOON + timedelta(minutes=minutes))
    assert len(register.asked) == 2


def test_an_answer_once_kept_can_not_be_changed(juniper, german):
    vat_checks.ask(juniper.pk, ROSSI.vat_id, at=NOON)
    with workspace(juniper):
        for change in (lambda: VatCheck.objects.update(answer="valid"), lambda: VatCheck.objects.all().delete()):
            with pytest.raises(IntegrityError), transaction.atomic():
                change()


def test_the_rates_are_those_of_the_day_of_the_sale(juniper, german, register, monkeypatch):
    from plainsail.commerce.services import rates

    register.answer = "TIMEOUT"
    order = buy(juniper, german)
    raised = (*rates.STANDARD["IT"], (NOON.date() + timedelta(days=1), Decimal(25)))
    monkeypatch.setitem(rates.STANDARD, "IT", raised)
    register.answer = "invalid"
    waiting.run(workspace_id=juniper.pk, at=NOON + timedelta(days=3))
    with workspace(juniper):
        assert invoice_of(order).lines.get().tax_rate == 22


@pytest.mark.parametrize(
    ("mode", "company_total", "consumer_total"),
    [
        ("by_buyer", 10000, 9999),
        ("line", 9999, 9999),
        ("sum_by_net", 10000, 10000),
        ("sum_by_net_keep_gross", 9999, 9999),
    ],
)
def test_rounding_follows_the_buyer_unless_the_seller_has_one_way(juniper, german, mode, company_total, consumer_total):
    with workspace(juniper):
        seller(rounding=mode)
        sold = offer("Odd", 9999)
    german_company = Buyer(email="a@example.com", name="A", company="A GmbH", country="DE", vat_id="DE999999999")
    orders = [buy(juniper, sold, buyer=german_company), bought(juniper, sold, buyer=MAREN)]
    with workspace(juniper):
        assert [invoice_of(one).gross_minor for one in orders] == [company_total, consumer_total]
        assert invoice_of(orders[0]).document["buyer"]["vat_id"] == "DE999999999"


def test_of_two_reads_at_once_staff_decide_first(juniper, german, register):
    register.answer = "TIMEOUT"
    order = buy(juniper, german)
    with workspace(juniper):
        issued = invoicing.stop_waiting(invoice_of(order), at=NOON)
        assert invoicing.stop_waiting(issued, at=NOON).number == issued.number == "TEST-INV-00001"
        assert (issued.tax_minor, issued.state) == (2146, "paid")
