"""Disputes with their evidence, the search among contracts, and values to be copied, in a real browser and by keyboard."""

from __future__ import annotations

import pytest

from plainsail.commerce.services import receipts
from plainsail.commerce.services.buyers import Buyer
from plainsail.commerce.tests.factories import bought
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.kernel.testing.browser import faults
from plainsail.payments.models import Charge
from plainsail.payments.services import charging
from plainsail.payments.tests.factories import DISPUTED, INSUFFICIENT
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import renewal
from plainsail.subscriptions.tests.factories import charged_by, subscribed
from plainsail.subscriptions.tests.test_conceding import AFTER, BEFORE, RENEWAL, declared, matched, renewed

pytestmark = pytest.mark.django_db(transaction=True)

WHOLE = "(field) => [field.scrollWidth - field.clientWidth, field.scrollHeight - field.clientHeight]"


@pytest.fixture
def owing(juniper) -> Subscription:
    """One who paid disputes it, one disputes rightly, one can't pay a renewal."""
    jonas = Buyer(email="jonas@example.com", name="Jonas Weber", country="DE")
    notice, contract = declared(juniper, at=BEFORE), renewed(juniper)
    bought(juniper, number=DISPUTED)
    with workspace(juniper):
        charges = list(Charge.objects.filter(state="succeeded").values_list("id", flat=True))
    for charge_id in charges:
        charging.look_up(juniper.pk, charge_id, at=AFTER)
    matched(juniper, notice, contract)
    run_jobs(at=AFTER)
    broke = subscribed(juniper, buyer=jonas)
    charged_by(broke, INSUFFICIENT)
    renewal.renew(juniper.pk, broke.pk, at=RENEWAL)
    return broke


@pytest.mark.parametrize("width", [390, 1440])
def test_disputes_contracts_and_receipts_are_seen_whole(live_server, juniper, owing, as_ada, page, width):
    origin = live_server.url.replace("127.0.0.1", "localhost")
    site = f"http://juniper.localhost:{live_server.thread.port}"
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    page.set_viewport_size({"width": width, "height": 844})
    jug = bought(juniper)
    with workspace(juniper):
        token, product = receipts.token_of(jug), jug.lines.get().product_id
    trouble: dict = {}
    for name, path in (
        ("disputes", f"{origin}/w/juniper/sales/refunds/"),
        ("contract", f"{origin}/w/juniper/sales/subscriptions/{owing.id}/"),
        ("unpaid", f"{origin}/w/juniper/sales/unpaid/"),
        ("product", f"{origin}/w/juniper/sales/products/{product}/"),
        ("notices", f"{origin}/w/juniper/settings/notices/"),
        ("receipt", f"{site}/receipt/{token}/"),
    ):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        for scheme, found in faults(page, shot=f"{name}-{width}").items():
            trouble[name, scheme] = found
        for field in page.locator("ui-copy textarea").all():
            if field.is_visible() and max(field.evaluate(WHOLE)) > 1:
                trouble[name, "cut"] = field.input_value()
    assert trouble == {}


@pytest.mark.parametrize("width", [390, 1440])
def test_a_contract_is_searched_and_evidence_fetched_by_keyboard(live_server, owing, as_ada, page, width):
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{origin}/w/juniper/sales/subscriptions/")
    page.get_by_role("searchbox", name="Search").press_sequentially("jonas@")
    page.get_by_role("link", name="Maren Thiessen").first.wait_for(state="detached")
    found = faults(page, shot=f"search-{width}")
    page.get_by_role("link", name="Jonas Weber").press("Enter")
    page.get_by_text("A payment is open").wait_for()
    page.goto(f"{origin}/w/juniper/sales/refunds/")
    with page.expect_download() as fetched:
        page.get_by_role("link", name="Evidence TEST-INV").press("Enter")
    assert fetched.value.suggested_filename.startswith("evidence-TEST-INV-")
    assert found == {}
