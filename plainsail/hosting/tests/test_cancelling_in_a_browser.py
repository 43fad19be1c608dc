"""From any signed-in page to cancelled in three clicks, by keyboard and on a phone; and every page on the way reads well."""

from __future__ import annotations

import pytest

from plainsail.hosting.tests.test_billing import BILLING
from plainsail.hosting.tests.test_changing_in_a_browser import (  # noqa: F401 (fixtures)
    faults,
    opened,
    press,
    seller,
)
from plainsail.kernel.tenancy import workspace
from plainsail.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db(transaction=True)

ANYWHERE = ("", "contacts/", "sales/", "pages/", "emails/", "settings/profile/")
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}


def is_ending(of) -> bool:
    with workspace(of):
        return Subscription.objects.get().scheduled_end_at is not None


def take_back(page) -> None:
    page.click("main button:has-text('Take it back')")
    page.wait_for_load_state()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_from_the_menu_of_any_page_three_clicks_cancel(opened, seller, size):  # noqa: F811
    opened.set_viewport_size(size)
    for path in ANYWHERE:
        opened.go(f"/w/juniper/{path}")
        opened.locator("[popovertarget^=account-]").locator("visible=true").click()
        for clicked in (
            ".menu-panel a:has-text('Billing')",
            "main a:has-text('Cancel subscription')",
            "main form button.button-primary",
        ):
            opened.locator(clicked).locator("visible=true").first.click()
            opened.wait_for_load_state()
        assert is_ending(seller), path
        take_back(opened)
        assert not is_ending(seller)


def test_cancelling_reads_well_and_works_by_keyboard(opened, seller):  # noqa: F811
    opened.go(BILLING)
    assert faults(opened) == []
    press(opened, "Cancel subscription")
    opened.wait_for_url("**/cancellation/")
    assert faults(opened) == []
    press(opened, "Cancel subscription")
    opened.wait_for_url(f"**{BILLING}")
    assert is_ending(seller)
    assert faults(opened) == []
