"""Two people at one mail in two real browsers: both are kept, and what both changed is shown to the second, who decides."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from plainsail.kernel.http import workspace_url
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing.browser import axe
from plainsail.mail.models import Email
from plainsail.mail.tests.factories import BroadcastFactory, ListFactory, subscriber

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def letter(juniper):
    with workspace(juniper):
        topic = ListFactory(name="Kiln news", is_default=True)
        subscriber(topic, email="maren@example.com")
        return BroadcastFactory(list=topic).email


@pytest.fixture
def address(live_server, juniper, letter):
    return live_server.url.replace("127.0.0.1", "localhost") + workspace_url(juniper, "mail:email", letter.id)


@pytest.fixture
def opened(browser, address):
    """Opens the editor at the section with the button, in a browser of its own, signed in as somebody."""
    contexts = []

    def open_for(who):
        context = browser.new_context()
        contexts.append(context)
        context.add_cookies([{"name": "ps_session", "value": who.cookies["ps_session"].value, "url": address}])
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector("html[data-ready]", state="attached")
        page.locator("[data-choose]").nth(1).click()
        expect(page.get_by_label("Button").first).to_be_visible()
        return page

    yield open_for
    for context in contexts:
        context.close()


def saved(page):
    expect(page.locator("#saving")).to_have_attribute("data-state", "saved")


def stored(juniper, letter):
    with workspace(juniper):
        return Email.objects.get(id=letter.id)


def test_two_people_see_each_other_and_each_others_words_and_subject(opened, as_ada, as_ben):
    ada, ben = opened(as_ada), opened(as_ben)
    expect(ben.locator("#presence")).to_contain_text("AB")
    expect(ada.locator("#presence .presence-badge")).to_have_count(1, timeout=15_000)

    ada.get_by_label("Button").first.fill("Ada was here")
    ada.get_by_label("Subject").fill("From Ada")
    saved(ada)

    expect(ben.frame_locator("#stage").get_by_text("Ada was here")).to_be_visible()
    expect(ben.get_by_label("Button").first).to_have_value("Ada was here")
    expect(ben.get_by_label("Subject")).to_have_value("From Ada")
    expect(ben.locator("#name")).to_have_text("From Ada")


def test_the_same_words_changed_by_both_are_shown_to_the_second_who_decides(opened, as_ada, as_ben, juniper, letter):
    ada, ben = opened(as_ada), opened(as_ben)
    ben.context.set_offline(True)
    ben.get_by_label("Button").first.fill("Ben’s button")
    ben.get_by_label("Subject").fill("Ben’s subject")
    expect(ben.locator("#saving")).to_have_attribute("data-state", "waiting")
    ada.get_by_label("Button").first.fill("Ada’s button")
    ada.get_by_label("Subject").fill("Ada’s subject")
    saved(ada)

    ben.context.set_offline(False)
    met = ben.get_by_role("dialog", name="Somebody else changed this too")
    expect(met.locator("[data-met-row]")).to_have_count(2)
    expect(met).to_contain_text("Ada’s button")
    expect(met).to_contain_text("Ada Brandt")
    expect(met).to_contain_text("Ada’s subject")
    assert axe(ben) == []
    now = stored(juniper, letter)
    assert (now.subject, now.read().blocks[1].props["button"]) == ("Ada’s subject", "Ada’s button")

    for _both in range(2):
        met.get_by_role("button", name="Put mine in its place").first.click()
    expect(met).to_be_hidden()
    saved(ben)
    now = stored(juniper, letter)
    assert (now.subject, now.read().blocks[1].props["button"]) == ("Ben’s subject", "Ben’s button")


def test_words_of_a_window_that_died_are_sent_by_the_next_one(opened, as_ada, juniper, letter, address):
    ada = opened(as_ada)
    ada.context.set_offline(True)
    ada.get_by_label("Button").first.fill("The last words of a window")
    expect(ada.locator("#saving")).to_have_attribute("data-state", "waiting")
    ada.close(run_before_unload=False)
    ada.context.set_offline(False)

    again = ada.context.new_page()
    again.goto(address)
    expect(again.frame_locator("#stage").get_by_text("The last words of a window")).to_be_visible()
    assert stored(juniper, letter).read().blocks[1].props["button"] == "The last words of a window"
