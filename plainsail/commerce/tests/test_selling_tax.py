"""Settings → Selling: ids, the One-Stop-Shop, rates by country."""

from __future__ import annotations

from decimal import Decimal

import pytest

from plainsail.accounts.models import Membership, Role
from plainsail.commerce.models import Product, Seller, TaxRate
from plainsail.commerce.services import invoicing, places
from plainsail.commerce.services.invoicing import LineSpec
from plainsail.commerce.services.places import Named
from plainsail.commerce.tests.factories import NOON, euros, offer, seller
from plainsail.kernel.ids import new_id
from plainsail.kernel.tenancy import workspace

SELLING = "/w/juniper/settings/selling/"


def fields(**changes) -> dict[str, str]:
    typed = {"legal_name": "Juniper GmbH", "country": "DE", "tax_name": "USt", "tax_rate": "19", "rounding": "by_buyer"}
    return typed | changes


def test_an_id_is_kept_as_vies_writes_it(juniper, as_ada):
    assert as_ada.post(SELLING, fields(vat_id="de 123.456-789", has_oss="on")).status_code == 302
    with workspace(juniper):
        found = Seller.objects.get()
        assert (found.vat_id, found.has_oss, found.rounding) == ("DE123456789", True, "by_buyer")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"vat_id": "12345"}, "vat_id"),
        ({"vat_id": "IT12345678901"}, "vat_id"),
        ({"vat_id": "DE123456789", "country": ""}, "vat_id"),
        ({"vat_id": "DE" + "9" * 500}, "vat_id"),
        ({"has_oss": "on", "country": ""}, "country"),
        ({"rounding": "somehow"}, "rounding"),
        ({"tax_rate": "-19"}, "tax_rate"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(juniper, as_ada, changes, field):
    answer = as_ada.post(SELLING, fields(**changes))
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    with workspace(juniper):
        assert not Seller.objects.exclude(vat_id="").exists()


def test_the_ways_of_rounding_come_with_figures(juniper, as_ada):
    page = as_ada.get(SELLING).content.decode()
    for figures in ("€420.10", "€79.80", "€499.92", "€420.08"):
        assert figures in page


def test_a_rate_is_set_replaced_and_removed(juniper, as_ada):
    for rate in ("8.1", "7.7"):
        assert as_ada.post(f"{SELLING}rates/", {"tax_country": "CH", "rate": rate}).status_code == 302
    with workspace(juniper):
        [kept] = TaxRate.objects.all()
        assert (kept.country, kept.rate) == ("CH", Decimal("7.7"))
    page = as_ada.get(SELLING).content.decode()
    assert "Remove the rate for Switzerland" in page
    assert "7.7 %" in page
    as_ada.post(f"{SELLING}rates/{kept.id}/removal/")
    assert as_ada.post(f"{SELLING}rates/{kept.id}/removal/").status_code == 404
    with workspace(juniper):
        assert not TaxRate.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"tax_country": "", "rate": "8"},
        {"tax_country": "XX", "rate": "8"},
        {"tax_country": "CH", "rate": "-1"},
        {"tax_country": "CH", "rate": "101"},
        {"tax_country": "CH", "rate": "NaN"},
        {"tax_country": "CH", "rate": "9" * 400},
        {},
    ],
)
def test_no_other_rates_are_taken(juniper, as_ada, wrong):
    assert as_ada.post(f"{SELLING}rates/", wrong).status_code == 422
    with workspace(juniper):
        assert not TaxRate.objects.exists()


def test_only_who_manages_sets_rates(juniper, as_ben, ben):
    Membership.objects.filter(user=ben).update(role=Role.EDITOR)
    assert as_ben.post(f"{SELLING}rates/", {"tax_country": "CH", "rate": "8"}).status_code == 403
    assert as_ben.post(f"/w/juniper/sales/invoices/{new_id()}/number/").status_code == 403


def test_a_product_says_what_it_is(juniper, as_ada):
    with workspace(juniper):
        product = offer().price.product
        assert product.supply == "online"
    typed = {"name": "Full weekend", "description": "", "tax_rate": "", "supply": "local"}
    assert as_ada.post(f"/w/juniper/sales/products/{product.id}/details/", typed).status_code == 302
    assert as_ada.post(f"/w/juniper/sales/products/{product.id}/details/", typed | {"supply": "x"}).status_code == 422
    with workspace(juniper):
        assert Product.objects.get().supply == "local"


def test_what_happens_at_a_place_costs_everybody_the_same(juniper):
    with workspace(juniper):
        made = seller(country="DE", tax_rate=Decimal(19), has_oss=True)
        product = offer().price.product
        product.supply = "local"
        where = places.place(made, Named(country="US"), on=NOON.date())
        spec = LineSpec(description="a", unit=euros(11900), product=product)
        assert invoicing.preview([spec], seller=made, place=where).tax == euros(1900)
