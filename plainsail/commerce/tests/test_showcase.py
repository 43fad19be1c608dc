"""Price cards on published pages sell what they name, at the price of the checkout, and follow where it goes."""

from __future__ import annotations

import pytest

from plainsail.blocks.services import documents, themes
from plainsail.commerce.models import TaxBehavior
from plainsail.commerce.services import catalogue, sellers, showcase
from plainsail.commerce.tests.factories import NOON, offer
from plainsail.kernel.tenancy import workspace
from plainsail.pages.services import pages, publishing

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold(juniper):
    """An offer, and a published page with a price card that sells it."""
    with workspace(juniper):
        sold = offer("Studio club", 2900, interval="month")
        card = {"offer": str(sold.id), "points": "Wheel time", "button": "Join"}
        document = documents.build(dict(themes.DEFAULT), [("pricing", {"heading": "Prices", "items": [card]})])
        page = pages.create(juniper, document, title="Prices", path="/prices", at=NOON)
        publishing.publish(page, by=None, at=NOON)
    return sold


def test_a_price_card_shows_the_offer_and_leads_to_its_checkout(sold, site_client):
    page = site_client.get("/prices").content.decode()
    assert "Studio club" in page
    assert "<strong>€29.00</strong> <span>every month</span>" in page
    assert 'href="/checkout/studio-club/"' in page
    assert site_client.get("/checkout/studio-club/").status_code == 200


def test_the_price_is_the_one_that_is_paid(juniper, sold):
    with workspace(juniper):
        sellers.change(sellers.of_workspace(at=NOON), fields={"tax_rate": 19})
        plus_tax = offer("Plus tax", 10000, tax_behavior=TaxBehavior.EXCLUSIVE)
        assert showcase.cards([plus_tax.id])[plus_tax.id].price == "€119.00"
        assert [option.label for option in showcase.options()] == [
            "Plus tax, €119.00",
            "Studio club, €29.00 every month",
        ]


def test_a_page_follows_an_offer_to_its_new_address(juniper, sold, site_client):
    with workspace(juniper):
        catalogue.change_offer(sold, slug="club", is_live=True, at=NOON)
    assert 'href="/checkout/club/"' in site_client.get("/prices").content.decode()


def test_what_is_not_sold_any_more_has_no_button_and_comes_back(juniper, sold, site_client):
    with workspace(juniper):
        catalogue.archive(sold.price.product, at=NOON)
        assert showcase.options() == []
    assert "/checkout/" not in site_client.get("/prices").content.decode()
    with workspace(juniper):
        catalogue.restore(sold.price.product, at=NOON)
    assert 'href="/checkout/studio-club/"' in site_client.get("/prices").content.decode()


def test_offers_of_another_business_are_not_offered(juniper, sold, acme):
    with workspace(acme):
        assert showcase.options() == []
        assert showcase.cards([sold.id]) == {}
