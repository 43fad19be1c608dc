"""The mail editor in a real browser: subject and words saved by themselves, shown as a reader gets them, undone, sent on."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from plainsail.kernel.http import workspace_url
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing.browser import axe, overflow
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
def editor(page, live_server, as_ada, juniper, letter):
    """The browser's page with the editor open and ready, signed in as Ada."""
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    page.goto(origin + workspace_url(juniper, "mail:email", letter.id))
    page.wait_for_selector("html[data-ready]", state="attached")
    return page


def saved(editor):
    expect(editor.locator("#saving")).to_have_attribute("data-state", "saved")


def stored(juniper, letter):
    with workspace(juniper):
        return Email.objects.get(id=letter.id)


def test_words_and_subject_are_saved_and_shown_and_words_are_undone(editor, juniper, letter):
    mail = editor.frame_locator("#stage")
    editor.locator("[data-choose]").nth(1).click()
    editor.get_by_label("Button").first.fill("See the bowls")
    expect(mail.get_by_text("See the bowls")).to_be_visible()
    editor.get_by_label("Subject").fill("Twelve bowls left")
    saved(editor)
    expect(editor.locator("#name")).to_have_text("Twelve bowls left")
    assert stored(juniper, letter).subject == "Twelve bowls left"

    editor.get_by_role("button", name="Undo").click()
    expect(mail.get_by_text("Read on")).to_be_visible()
    saved(editor)
    assert stored(juniper, letter).subject == "Twelve bowls left"


def test_leaving_for_the_next_step_takes_along_what_was_just_written(editor, juniper, letter):
    editor.get_by_label("Subject").fill("Written a blink ago")
    editor.get_by_role("link", name="Check and send").click()
    editor.wait_for_url("**/check/")
    assert stored(juniper, letter).subject == "Written a blink ago"


def test_undoing_in_the_subject_line_is_the_browsers_own(editor, juniper, letter):
    editor.locator("[data-choose]").nth(1).click()
    editor.get_by_label("Button").first.fill("See the bowls")
    saved(editor)
    editor.get_by_label("Subject").press("End")
    editor.keyboard.type("!")
    editor.keyboard.press("Control+z")
    saved(editor)
    expect(editor.frame_locator("#stage").get_by_text("See the bowls")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_anybody_can_read_and_use_it_at_any_width(editor, width):
    editor.set_viewport_size({"width": width, "height": 900})
    assert axe(editor) == []
    assert overflow(editor) == 0
