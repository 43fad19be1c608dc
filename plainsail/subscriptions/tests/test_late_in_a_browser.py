"""Charges that weren't taken in time, reasons for leaving, and what stays after closing, in a real browser and by keyboard."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from plainsail.commerce.tests.factories import NOON
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing.browser import faults
from plainsail.subscriptions.models import CancellationRequest
from plainsail.subscriptions.services import cancellation, declaring, renewal
from plainsail.subscriptions.tests.factories import subscribed

pytestmark = pytest.mark.django_db(transaction=True)

AWAKE = datetime(2027, 1, 25, 1, tzinfo=UTC)


@pytest.fixture
def business(juniper):
    """Two contracts slept through a renewal each; two customers left, and one took it back."""
    contracts = [subscribed(juniper) for _each in range(4)]
    with workspace(juniper):
        for contract, reason, text in (
            (contracts[0], "too_expensive", "It was worth it,\nbut the budget is gone."),
            (contracts[1], "unused", ""),
        ):
            data = {"when": "period_end", "reason": reason, "feedback": text}
            declaring.cancel(contract, data, door=CancellationRequest.Door.PORTAL, at=NOON)
        cancellation.undo(contracts[1], by="customer", at=NOON)
    with clock.fixed(AWAKE):
        renewal.run(workspace_id=juniper.pk, at=AWAKE)
    return juniper


def look(page, name: str, trouble: dict) -> None:
    """Look at a page in both schemes; keep a picture where somebody wants one."""
    page.wait_for_load_state("networkidle")
    for scheme, found in faults(page, shot=f"{name}-{page.viewport_size['width']}").items():
        trouble[name, scheme] = found


@pytest.mark.parametrize("width", [390, 1440])
def test_the_owner_is_told_looks_and_charges_by_keyboard(live_server, business, as_ada, page, width):
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    page.set_viewport_size({"width": width, "height": 844})
    trouble: dict = {}
    for name, path in (
        ("home", ""),
        ("unpaid", "sales/unpaid/"),
        ("cancellations", "sales/cancellations/"),
        ("reasons", "sales/cancellations/reasons/"),
        ("words", "sales/cancellations/reasons/words/?reason=too_expensive"),
        ("policies", "settings/policies/"),
        ("data", "settings/policies/data/"),
        ("closing", "settings/closing/"),
    ):
        page.goto(f"{origin}/w/juniper/{path}")
        look(page, name, trouble)
    page.goto(f"{origin}/w/juniper/")
    page.get_by_role("link", name="Look at them").press("Enter")
    page.get_by_role("button", name="Charge these 3 now").press("Enter")
    page.get_by_text("3 renewals are being charged now").wait_for()
    look(page, "charged", trouble)
    page.goto(f"{origin}/w/juniper/sales/cancellations/")
    page.get_by_role("link", name="Reasons by month").press("Enter")
    page.get_by_role("link", name="1 wrote something").press("Enter")
    page.get_by_text("the budget is gone").wait_for()
    assert trouble == {}
