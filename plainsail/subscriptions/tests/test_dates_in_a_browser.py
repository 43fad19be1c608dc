"""Pauses, dates, later ends and unpaid renewals in a real browser: for customers and staff, on a phone and a wide screen, by keyboard."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from plainsail.commerce.services import clocks
from plainsail.commerce.tests.factories import MAREN, NOON
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing.browser import faults
from plainsail.portal.tests.factories import customer, session_key
from plainsail.subscriptions.models import PolicyVersion, Subscription
from plainsail.subscriptions.services import links
from plainsail.subscriptions.tests.factories import charged_by, subscribed

pytestmark = pytest.mark.django_db(transaction=True)

GENEROUS = {"version": 2, "by_customers": True, "most_days": 60, "access": "close", "move_days": 10}


@pytest.fixture
def contract(juniper) -> Subscription:
    made = subscribed(juniper, minor=3100)
    with workspace(juniper):
        PolicyVersion.objects.create(kind="pausing", version=2, text=GENEROUS, made_at=NOON)
    return made


def look(page, name: str, trouble: dict) -> None:
    """Look at a page in both schemes; keep a picture where somebody wants one."""
    page.wait_for_load_state("networkidle")
    for scheme, found in faults(page, shot=f"{name}-{page.viewport_size['width']}").items():
        trouble[name, scheme] = found


@pytest.mark.parametrize("width", [390, 1440])
def test_customers_pages_read_well_and_work_by_keyboard(live_server, juniper, page, contract, width):
    site = f"http://juniper.localhost:{live_server.thread.port}"
    with workspace(juniper):
        key, cancel, pay = session_key(customer(MAREN.email)), links.cancel_path(contract), links.pay_path(contract)
    page.context.add_cookies([{"name": "ps_account", "value": key, "url": site}])
    page.set_viewport_size({"width": width, "height": 844})
    trouble: dict = {}
    page.goto(f"{site}{cancel}")
    page.check("[name=when][value=later]")
    page.fill("[name=end_on]", "2027-01-31")
    page.get_by_role("button", name="Cancel subscription").press("Enter")
    page.get_by_text("Until then only this is charged").wait_for()
    look(page, "cancel-later", trouble)
    page.goto(f"{site}{pay}")
    look(page, "pay", trouble)
    page.goto(f"{site}/account/")
    look(page, "account", trouble)
    page.get_by_role("link", name="Move the next charge").press("Enter")
    page.fill("[name=to_on]", "2026-12-30")
    look(page, "move", trouble)
    page.get_by_role("button", name="Go on").press("Enter")
    page.get_by_text("This is what happens").wait_for()
    look(page, "move-shown", trouble)
    page.get_by_role("button", name="Move the charge").press("Enter")
    page.get_by_role("link", name="Pause").press("Enter")
    look(page, "pause", trouble)
    page.fill("[name=resumes_on]", "2027-01-20")
    page.get_by_role("button", name="Go on").press("Enter")
    page.get_by_text("This is what happens").wait_for()
    look(page, "pause-shown", trouble)
    page.get_by_role("button", name="Pause").press("Enter")
    page.get_by_role("link", name="End the pause").wait_for()
    look(page, "account-paused", trouble)
    page.get_by_role("link", name="End the pause").press("Enter")
    look(page, "resume", trouble)
    assert trouble == {}


@pytest.mark.parametrize("width", [390, 1440])
def test_staffs_pages_read_well(live_server, juniper, page, contract, as_ada, width):
    charged_by(contract, "4000 0000 0000 0341")
    clocks.advance(juniper.pk, to=datetime(2026, 12, 23, 12, tzinfo=UTC), at=NOON)
    other = subscribed(juniper, name="Other club", at=datetime(2026, 12, 23, 12, tzinfo=UTC))
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    page.set_viewport_size({"width": width, "height": 844})
    trouble: dict = {}
    sales = f"{origin}/w/juniper/sales"
    for name, path in {
        "unpaid": f"{sales}/unpaid/",
        "staff-move": f"{sales}/subscriptions/{other.id}/date/",
        "staff-move-shown": f"{sales}/subscriptions/{other.id}/date/?to_on=2027-01-25&days=charged",
        "staff-pause": f"{sales}/subscriptions/{other.id}/pause/",
        "staff-contract": f"{sales}/subscriptions/{other.id}/",
        "staff-record": f"{sales}/subscriptions/{other.id}/cancellation/",
        "policy": f"{origin}/w/juniper/settings/policies/pauses/",
    }.items():
        page.goto(path)
        if name == "unpaid":
            page.get_by_text("What you can do").last.click()
        look(page, name, trouble)
    assert trouble == {}
