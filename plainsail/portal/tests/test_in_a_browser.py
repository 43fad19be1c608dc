"""A customer's way in, in a real browser: by keyboard, readable, on a phone."""

import pytest

from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing.browser import axe, overflow
from plainsail.portal.models import SignInLink
from plainsail.portal.services import entrance
from plainsail.portal.tests.factories import customer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_customer_enters_looks_around_and_leaves(live_server, juniper, page, width):
    with workspace(juniper):
        link = SignInLink.objects.create(
            email="maren@example.com",
            contact=customer(),
            ip="127.0.0.1",
            expires_at=clock.now() + entrance.LINK_LIVES,
        )
    page.set_viewport_size({"width": width, "height": 800})
    site = f"http://juniper.localhost:{live_server.thread.port}"
    trouble = {}

    def look(name):
        page.wait_for_load_state("networkidle")
        if found := axe(page) + ([f"{overflow(page)} px too wide"] if overflow(page) else []):
            trouble[name] = found

    page.goto(f"{site}/account/")
    look("sign in")
    page.keyboard.type("maren@example.com")
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/sign-in/sent/")
    look("sent")
    page.goto(f"{site}/account/link/{entrance.token(link)}/")
    look("link")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{site}/account/")
    look("account")
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url("**/account/sign-in/")
    page.goto(f"{site}/account/link/{entrance.token(link)}/")
    look("over")
    assert trouble == {}
