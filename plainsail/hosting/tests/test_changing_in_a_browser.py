"""Changing the plan in a real browser: by keyboard alone, on a phone, in light and dark."""

from __future__ import annotations

import os

import pytest

from plainsail.commerce.tests.factories import NOON
from plainsail.hosting.services import operating
from plainsail.hosting.services.operating import Sold
from plainsail.hosting.tests.factories import operator
from plainsail.hosting.tests.test_billing import BILLING, CARD
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing.browser import axe, overflow, schemes
from plainsail.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db(transaction=True)

SIZES = ({"width": 390, "height": 844}, {"width": 320, "height": 640}, {"width": 1440, "height": 900})


@pytest.fixture
def seller(juniper, as_ada):
    made = operator()
    with workspace(made):
        operating.offer(Sold(slug="pro", name="Pro", description="", price=Money(5900, "EUR")), at=NOON)
        operating.offer(Sold(slug="small", name="Small", description="", price=Money(900, "EUR")), at=NOON)
    assert as_ada.post(f"{BILLING}plan/", CARD).status_code == 302
    return made


@pytest.fixture
def opened(seller, page, as_ada, live_server):
    """A page that is signed in as the owner, and how it goes to a path."""
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    page.go = lambda path: page.goto(origin + path)
    return page


def faults(page) -> list[object]:
    """What is wrong with the page as it stands, at every size and in both schemes."""
    found: list[object] = []
    for size in SIZES:
        page.set_viewport_size(size)
        if over := overflow(page):
            found.append((size["width"], over))
        for scheme, rule in schemes(page):
            found += [(scheme, fault) for fault in axe(page, rule=rule)]
            if shots := os.environ.get("SHOTS"):
                faults.number = getattr(faults, "number", 0) + 1
                page.screenshot(path=f"{shots}/{faults.number:02d}-{size['width']}-{scheme}.png", full_page=True)
    return found


def press(page, words: str) -> None:
    """Tab to what has these words, then Enter."""
    for _tab in range(80):
        page.keyboard.press("Tab")
        if words in (page.evaluate("document.activeElement.innerText") or ""):
            page.keyboard.press("Enter")
            page.wait_for_load_state()
            return
    raise AssertionError(f"{words} can’t be reached by Tab.")


def test_a_plan_is_changed_by_keyboard_alone(opened, seller):
    opened.go(BILLING)
    assert faults(opened) == []
    press(opened, "Change plan")
    opened.wait_for_url("**/change/")
    assert faults(opened) == []
    press(opened, "Go on")
    opened.wait_for_url("**plan=*")
    assert faults(opened) == []
    press(opened, "Change plan and pay")
    opened.wait_for_url(f"**{BILLING}")
    assert "Pro" in opened.inner_text("main")
    with workspace(seller):
        running = Subscription.objects.get().items.filter(ends_on=None)
        assert list(running.values_list("description", flat=True)) == ["Pro"]


def test_a_planned_change_and_a_declined_card_read_well_on_a_phone(opened, seller):
    with workspace(seller):
        small, pro = (str(seller.plans.get(slug=slug).price_id) for slug in ("small", "pro"))
    opened.go(f"{BILLING}change/?plan={small}")
    assert faults(opened) == []
    opened.click("text=Plan the change")
    opened.wait_for_url(f"**{BILLING}")
    assert faults(opened) == []
    opened.go(f"{BILLING}change/?plan={pro}")
    opened.click("text=Pay with another card")
    for name, value in (("number", "4000 0000 0000 0002"), ("expiry", "04/30"), ("cvc", "123")):
        opened.fill(f"[name={name}]", value)
    opened.click("button:has-text('Change plan and pay')")
    opened.wait_for_selector("#id_number_error")
    assert opened.input_value("[name=number]") == ""
    assert faults(opened) == []
