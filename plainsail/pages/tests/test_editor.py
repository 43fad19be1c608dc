"""The editor in a real browser: words changed in the panel and on the page, undone, moved, added by keyboard, published."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from plainsail.kernel.http import workspace_url
from plainsail.kernel.testing.browser import axe, overflow
from plainsail.pages.models import Page
from plainsail.pages.tests.factories import PageFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def subject(juniper, in_workspace):
    with in_workspace(juniper):
        return PageFactory(workspace=juniper, path="/course")


@pytest.fixture
def editor(page, live_server, as_ada, juniper, subject):
    """The browser's page with the editor open and ready, signed in as Ada."""
    origin = live_server.url.replace("127.0.0.1", "localhost")
    cookie = as_ada.cookies["ps_session"]
    page.context.add_cookies([{"name": "ps_session", "value": cookie.value, "url": origin}])
    page.goto(origin + workspace_url(juniper, "pages:page", subject.id))
    page.wait_for_selector("html[data-ready]", state="attached")
    expect(page.frame_locator("#stage").locator("h1")).to_be_visible()
    return page


@pytest.fixture
def stage(editor):
    return editor.frame_locator("#stage")


def saved(editor):
    expect(editor.locator("#saving")).to_have_attribute("data-state", "saved")


def sections(editor):
    return [row.split("\n")[0] for row in editor.locator("[data-choose]").all_inner_texts()]


def test_words_are_changed_in_the_panel_and_on_the_page_undone_and_published(
    editor, stage, subject, juniper, in_workspace, site_client
):
    editor.get_by_label("Headline").fill("Throw a pot in a day")
    expect(stage.locator("h1")).to_have_text("Throw a pot in a day")
    saved(editor)

    stage.get_by_role("heading", name="Everything is ready").click()
    editor.keyboard.press("End")
    editor.keyboard.type(" <b>soon</b>")
    editor.keyboard.press("Enter")
    expect(editor.get_by_label("Heading", exact=True)).to_have_value("Everything is ready when you arrive <b>soon</b>")
    saved(editor)

    editor.keyboard.press("Control+z")
    expect(stage.locator("#features h2")).to_have_text("Everything is ready when you arrive")
    expect(editor.get_by_label("Heading", exact=True)).to_have_value("Everything is ready when you arrive")

    editor.get_by_role("button", name="Publish").click()
    expect(editor.get_by_role("dialog", name="Your page is live")).to_be_visible()
    html = site_client.get("/course").content.decode()
    assert "Throw a pot in a day" in html
    assert "soon" not in html
    with in_workspace(juniper):
        assert Page.objects.get(id=subject.id).is_published


def test_words_typed_before_the_panel_has_come_stand_in_it_too(editor, stage):
    def late(route):
        answer = route.fetch()
        stage.get_by_role("heading", name="Everything is ready").press("End")
        editor.keyboard.type(", soon")
        saved(editor)
        route.fulfill(response=answer)

    editor.route(re.compile(r"\?section="), late, times=1)
    stage.get_by_role("heading", name="Everything is ready").click()
    expect(editor.get_by_label("Heading", exact=True)).to_have_value("Everything is ready when you arrive, soon")
    expect(stage.get_by_role("heading", name="Everything is ready")).to_have_text(
        "Everything is ready when you arrive, soon"
    )


def test_everything_goes_by_keyboard(editor, stage):
    editor.locator("[data-choose]").first.focus()
    editor.keyboard.press("Alt+ArrowDown")
    expect(stage.locator("main > section").first).to_have_id("features")

    editor.keyboard.press("/")
    expect(editor.get_by_role("dialog", name="Add a section")).to_be_visible()
    editor.keyboard.type("divid")
    editor.keyboard.press("Enter")
    expect(editor.locator("#panel h2")).to_have_text("Divider")
    saved(editor)
    assert sections(editor)[:3] == ["Features", "Hero", "Divider"]

    editor.get_by_role("button", name="Delete this section").press("Enter")
    expect(editor.locator("[data-choose]", has_text="Divider")).to_have_count(0)


def test_an_arrow_in_words_moves_no_section(editor):
    before = sections(editor)
    editor.get_by_label("Supporting text").press("Alt+ArrowDown")
    editor.get_by_label("Supporting text").fill("Written")
    saved(editor)

    assert sections(editor) == before


def test_on_a_phone_the_list_makes_room_for_the_settings_of_what_is_new(editor):
    editor.set_viewport_size({"width": 390, "height": 844})
    editor.locator(".rail-open").click()
    editor.locator(".editor-rail").get_by_role("button", name="Add", exact=True).click()
    editor.locator("#add [data-add=steps]").click()

    expect(editor.locator("#panel h2")).to_have_text("Steps")
    expect(editor.locator(".editor-rail")).to_be_hidden()


def test_a_refused_value_is_worded_at_its_field_and_the_rest_goes_on(editor, stage):
    editor.get_by_label("Button goes to").fill("javascript:alert(1)")
    expect(editor.locator("[data-error=link]")).to_contain_text("Use a web address")

    editor.get_by_label("Button goes to").fill("#form")
    expect(editor.locator("[data-error=link]")).to_be_hidden()
    saved(editor)


def test_a_change_from_another_window_is_noticed(editor, subject, juniper, in_workspace):
    with in_workspace(juniper):
        Page.objects.filter(id=subject.id).update(revision=7)

    editor.get_by_label("Headline").fill("Too late")

    expect(editor.get_by_role("dialog", name="Changed somewhere else")).to_be_visible()


def test_rich_words_are_bold_on_the_page(editor, stage):
    editor.locator("[data-choose]", has_text="Questions").click()
    answer = editor.locator(".rich-surface").first
    answer.click()
    editor.keyboard.press("Control+a")
    editor.keyboard.type("Yes, all of it")
    editor.keyboard.press("Control+a")
    editor.keyboard.press("Control+b")

    expect(stage.locator("#questions .words").first.locator("strong")).to_have_text("Yes, all of it")


@pytest.mark.parametrize("width", [390, 1280])
def test_the_editor_fits_its_screen_and_axe_finds_nothing(editor, width):
    editor.set_viewport_size({"width": width, "height": 844})

    assert overflow(editor) == 0
    assert axe(editor) == []


def test_a_published_page_is_accessible(editor, page, stage):
    preview = re.sub(r"\?.*", "", editor.locator("#stage").get_attribute("src"))
    page.goto(re.sub(r"(https?://[^/]+).*", r"\1", page.url) + preview)

    assert overflow(page) == 0
    assert axe(page) == []
