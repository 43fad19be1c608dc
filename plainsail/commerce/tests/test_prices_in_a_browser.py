"""Describing a price in a real browser, by keyboard too: only what its kind asks for, and the sentence that customers will read."""

from __future__ import annotations

import pytest

from plainsail.commerce.models import Price
from plainsail.commerce.tests.factories import euros, monthly, offer
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing.browser import faults

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def staff(page, live_server, as_ada):
    """A signed-in browser, and the address of Sales."""
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    return f"{origin}/w/juniper/sales/"


def look(page, name: str) -> dict[str, object]:
    """What is wrong with a page in light and dark; with SHOTS set, pictures of it."""
    page.wait_for_load_state("networkidle")
    return {f"{name} {scheme}": found for scheme, found in faults(page, shot=name).items()}


@pytest.mark.parametrize("width", [390, 1440])
def test_instalments_are_described_by_keyboard_and_said_in_one_sentence(page, staff, juniper, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{staff}products/new/")
    page.get_by_label("Name").fill("Wheel")
    page.get_by_label("Price", exact=True).fill("99")
    assert not page.get_by_label("How many payments").is_visible()
    page.get_by_label("Once", exact=True).focus()
    for _down in range(2):
        page.keyboard.press("ArrowDown")
    assert page.get_by_label("In instalments", exact=True).is_checked()
    page.get_by_label("How many payments").fill("4")
    page.get_by_label("Trial, in days").fill("14")
    page.get_by_label("Price of the trial").fill("9")
    words = page.locator("#price-words")
    words.get_by_text(
        "€9.00 today for 14 days, then 4 payments of €99.00, one every month (€396.00 in all)."
    ).wait_for()
    trouble = look(page, f"editor-{width}")
    page.get_by_role("button", name="Create product").click()
    page.get_by_text("can be bought now").wait_for()
    trouble |= look(page, f"product-{width}")
    assert trouble == {}
    with workspace(juniper):
        made = Price.objects.get()
        assert (made.unit_minor, made.payments, made.trial_days, made.initial_minor) == (9900, 4, 14, 900)


@pytest.mark.parametrize("width", [390, 1440])
def test_what_is_wrong_is_said_at_a_field_that_can_be_seen(page, staff, juniper, width):
    with workspace(juniper):
        product = monthly().price.product
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{staff}products/{product.id}/")
    page.get_by_role("button", name="Add a price").click()
    page.get_by_label("Price", exact=True).fill("99")
    page.get_by_label("In instalments that begin anew").check()
    page.get_by_label("How many payments").fill("13")
    page.get_by_role("button", name="Add price").click()
    page.get_by_text("The payments would not be over when they begin anew").first.wait_for()
    assert page.get_by_label("They begin anew").is_visible()
    assert look(page, f"wrong-{width}") == {}


@pytest.mark.parametrize("width", [390, 1440])
def test_the_checkout_says_what_is_paid_today_and_later(page, live_server, juniper, width):
    with workspace(juniper):
        offer("Wheel", 9900, interval="week", interval_count=2, payments=4)
        offer("Club", 2900, interval="month", trial_days=14, initial=euros(900))
        offer("Weekend", 17500, trial_days=14)
    page.set_viewport_size({"width": width, "height": 900})
    site, trouble = f"http://juniper.localhost:{live_server.thread.port}", {}
    for slug, words in {
        "wheel": "4 payments of €99.00, one every 2 weeks (€396.00 in all).",
        "club": "€9.00 today for 14 days, then €29.00 every month until you cancel.",
        "weekend": "Free for 14 days, then €175.00, once.",
    }.items():
        page.goto(f"{site}/checkout/{slug}/")
        assert page.get_by_text(words).count() == 2  # beside the total, and in what is agreed to
        trouble |= look(page, f"checkout-{slug}-{width}")
    assert trouble == {}
