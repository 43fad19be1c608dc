"""Who sees a section, chosen in its panel in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from plainsail.contacts.services import tags
from plainsail.kernel.http import workspace_url
from plainsail.kernel.testing.browser import axe, overflow
from plainsail.pages.models import Page
from plainsail.pages.tests.factories import PageFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_section_is_for_people_with_a_tag_or_from_somewhere_and_for_everybody_again(
    page, live_server, as_ada, juniper, in_workspace
):
    with in_workspace(juniper):
        subject = PageFactory(workspace=juniper, path="/course")
        vip = tags.named(juniper, "Members")
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    page.goto(origin + workspace_url(juniper, "pages:page", subject.id))
    page.wait_for_selector("html[data-ready]", state="attached")

    def stored():
        expect(page.locator("#saving")).to_have_attribute("data-state", "saved")
        with in_workspace(juniper):
            return Page.objects.get(id=subject.id).document.blocks[0].shown

    page.get_by_text("Who sees it", exact=True).press("Enter")
    who = page.locator("#panel [name=who]")
    who.select_option("contact")
    page.locator("#panel [name=tag]").select_option(str(vip.id))
    assert stored() == {"tree": {"field": "tag", "op": "is", "value": str(vip.id)}}

    who.select_option("visit")
    expect(page.locator("#panel [name=tag]")).to_be_hidden()
    page.locator("#panel [name=source]").fill("letter")
    page.keyboard.press("Tab")
    assert stored() == {"visit": {"source": "letter"}}
    assert (axe(page), overflow(page)) == ([], 0)

    who.select_option("")
    assert stored() is None
