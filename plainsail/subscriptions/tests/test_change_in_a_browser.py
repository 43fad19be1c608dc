"""A customer changes the plan in a real browser, on a phone and a wide screen; and presses the button several times at once."""

from __future__ import annotations

import os
import threading
from contextvars import copy_context
from datetime import timedelta

import pytest
from django.db import connection

from plainsail.commerce.services import catalogue
from plainsail.commerce.services.catalogue import PriceTerms
from plainsail.commerce.tests.factories import MAREN, NOON
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing.browser import axe, overflow, schemes
from plainsail.kernel.testing.web import Browser
from plainsail.payments.models import Charge
from plainsail.portal.tests.factories import customer, session_key
from plainsail.subscriptions.models import PlanChange, Subscription
from plainsail.subscriptions.services import changing, choosing
from plainsail.subscriptions.tests.factories import subscribed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def contract(juniper) -> Subscription:
    """€29.00 a month; a year costs €390.00, a quarter €60.00."""
    made = subscribed(juniper)
    with workspace(juniper):
        product = made.items.get().product
        for minor, interval, count in ((39000, "year", 1), (6000, "month", 3)):
            terms = PriceTerms(amount=Money(minor, "EUR"), interval=interval, interval_count=count)
            catalogue.add_price(product, terms=terms, at=NOON)
    return made


@pytest.fixture
def key(juniper, contract) -> str:
    """Of Maren’s session on the site."""
    with workspace(juniper):
        return session_key(customer(MAREN.email))


@pytest.mark.parametrize("width", [390, 1440])
def test_the_pages_read_well_and_lead_on(live_server, juniper, page, contract, key, width):
    site = f"http://juniper.localhost:{live_server.thread.port}"
    page.context.add_cookies([{"name": "ps_account", "value": key, "url": site}])
    page.set_viewport_size({"width": width, "height": 844})
    trouble = {}

    def look(name: str) -> None:
        page.wait_for_load_state("networkidle")
        for scheme, rule in schemes(page):
            if found := axe(page, rule=rule) + ([f"{overflow(page)} px too wide"] if overflow(page) else []):
                trouble[name, scheme] = found
            if shots := os.environ.get("SHOTS"):
                page.screenshot(path=f"{shots}/site-{width}-{name}-{scheme}.png", full_page=True)

    page.goto(f"{site}/account/")
    page.get_by_role("link", name="Change plan").click()
    look("choices")
    page.get_by_label("€60.00 every 3 months").check()
    page.get_by_role("button", name="Go on").click()
    look("cheaper")
    page.get_by_role("button", name="Plan the change").click()
    page.wait_for_url(f"{site}/account/")
    look("account")
    page.get_by_role("link", name="Change plan").click()
    page.get_by_label("€390.00 every year").check()
    page.get_by_role("button", name="Go on").click()
    look("dearer")
    page.get_by_text("Pay with another card").click()
    for name, value in (("number", "4000 0027 6000 3184"), ("expiry", "04/30"), ("cvc", "123")):
        page.fill(f"[name={name}]", value)
    page.get_by_role("button", name="Change plan and pay").click()
    page.get_by_role("button", name="Yes, it’s me").click()
    page.get_by_role("heading", name="Your plan has changed").wait_for()
    look("changed")
    page.get_by_role("link", name="Go on").click()
    page.wait_for_url(f"{site}/account/")
    assert trouble == {}


def test_pressed_several_times_at_once_it_is_charged_once(juniper, contract, key):
    with workspace(juniper):
        offered = next(one for one in choosing.other_prices(contract) if one.price.unit_minor == 39000)
        shown = changing.preview(contract, offered, at=NOON + timedelta(seconds=1)).digest
    answers, together = [], threading.Barrier(5)

    def press() -> None:
        browser = Browser(headers={"host": "juniper.localhost"})
        browser.cookies["ps_account"] = key
        together.wait()
        values = {"plan": str(offered.price.id), "shown": shown, "number": "", "expiry": "", "cvc": ""}
        answers.append(browser.post(f"/account/subscriptions/{contract.id}/plan/", values).status_code)
        connection.close()

    # A thread of its own doesn’t know the time that the test is told at.
    threads = [threading.Thread(target=copy_context().run, args=(press,)) for _each in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [302, 422, 422, 422, 422]
    with workspace(juniper):
        assert [one.state for one in PlanChange.objects.all()] == ["done"]
        assert Charge.objects.count() == 2
