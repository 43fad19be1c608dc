"""The builder of segments by keyboard and on a phone, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from plainsail.contacts.models import Segment
from plainsail.contacts.tests.factories import ContactFactory, SegmentFactory
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing.browser import axe, overflow, schemes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def builder(page, live_server, as_ada, juniper):
    with workspace(juniper):
        for score in (5, 50, 500):
            ContactFactory(score=score)
        made = SegmentFactory(name="Eager")
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    page.goto(f"{origin}/w/juniper/contacts/segments/{made.id}/")
    return page


def test_conditions_are_put_together_by_keyboard_and_counted_meanwhile(builder, juniper):
    builder.focus("#new-root")
    builder.keyboard.type("Score")
    builder.keyboard.press("Tab")
    builder.keyboard.press("Enter")
    comparison = builder.locator("[name=op-0]")
    expect(comparison).to_be_focused()
    comparison.select_option("below")
    expect(comparison).to_have_value("below")
    builder.fill("[name=value-0]", "100")
    expect(builder.get_by_role("status").first).to_contain_text("2 contacts meet these conditions now.")
    expect(builder.get_by_role("status").first).to_contain_text("Score is below 100")
    builder.focus("[name=value-0]")
    builder.keyboard.press("Enter")
    expect(builder.get_by_text("Saved.").first).to_be_visible()
    with workspace(juniper):
        assert Segment.objects.get().tree == {"all": [{"field": "score", "op": "below", "value": "100"}]}


def test_another_comparison_brings_the_input_that_fits_and_keeps_the_focus(builder):
    builder.select_option("#new-root", "created")
    builder.click('button[name=add][value="root"]')
    expect(builder.locator("[name=value-0]")).to_have_attribute("type", "date")
    comparison = builder.locator("[name=op-0]")
    comparison.focus()
    comparison.select_option("within")
    expect(builder.locator("[name=value-0]")).to_have_attribute("inputmode", "numeric")
    expect(comparison).to_be_focused()


def test_groups_inside_groups_are_accessible_and_fit_a_phone(builder):
    for group in ("root", "0"):
        builder.click(f'button[name=group][value="{group}"]')
        expect(builder.locator(f"#new-{'0' if group == 'root' else '1'}")).to_be_visible()
    builder.select_option("#new-1", "visited")
    builder.click('button[name=add][value="1"]')
    expect(builder.locator("[name=days-2]")).to_be_visible()
    for _scheme, rule in schemes(builder):
        assert axe(builder, rule=rule) == []
    for width in (390, 320):
        builder.set_viewport_size({"width": width, "height": 800})
        assert overflow(builder) == 0
