"""The editor's dialogs by keyboard alone: each opens, does its work, closes by Escape, and the focus comes back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from plainsail.blocks.services import documents
from plainsail.files.models import File
from plainsail.files.services import library
from plainsail.files.tests.factories import FileFactory
from plainsail.kernel import clock
from plainsail.kernel.http import workspace_url
from plainsail.kernel.testing.browser import axe, faults
from plainsail.pages.models import Page
from plainsail.pages.services import pages, publishing

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def subject(juniper, in_workspace):
    with in_workspace(juniper):
        FileFactory(name="bowl.png")
        other = pages.create(
            juniper,
            documents.build({}, [("heading", {"heading": "Else"})]),
            title="Courses",
            path="/courses",
            at=clock.now(),
        )
        publishing.publish(other, by=None, at=clock.now())
        seeds = [
            ("image", {"image": {"picture": "plant"}}),
            ("text", {"text": "<p>Words that lead somewhere</p>"}),
            ("hero", {"heading": "Keys", "button": "Go", "link": "#text"}),
        ]
        return pages.create(juniper, documents.build({}, seeds), title="Keys", path="/keys", at=clock.now())


@pytest.fixture
def editor(page, live_server, as_ada, juniper, subject):
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    page.goto(origin + workspace_url(juniper, "pages:page", subject.id))
    page.wait_for_selector("html[data-ready]", state="attached")
    expect(page.frame_locator("#stage").locator("main")).to_be_visible()
    return page


@pytest.fixture
def stored(editor, juniper, in_workspace, subject):
    def load():
        expect(editor.locator("#saving")).to_have_attribute("data-state", "saved")
        with in_workspace(juniper):
            return Page.objects.get(id=subject.id).document

    return load


def choose(editor, name):
    row = editor.locator("[data-choose]", has_text=name).first
    row.focus()
    editor.keyboard.press("Enter")
    expect(editor.locator("#panel .panel-title")).to_have_text(name)


def tab_to(editor, locator, most=25):
    """As far as it takes, and no further than a person would go."""
    for _press in range(most):
        if locator.evaluate("each => each === document.activeElement"):
            return
        editor.keyboard.press("Tab")
    expect(locator).to_be_focused()


def test_a_picture_is_chosen_and_the_focus_comes_back(editor, stored):
    opener = editor.locator("#panel [data-pick-picture]").first
    dialog = editor.get_by_role("dialog", name="Choose a picture")
    opener.focus()
    editor.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    expect(dialog.locator("[data-picture]")).to_have_count(1)
    assert axe(editor) == []
    editor.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()

    editor.keyboard.press("Enter")
    expect(dialog.locator("[data-picture]")).to_have_count(1)
    tab_to(editor, dialog.locator("[data-picture]"))
    editor.keyboard.press("Enter")
    expect(editor.locator("#panel .picture-own-shown img")).to_be_visible()
    expect(opener).to_be_focused()
    assert stored().blocks[0].props["image"]["file"]


def test_a_link_is_chosen_from_the_list_and_in_the_words(editor, stored):
    choose(editor, "Hero")
    opener = editor.locator("#panel [data-pick-link]").first
    dialog = editor.get_by_role("dialog", name="Where does it lead?")
    opener.focus()
    editor.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    assert axe(editor) == []
    editor.keyboard.press("Escape")
    expect(opener).to_be_focused()

    editor.keyboard.press("Enter")
    expect(dialog.locator("[data-link-target]")).to_be_focused()
    editor.keyboard.type("cours")
    editor.keyboard.press("ArrowDown")
    editor.keyboard.press("Enter")
    expect(editor.get_by_label("Button goes to")).to_have_value("/courses")
    expect(editor.get_by_label("Button goes to")).to_be_focused()
    assert stored().blocks[2].props["link"] == "/courses"

    choose(editor, "Text")
    words = editor.locator("#panel .rich-surface").first
    words.focus()
    editor.keyboard.press("Control+a")
    editor.keyboard.press("Control+k")
    expect(dialog).to_be_visible()
    editor.keyboard.type("ada@example.com")
    editor.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    assert 'href="mailto:ada@example.com"' in stored().blocks[1].props["text"]


def test_publishing_says_that_it_is_live_and_gives_the_focus_back(editor):
    button = editor.get_by_role("button", name="Publish", exact=True)
    dialog = editor.get_by_role("dialog", name="Your page is live")
    button.focus()
    editor.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    assert axe(editor) == []
    editor.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()


def test_sections_are_copied_cut_and_pasted(editor, stored):
    choose(editor, "Hero")
    editor.keyboard.press("Control+c")
    expect(editor.locator("#announced")).to_contain_text("1 copied")
    editor.keyboard.press("Control+v")
    expect(editor.locator(".sections > [data-row]")).to_have_count(4)
    assert [block.type for block in stored().blocks] == ["image", "text", "hero", "hero"]

    editor.locator("[data-choose]", has_text="Picture").first.focus()
    editor.keyboard.press("Enter")
    editor.keyboard.press("Control+x")
    expect(editor.locator(".sections > [data-row]")).to_have_count(3)
    editor.locator("[data-choose]").last.focus()
    editor.keyboard.press("Enter")
    editor.keyboard.press("Control+v")
    expect(editor.locator(".sections > [data-row]")).to_have_count(4)
    assert [block.type for block in stored().blocks] == ["text", "hero", "hero", "image"]


def test_a_version_is_kept_compared_and_restored(editor, stored):
    choose(editor, "Hero")
    editor.get_by_role("button", name="More", exact=True).focus()
    editor.keyboard.press("Enter")
    entry = editor.get_by_role("menuitem", name="Versions").or_(editor.get_by_role("link", name="Versions"))
    entry.focus()
    editor.keyboard.press("Enter")
    editor.wait_for_url("**/versions/")
    editor.get_by_label("Name").focus()
    editor.keyboard.type("Before the sale")
    editor.keyboard.press("Enter")
    expect(editor.get_by_text("Before the sale")).to_be_visible()
    editor.get_by_role("link", name="Compare").first.focus()
    editor.keyboard.press("Enter")
    expect(editor.get_by_role("heading", name="Compare versions")).to_be_visible()
    assert axe(editor) == []
    editor.get_by_role("button", name="Make “Before the sale” the draft").focus()
    editor.keyboard.press("Enter")
    editor.wait_for_url(lambda url: "/comparison/" not in url and "/restoration/" not in url)


def test_the_sites_icon_is_chosen_from_the_library_and_stays_there(editor, juniper, in_workspace, live_server):
    origin = live_server.url.replace("127.0.0.1", "localhost")
    editor.goto(origin + workspace_url(juniper, "pages:site"))
    editor.get_by_role("button", name="Choose or upload").first.press("Enter")
    editor.locator("#pictures [data-picture]").first.press("Enter")
    icon = editor.get_by_label("Icon")
    expect(icon).to_have_value(re.compile("^/media/.*-320[.]"))
    assert not any(faults(editor).values())
    icon.press("Enter")
    expect(editor.get_by_text("Your published pages follow")).to_be_visible()

    with in_workspace(juniper):
        picture = File.objects.get()
        assert juniper.sites.get().icon_url == library.thumbnail(picture)
        assert [use.label for use in library.uses(picture)] == ["Site"]
