"""The checkout page with a VAT id: said at the field, worked out on the server, never another total than shown."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from plainsail.commerce.models import Invoice, Order, VatCheck
from plainsail.commerce.tests.factories import offer, seller
from plainsail.commerce.tests.test_checkout_page import attempt, taken, typed
from plainsail.kernel.tenancy import workspace

URL = "/checkout/full-weekend/"
ITALIAN = "IT 123 456 789 01"


@pytest.fixture
def on_sale(juniper):
    with workspace(juniper):
        seller(country="DE", tax_rate=Decimal(19), vat_id="DE123456789", has_oss=True)
        return offer(minor=11900)


def update(client, token: str, **changes):
    return client.post(URL, {"attempt": token, "recalculate": "1", "country": "DE"} | changes)


def token_of(page: str) -> str:
    return re.search(r'name="attempt" value="([^"]+)"', page)[1]


def test_the_field_is_there_only_where_the_seller_has_an_id(juniper, on_sale, site_client):
    assert 'name="vat_id"' in site_client.get(URL).content.decode()
    with workspace(juniper):
        seller(vat_id="")
    assert 'name="vat_id"' not in site_client.get(URL).content.decode()


def test_the_total_is_worked_out_before_anything_else_is_typed(juniper, on_sale, site_client):
    answer = update(site_client, attempt(site_client), country="IT", vat_id=ITALIAN)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Reverse charge" in page
    assert "Pay €100.00" in page
    assert "_error" not in page
    with workspace(juniper):
        assert Order.objects.count() == 0


def test_what_was_worked_out_is_what_is_paid(juniper, on_sale, site_client):
    page = update(site_client, attempt(site_client), country="IT", vat_id=ITALIAN).content.decode()
    form = typed(country="IT", vat_id=ITALIAN, company="Rossi Srl")
    answer = site_client.post(URL, {"attempt": token_of(page)} | form)
    receipt = site_client.get(answer["Location"]).content.decode()
    assert taken(juniper) == 10000
    assert "Reverse charge: you owe the tax in your country." in receipt
    with workspace(juniper):
        order = Order.objects.get()
        assert (order.vat_id, order.vat_check, order.company) == ("IT12345678901", "valid", "Rossi Srl")


def test_a_total_that_was_not_seen_is_shown_before_it_is_charged(juniper, on_sale, site_client):
    answer = site_client.post(URL, {"attempt": attempt(site_client)} | typed(country="US"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "the total is another one" in page
    assert "Pay €100.00" in page
    assert taken(juniper) == 0
    again = site_client.post(URL, {"attempt": token_of(page)} | typed(country="US"))
    assert (again.status_code, taken(juniper)) == (302, 10000)


def test_a_consumer_abroad_sees_their_own_rate_and_buys_at_once(juniper, on_sale, site_client):
    page = update(site_client, attempt(site_client), country="FR").content.decode()
    assert "included (20 %)" in page
    answer = site_client.post(URL, {"attempt": attempt(site_client)} | typed(country="FR"))
    assert (answer.status_code, taken(juniper)) == (302, 11900)


@pytest.mark.parametrize(
    ("vat_id", "country", "field"),
    [
        ("nonsense", "IT", "vat_id"),
        ("IT123", "IT", "vat_id"),
        ("IT" + "1" * 3000, "IT", "vat_id"),
        ("-IT12345678901; DROP TABLE", "IT", "vat_id"),
        ("GB123456789", "GB", "vat_id"),
        ("IT12345678901\x00", "IT", "vat_id"),
        ("١٢٣٤٥٦٧٨٩٠١", "IT", "vat_id"),
        ("FR12345678901", "IT", "vat_id"),
        ("XI123456789", "GB", "vat_id"),
        ("IT12345678901", "US", "vat_id"),
        ("IT12345678901", "", "country"),
        ("IT12345678901", "XX", "country"),
    ],
)
def test_what_is_no_id_of_that_country_is_said_at_the_field(
    juniper, on_sale, site_client, register, vat_id, country, field
):
    for more in ({}, {"recalculate": "1"}):
        token = attempt(site_client)
        answer = site_client.post(URL, {"attempt": token} | typed(country=country, vat_id=vat_id) | more)
        assert answer.status_code == 422
        assert f'id="id_{field}_error"' in answer.content.decode()
    assert register.asked == []
    assert taken(juniper) == 0


def test_an_id_that_vies_does_not_know_is_said_at_the_field(juniper, on_sale, site_client, register):
    register.answer = "invalid"
    form = typed(country="IT", vat_id=ITALIAN)
    answer = site_client.post(URL, {"attempt": attempt(site_client)} | form)
    page = answer.content.decode()
    assert (answer.status_code, taken(juniper)) == (422, 0)
    assert "doesn’t know this VAT id" in page
    assert "Pay €119.00" in page
    without = site_client.post(URL, {"attempt": token_of(page)} | form | {"vat_id": ""})
    assert (without.status_code, taken(juniper)) == (302, 11900)


def test_while_vies_is_silent_the_buyer_agrees_to_pay_the_tax_for_now(juniper, on_sale, site_client, register):
    register.answer = "unreachable"
    form = typed(country="IT", vat_id=ITALIAN)
    first = site_client.post(URL, {"attempt": attempt(site_client)} | form)
    page = first.content.decode()
    assert (first.status_code, taken(juniper)) == (422, 0)
    assert "can’t be checked at the moment" in page
    answer = site_client.post(URL, {"attempt": token_of(page)} | form)
    receipt = site_client.get(answer["Location"]).content.decode()
    assert taken(juniper) == 11900
    assert "The invoice follows by mail" in receipt
    assert "invoice.pdf" not in receipt
    with workspace(juniper):
        assert Invoice.objects.get().is_waiting


def test_an_id_of_the_seller_s_country_is_checked_and_stands_on_the_invoice(juniper, on_sale, site_client, register):
    answer = site_client.post(URL, {"attempt": attempt(site_client)} | typed(vat_id="DE999999999", company="A GmbH"))
    assert answer.status_code == 302
    assert len(register.asked) == 1
    assert taken(juniper) == 11900
    with workspace(juniper):
        assert Invoice.objects.get().document["buyer"]["vat_id"] == "DE999999999"


def test_at_home_a_silent_vies_changes_nothing_but_the_day_of_the_invoice(juniper, on_sale, site_client, register):
    register.answer = "TIMEOUT"
    answer = site_client.post(URL, {"attempt": attempt(site_client)} | typed(vat_id="DE999999999", company="A GmbH"))
    assert (answer.status_code, taken(juniper)) == (302, 11900)
    with workspace(juniper):
        assert Invoice.objects.get().is_waiting
        assert "paid back" not in Order.objects.get().consent.text


def test_an_id_sent_to_a_seller_who_takes_none_changes_nothing(juniper, on_sale, site_client, register):
    with workspace(juniper):
        seller(vat_id="", has_oss=False)
    answer = site_client.post(URL, {"attempt": attempt(site_client)} | typed(country="IT", vat_id=ITALIAN))
    assert (answer.status_code, taken(juniper), register.asked) == (302, 11900, [])


def test_nobody_has_vies_asked_by_the_dozen(juniper, on_sale, site_client, register):
    token = attempt(site_client)
    for number in range(40):
        update(site_client, token, country="IT", vat_id=f"IT{number:011d}")
    assert len(register.asked) == 30
    with workspace(juniper):
        assert VatCheck.objects.count() == 30


def test_who_could_owe_another_tax_says_where_they_are(juniper, on_sale, site_client):
    answer = site_client.post(URL, {"attempt": attempt(site_client)} | typed(country=""))
    assert (answer.status_code, taken(juniper)) == (422, 0)
    assert 'id="id_country_error"' in answer.content.decode()
    with workspace(juniper):
        seller(tax_rate=None, has_oss=False, vat_id="")
    token = attempt(site_client)
    assert site_client.post(URL, {"attempt": token} | typed(country="")).status_code == 302


@pytest.mark.parametrize("token", ["", "forged", "x" * 3000])
def test_a_total_can_be_asked_for_with_any_token(on_sale, site_client, token):
    page = update(site_client, token, country="US").content.decode()
    assert "Pay €100.00" in page
    assert token_of(page) not in {"", token}


def test_staff_see_the_proof_on_the_order(juniper, on_sale, site_client, as_ada):
    page = update(site_client, attempt(site_client), country="IT", vat_id=ITALIAN).content.decode()
    form = typed(country="IT", vat_id=ITALIAN, company="Rossi Srl")
    site_client.post(URL, {"attempt": token_of(page)} | form)
    with workspace(juniper):
        order = Order.objects.get()
    shown = as_ada.get(f"/w/juniper/sales/orders/{order.id}/").content.decode()
    assert "IT12345678901" in shown
    assert "WAPI1" in shown
    assert "ROSSI SRL" in shown
