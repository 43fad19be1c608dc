"""Search by keyboard, and lists that answer while one types, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from plainsail.contacts.services import contacts
from plainsail.kernel import clock
from plainsail.kernel.errors import Refusal
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing.browser import axe

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def home(page, live_server, as_ada, juniper):
    """Home, open in the browser, with two people known."""
    with workspace(juniper):
        for first, last in (("Maren", "Thiele"), ("Tom", "Okafor")):
            fields = {"first_name": first, "last_name": last}
            contacts.create(email=f"{first}@example.com".lower(), fields=fields, source="manual", at=clock.now())
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    page.goto(f"{origin}/w/juniper/")
    return page


def test_ctrl_k_finds_somebody_and_enter_leads_there(home):
    home.keyboard.press("Control+k")
    home.keyboard.type("maren")
    expect(home.locator("#finder .find")).to_have_count(1)
    assert axe(home) == []
    home.keyboard.press("Enter")
    expect(home.get_by_role("heading", name="Maren Thiele")).to_be_visible()


def test_arrows_move_through_what_is_found_and_escape_leads_back(home):
    opener = home.locator(".rail-search")
    opener.focus()
    home.keyboard.press("Enter")
    expect(home.locator("#finder .find").first).to_be_visible()
    home.keyboard.press("ArrowDown")
    assert home.evaluate("document.activeElement.classList.contains('find')")
    home.keyboard.press("ArrowUp")
    assert home.evaluate("document.activeElement.matches('#finder input')")
    home.keyboard.press("Escape")
    expect(home.locator("#finder")).to_be_hidden()
    expect(opener).to_be_focused()


def test_on_a_phone_search_is_a_button_at_the_top(home):
    home.set_viewport_size({"width": 390, "height": 844})
    home.locator(".topbar [data-finder]").click()
    home.keyboard.type("billing")
    expect(home.locator("#finder .find")).to_have_count(1)
    home.locator("#finder .find").click()
    home.wait_for_url("**/settings/billing/")


def test_without_a_connection_a_list_says_so_and_stays(home):
    home.goto(home.url + "contacts/")
    home.context.set_offline(True)
    home.get_by_placeholder("Name or address").press_sequentially("tom")
    expect(home.get_by_text("No connection.")).to_be_visible()
    expect(home.locator("#found tbody tr")).to_have_count(2)


def test_a_refused_filter_is_said_in_a_toast_and_the_list_stays(home, monkeypatch):
    def refuse(*args, **options):
        raise Refusal

    home.goto(home.url + "contacts/")
    monkeypatch.setattr("plainsail.contacts.queries.browse", refuse)
    home.get_by_placeholder("Name or address").press_sequentially("tom")
    expect(home.locator("#toasts ui-toast")).to_have_count(1)
    expect(home.locator("#found tbody tr")).to_have_count(2)


def test_a_list_answers_while_one_types_and_keeps_the_place_in_the_field(home):
    home.goto(home.url + "contacts/")
    field = home.get_by_placeholder("Name or address")
    field.press_sequentially("tom")
    expect(home.locator("#found tbody tr")).to_have_count(1)
    expect(field).to_be_focused()
    home.wait_for_url("**text=tom**")
