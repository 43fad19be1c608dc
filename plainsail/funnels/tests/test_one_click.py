"""One thing more after a purchase: one button, one charge, and the map says what follows."""

from __future__ import annotations

import re

import pytest

from plainsail.commerce.models import Order
from plainsail.commerce.sockets import BOUGHT
from plainsail.commerce.tests.factories import bought, seller
from plainsail.contacts.models import Contact
from plainsail.funnels.services import routing
from plainsail.funnels.tests.factories import live, steps
from plainsail.kernel.tenancy import workspace
from plainsail.payments.models import Charge, PaymentMethod, SandboxRecord

pytestmark = pytest.mark.django_db

TYPED = {
    "email": "maren@example.com",
    "name": "Maren Thiessen",
    "company": "",
    "country": "DE",
    "number": "4242 4242 4242 4242",
    "expiry": "04/35",
    "cvc": "123",
}


@pytest.fixture
def step(juniper):
    with workspace(juniper):
        seller()
        return steps(live(juniper))


@pytest.fixture
def offer(step):
    return f"/go/{step['upsell'].id}/offer/"


def attempt(client, url):
    return re.search(r'name="attempt" value="([^"]+)"', client.get(url).content.decode())[1]


def buys(client, step, **typed):
    """Somebody pays at the funnel's checkout."""
    url = routing.checkout_of(step["checkout"])
    return client.post(url, {"attempt": attempt(client, url)} | TYPED | typed)


def orders(of):
    with workspace(of):
        return list(Order.objects.order_by("created_at", "number").values_list("offer__name", "state"))


def charges(of):
    with workspace(of):
        return SandboxRecord.objects.filter(kind="charge", state="succeeded").count()


def test_the_card_that_has_paid_pays_once_more_by_one_button(juniper, step, offer, site_client):
    assert buys(site_client, step).url == f"/go/{step['checkout'].id}/bought/"
    assert site_client.get(f"/go/{step['upsell'].id}/yes/").url == offer
    page = site_client.get(offer).content.decode()
    assert "•••• 4242" in page
    assert "By pressing the button you agree to this:" in page
    assert re.search(r"<button[^>]*>.*?Pay €", page, re.DOTALL)
    answer = site_client.post(offer, {"attempt": attempt(site_client, offer)})
    assert answer.url == f"/go/{step['upsell'].id}/bought/"
    names = [step["checkout"].offer.name, step["upsell"].offer.name]
    assert orders(juniper) == [(name, "paid") for name in names]
    assert charges(juniper) == 2
    with workspace(juniper):
        assert Contact.objects.filter(email="maren@example.com").count() == 1
        assert PaymentMethod.objects.count() == 1
        assert Charge.objects.order_by("created_at").last().initiator == "customer"


def test_sent_twice_or_from_two_windows_it_charges_once(juniper, step, offer, site_client):
    buys(site_client, step)
    first, second = attempt(site_client, offer), attempt(site_client, offer)
    for token in (first, first, second):
        assert site_client.post(offer, {"attempt": token}).url == f"/go/{step['upsell'].id}/bought/"
    assert charges(juniper) == 2
    assert site_client.get(offer).url == f"/go/{step['upsell'].id}/bought/"


def test_a_card_that_is_declined_leads_to_the_checkout_with_the_same_order(juniper, step, offer, site_client):
    buys(site_client, step)
    with workspace(juniper):
        (card,) = SandboxRecord.objects.filter(kind="card")
        card.facts |= {"last4": "0341"}
        card.save()
    answer = site_client.post(offer, {"attempt": attempt(site_client, offer)})
    assert answer.url.startswith(f"{routing.checkout_of(step['upsell'])}&again=")
    page = site_client.get(answer.url).content.decode()
    assert 'value="maren@example.com"' in page
    token = re.search(r'name="attempt" value="([^"]+)"', page)[1]
    paid = site_client.post(f"/checkout/{step['upsell'].offer.slug}/", {"attempt": token} | TYPED)
    assert paid.url == f"/go/{step['upsell'].id}/bought/"
    assert [state for _name, state in orders(juniper)] == ["paid", "paid"]


def test_whoever_has_not_just_bought_is_led_to_the_checkout(juniper, step, offer, site_client):
    there = routing.checkout_of(step["upsell"])
    assert site_client.get(offer).url == there
    site_client.cookies[BOUGHT] = "forged"
    assert site_client.get(offer).url == there
    assert site_client.post(offer, {"attempt": "x"}).url == there


def test_a_card_that_was_removed_can_not_be_used(juniper, step, offer, site_client):
    buys(site_client, step)
    with workspace(juniper):
        PaymentMethod.objects.update(state="detached")
    assert site_client.get(offer).url == routing.checkout_of(step["upsell"])


def test_a_forged_or_foreign_form_is_shown_again_and_charges_nothing(juniper, step, offer, site_client):
    buys(site_client, step)
    foreign = attempt(site_client, f"/checkout/{step['upsell'].offer.slug}/")
    for token in ("", "forged", foreign):
        assert site_client.post(offer, {"attempt": token}).status_code == 409
    assert charges(juniper) == 1


def test_saying_no_leads_on_by_the_map(step, offer, site_client):
    buys(site_client, step)
    assert f'href="/go/{step["upsell"].id}/no/"' in site_client.get(offer).content.decode()
    assert site_client.get(f"/go/{step['upsell'].id}/no/").url == step["downsell"].page.path


def test_the_cookie_of_another_business_buys_nothing(juniper, acme, step, offer, site_client):
    with workspace(acme):
        seller()
        theirs = steps(live(acme))
    order = bought(acme, theirs["checkout"].offer)
    from plainsail.commerce.services import one_click

    site_client.cookies[BOUGHT] = one_click.remembered(order)
    assert site_client.get(offer).url == routing.checkout_of(step["upsell"])
