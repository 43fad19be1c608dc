"""A plan is sold and bought in a real browser: by keyboard alone, on a phone, in light and dark."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from plainsail.accounts.models import User
from plainsail.accounts.services import workspaces
from plainsail.commerce.tests.factories import NOON
from plainsail.hosting.tests.factories import operator
from plainsail.hosting.tests.test_billing import BILLING
from plainsail.hosting.tests.test_buying import TO
from plainsail.hosting.tests.test_changing_in_a_browser import faults, press
from plainsail.hosting.tests.test_plans import PLANS, on_sale, priced, taken
from plainsail.kernel.tenancy import workspace
from plainsail.payments.services import transfers
from plainsail.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def opened(juniper, page, as_ada, live_server):
    """A page that is signed in as the owner, and how it goes to a path; other hosts can't be reached."""
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    page.go = lambda path: page.goto(origin + path)
    page.shop = lambda path: page.goto(f"http://plainsail-hosting.localhost:{live_server.thread.port}{path}")
    return page


def type_in(page, **fields) -> None:
    """Tab to each field, and type."""
    for name, value in fields.items():
        for _tab in range(80):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.name") == name:
                break
        page.keyboard.type(value)


def test_a_plan_is_bought_with_a_test_card_from_billing_by_keyboard_alone(opened):
    seller = operator()
    opened.go(BILLING)
    assert faults(opened) == []
    type_in(opened, number="4242424242424242", expiry="0430", cvc="123")
    press(opened, "Start the plan")
    opened.wait_for_selector("text=Your plan has begun")
    assert faults(opened) == []
    with workspace(seller):
        assert Subscription.objects.get().state == "active"


def test_a_plan_is_bought_at_the_sellers_checkout_by_keyboard_alone(opened):
    seller = operator()
    with workspace(seller):
        transfers.set_up(TO, mode="test", at=NOON)
    opened.go(BILLING)
    assert faults(opened) == []
    # The address bears the port that this installation is reached at outside tests.
    opened.route(re.compile("/checkout/studio/"), lambda route: route.fulfill(body="<title>The seller’s</title>"))
    press(opened, "Go to the checkout")
    opened.wait_for_url("**/checkout/studio/?for=*")
    opened.unroute_all()
    url = urlsplit(opened.url)
    opened.shop(f"{url.path}?{url.query}")
    assert faults(opened) == []
    type_in(opened, number="4242424242424242", expiry="0430", cvc="123")
    press(opened, "Subscribe and pay")
    opened.wait_for_selector("text=Back to Billing")
    assert faults(opened) == []
    opened.go(BILLING)
    assert "Studio" in opened.inner_text("main")
    with workspace(seller):
        assert Subscription.objects.get().state == "active"


def test_an_operator_sells_plans_by_keyboard_alone(opened, juniper, ada, ben):
    User.objects.filter(pk=ada.pk).update(is_operator=True)
    opened.go(PLANS)
    assert faults(opened) == []
    press(opened, "Sell plans here")
    opened.wait_for_selector("text=No price to choose yet")
    assert faults(opened) == []
    priced(juniper, "Workshop club")
    opened.go(PLANS)
    opened.focus("[name=price]")
    opened.keyboard.press("ArrowDown")
    type_in(opened, name="Club", people="3")
    press(opened, "Put it on sale")
    opened.wait_for_selector("text=It is on sale")
    on_sale(juniper, "Extra domain", is_addon=True, domains=1)
    customer = workspaces.create(name="Customer", owner=ben, at=NOON)
    taken(customer, "club")
    opened.go(PLANS)
    assert faults(opened) == []
    press(opened, "Club")
    opened.wait_for_selector("text=Name and what is included")
    assert faults(opened) == []
    second = workspaces.create(name="Second", owner=ada, at=NOON)
    opened.go(f"/w/{second.slug}/settings/plans/")
    assert faults(opened) == []
