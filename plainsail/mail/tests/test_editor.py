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


def test_a_field_is_chosen_from_a_list_and_stands_where_one_was_writing(editor, juniper, letter):
    editor.get_by_label("Subject").press("End")
    editor.locator("[data-merge=subject]").click()
    editor.get_by_label("Field", exact=True).select_option("first_name")
    editor.get_by_label("Where it is empty, say").fill("{you}")
    editor.keyboard.press("Enter")
    saved(editor)
    expect(editor.get_by_label("Subject")).to_have_value("News from the kiln{{first_name|you}}")
    assert stored(juniper, letter).subject == "News from the kiln{{first_name|you}}"


def test_a_field_that_doesnt_exist_is_told_at_the_subject(editor, juniper, letter):
    editor.get_by_label("Subject").fill("For {{nobody}}")
    expect(editor.get_by_role("alert").filter(has_text="There is no field “nobody”")).to_be_visible()
    expect(editor.get_by_label("Subject")).to_have_attribute("aria-invalid", "true")
    editor.get_by_label("Subject").fill("For all")
    saved(editor)
    assert stored(juniper, letter).subject == "For all"


def test_a_section_is_given_to_some_and_another_one_to_the_rest(editor, juniper, letter):
    mail = editor.frame_locator("#stage")
    editor.locator("#shown-who").select_option("city")
    editor.locator("#shown-op").select_option("is_not")
    editor.locator("#shown-value").fill("Husum")
    editor.locator("#shown-value").press("Tab")
    saved(editor)
    editor.locator("[data-choose]").nth(1).click()
    editor.locator("#shown-who").select_option("rest")
    saved(editor)
    first, second = stored(juniper, letter).read().blocks
    assert first.shown == {"tree": {"field": "city", "op": "is_not", "value": "Husum"}}
    assert second.shown == {"rest": True}
    expect(mail.get_by_text("the kiln is on")).to_be_visible()
    expect(mail.get_by_text("Read on")).to_have_count(0)


def test_words_that_can_no_longer_be_saved_are_there_to_be_copied(editor, juniper, letter):
    with workspace(juniper):
        Email.objects.filter(id=letter.id).update(revision=7)
    editor.locator("[data-choose]").nth(1).click()

    editor.get_by_label("Button").first.fill("Too late")

    changed = editor.get_by_role("dialog", name="Changed somewhere else")
    expect(changed.get_by_label("What you wrote")).to_have_value("Too late")


@pytest.mark.parametrize("width", [1440, 390])
def test_anybody_can_read_and_use_it_at_any_width(editor, width):
    editor.set_viewport_size({"width": width, "height": 900})
    assert axe(editor) == []
    assert overflow(editor) == 0
