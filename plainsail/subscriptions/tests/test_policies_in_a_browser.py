"""The editor of the refund policy in a real browser: with a script, without one, by keyboard, on a small phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from plainsail.commerce.tests import factories as commerce
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing.browser import axe, overflow
from plainsail.subscriptions.services import policies

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def address(live_server, juniper) -> str:
    with workspace(juniper):
        commerce.offer("Studio year", 24000, interval="year")
    return live_server.url.replace("127.0.0.1", "localhost") + "/w/juniper/settings/policies/"


def sign_in(context, address: str, as_ada) -> None:
    origin = re.sub(r"/w/.*", "", address)
    context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])


def test_rules_are_put_in_order_tried_and_saved_without_a_script(browser, address, as_ada, juniper):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    sign_in(context, address, as_ada)
    page = context.new_page()
    page.goto(f"{address}refunds/")
    page.get_by_role("button", name="Move rule 2 up").click()
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    expect(page.locator("#rule-0")).to_contain_text("Within 14 days of the first payment")
    page.get_by_role("button", name="Add a rule").click()
    expect(page.locator("#rule-6 details")).to_have_attribute("open", "")
    page.locator("#id_rule-6-refund").select_option("full")
    page.get_by_role("button", name="Move rule 7 up").click()
    page.get_by_role("button", name="Try it out").last.click()
    expect(page.locator("#trial")).to_contain_text("As edited")
    page.get_by_role("button", name="Save as a new version").click()
    page.wait_for_url(address)
    with workspace(juniper):
        saved = policies.terms()["refund"]
    default = policies.DEFAULT_REFUND["rules"]
    assert saved["rules"][:2] == [default[1], default[0]]
    assert saved["rules"][-2:] == [{"when": {}, "refund": "full"}, default[-1]]
    context.close()


def test_a_change_is_tried_at_once_and_the_keyboard_stays_where_it_was(page, address, as_ada):
    sign_in(page.context, address, as_ada)
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(f"{address}refunds/")
    assert (axe(page), overflow(page)) == ([], 0)
    page.locator("#rule-1 summary").focus()
    page.keyboard.press("Enter")
    page.locator("#id_rule-1-within").fill("30")
    page.keyboard.press("Tab")
    expect(page.locator("#trial")).to_contain_text("As edited")
    expect(page.locator("#id_rule-1-within_unit")).to_be_focused()
    page.get_by_role("button", name="Move rule 2 up").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#rule-0 summary")).to_be_focused()
    expect(page.locator("#rule-0")).to_contain_text("Within 30 days of the first payment")
    assert (axe(page), overflow(page)) == ([], 0)
