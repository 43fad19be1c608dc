"""Closing, taking back and erasing as an owner meets them, by keyboard, on a phone and on a desk."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from plainsail.accounts.models import User
from plainsail.hosting.services import advancing, closing
from plainsail.kernel import clock
from plainsail.kernel.testing.browser import axe, faults, overflow

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def closing_page(page, live_server, as_ada, juniper):
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    page.goto(f"{origin}/w/juniper/settings/closing/")
    return page


def press(page, name):
    page.get_by_role("button", name=name).focus()
    page.keyboard.press("Enter")


def test_an_owner_closes_and_takes_it_back_by_keyboard(closing_page):
    assert axe(closing_page) == []
    press(closing_page, "Close the business")
    expect(closing_page.get_by_text("Your business closed on")).to_be_visible()
    assert faults(closing_page) == {}
    closing_page.set_viewport_size(PHONE)
    assert overflow(closing_page) == 0
    press(closing_page, "Reopen the business")
    expect(closing_page.get_by_text("Your business is open again")).to_be_visible()


def test_an_owner_erases_with_the_box_and_the_password(closing_page, ada, juniper, live_server):
    closing_page.get_by_label("Erase everything of this business, for good").focus()
    closing_page.keyboard.press("Space")
    closing_page.get_by_label("Your password").fill("not it")
    closing_page.keyboard.press("Enter")
    expect(closing_page.get_by_role("alert")).to_be_visible()
    assert axe(closing_page) == []
    assert User.objects.get(pk=ada.pk).memberships.exists()


def test_the_certificate_is_readable(closing_page, juniper, live_server):
    from plainsail.hosting.services import certificates
    from plainsail.kernel.tenancy import workspace

    at = clock.now()
    asked = closing.ask_erasure(juniper, by=None, email="", at=at)
    advancing.advance.function(workspace_id=juniper.pk, at=at)
    with workspace(juniper):
        asked.refresh_from_db()
    origin = live_server.url.replace("127.0.0.1", "localhost")
    closing_page.goto(f"{origin}/erased/{certificates.token_of(asked)}/")
    expect(closing_page.get_by_role("heading", name="Certificate of erasure")).to_be_visible()
    assert axe(closing_page) == []
    closing_page.set_viewport_size(PHONE)
    assert overflow(closing_page) == 0
