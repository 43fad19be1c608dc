"""Free sections in the editor, in a real browser: rows, columns and elements by mouse, by keyboard alone, and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from plainsail.blocks.services import documents
from plainsail.kernel import clock
from plainsail.kernel.http import workspace_url
from plainsail.kernel.testing.browser import axe, overflow
from plainsail.pages.models import Page
from plainsail.pages.services import pages

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = [("element_heading", {"heading": "Apples"}), ("element_text", {"text": "<p>Bread and more</p>"})]
PICTURE = [("element_quote", {"quote": "Cider, please", "name": "Ann"})]
ROWS = [("row", {"columns": "1-1"}, {"one": WORDS, "two": PICTURE})]


@pytest.fixture
def subject(juniper, in_workspace):
    with in_workspace(juniper):
        seeds = [("heading", {"heading": "Welcome"}), ("free", {}, {"rows": ROWS}), ("free", {}, {"rows": []})]
        return pages.create(juniper, documents.build({}, seeds), title="Free", path="/free", at=clock.now())


@pytest.fixture
def editor(page, live_server, as_ada, juniper, subject):
    """The browser's page with the editor open and ready, signed in as Ada."""
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    page.goto(origin + workspace_url(juniper, "pages:page", subject.id))
    page.wait_for_selector("html[data-ready]", state="attached")
    expect(page.frame_locator("#stage").locator("h1")).to_be_visible()
    return page


@pytest.fixture
def stage(editor):
    return editor.frame_locator("#stage")


@pytest.fixture
def stored(editor, juniper, in_workspace, subject):
    """What stands in the page's free sections as it is saved: a list of rows each, each a list of shown columns."""

    def load():
        expect(editor.locator("#saving")).to_have_attribute("data-state", "saved")
        with in_workspace(juniper):
            document = Page.objects.get(id=subject.id).document
        return [[_columns(row) for row in section.slots["rows"]] for section in document.blocks if section.slots]

    return load


def _columns(row):
    shown = row.kind.shown_slots(row.props)
    return [[each.type.removeprefix("element_") for name in names for each in row.slots[name]] for names in shown]


def named(editor, words):
    """An entry in the list of what stands in a section."""
    return editor.locator(".outline [data-choose]", has_text=words)


def test_what_stands_in_a_section_is_chosen_on_the_page_moved_copied_and_deleted(editor, stage, stored):
    stage.get_by_text("Cider, please").click()
    expect(editor.locator("#panel .panel-title")).to_have_text("Quote")
    expect(named(editor, "Cider")).to_have_attribute("aria-current", "true")
    tools = editor.get_by_role("toolbar", name="What is chosen in the section")
    tools.get_by_role("button", name="Move up").click()
    assert stored() == [[[["heading", "text", "quote"], []]], []]

    tools.get_by_role("button", name="Copy this").click()
    expect(stage.get_by_text("Cider, please")).to_have_count(2)
    tools.get_by_role("button", name="Delete this").click()
    expect(stage.get_by_text("Cider, please")).to_have_count(1)
    assert stored() == [[[["heading", "text", "quote"], []]], []]
    editor.keyboard.press("Control+z")
    expect(stage.get_by_text("Cider, please")).to_have_count(2)


def test_a_row_a_column_and_an_element_are_added_where_there_is_room(editor, stage, stored):
    stage.get_by_role("button", name="Add a row", exact=True).click()
    editor.get_by_role("dialog", name="Add a row").get_by_role("button", name="Two, the second wider").click()
    expect(editor.locator("#panel .panel-title")).to_have_text("Row")
    expect(editor.get_by_label("Columns", exact=True)).to_have_value("1-2")

    editor.get_by_role("button", name="Add a column").click()
    expect(editor.get_by_label("Columns", exact=True)).to_have_value("1-2-1")
    stage.locator("#free-2").get_by_role("button", name="Add something to this column").nth(2).click()
    editor.keyboard.type("head")
    editor.keyboard.press("Enter")
    expect(editor.locator("#panel .panel-title")).to_have_text("Heading")
    editor.get_by_label("Heading", exact=True).fill("Third")
    expect(stage.get_by_role("heading", name="Third")).to_be_visible()
    assert stored()[1] == [[[], [], ["heading"]]]

    editor.get_by_role("navigation", name="Where this stands").get_by_role("button", name="Row").click()
    editor.get_by_role("button", name="Move this column to the left").nth(2).click()
    expect(editor.locator(".inside-place").nth(1)).to_contain_text("Third")
    editor.get_by_role("button", name="Delete this column and what stands in it").first.click()
    expect(editor.locator(".inside-place")).to_have_count(2)
    assert stored()[1] == [[["heading"], []]]


def test_an_element_is_dragged_by_its_grip_on_the_page_and_in_the_list(editor, stage, stored):
    stage.get_by_text("Cider, please").click()
    grip = editor.locator("[data-inside=grip]").bounding_box()
    goal = stage.get_by_role("heading", name="Apples").bounding_box()
    editor.mouse.move(grip["x"] + 8, grip["y"] + 8)
    editor.mouse.down()
    editor.mouse.move(goal["x"] + 20, goal["y"] + goal["height"] / 2, steps=6)
    editor.mouse.move(goal["x"] + 20, goal["y"] + 3, steps=3)
    expect(stage.locator(".ps-drop")).to_be_visible()
    editor.mouse.up()
    expect(stage.locator("[data-column=one] > [data-block]").first).to_contain_text("Cider")
    assert stored()[0] == [[["quote", "heading", "text"], []]]

    line = named(editor, "Cider").bounding_box()
    goal = named(editor, "Bread").bounding_box()
    editor.mouse.move(line["x"] + 20, line["y"] + 10)
    editor.mouse.down()
    editor.mouse.move(goal["x"] + 20, goal["y"] + goal["height"] - 4, steps=8)
    editor.mouse.up()
    expect(stage.locator("[data-column=one] > [data-block]").last).to_contain_text("Cider")
    assert stored()[0] == [[["heading", "text", "quote"], []]]


def test_all_of_it_goes_by_keyboard(editor, stage, stored):
    editor.locator("[data-choose]", has_text="Free section").first.focus()
    editor.keyboard.press("Enter")
    for _step in range(2):
        editor.keyboard.press("ArrowDown")
    editor.keyboard.press("Enter")
    expect(editor.locator("#panel .panel-title")).to_have_text("Heading")
    editor.keyboard.press("Alt+ArrowDown")
    editor.keyboard.press("Alt+ArrowDown")
    expect(stage.locator("[data-column=two] > [data-block]").first).to_have_text("Apples")
    expect(editor.locator("#announced")).to_have_text("Heading: Apples is now number 1 of 2: Second column.")
    assert stored()[0] == [[["text"], ["heading", "quote"]]]

    editor.keyboard.press("/")
    expect(editor.get_by_role("dialog", name="Add to the column")).to_be_visible()
    editor.keyboard.type("divid")
    editor.keyboard.press("Enter")
    expect(editor.locator("#panel .panel-title")).to_have_text("Divider")
    assert stored()[0] == [[["text"], ["heading", "divider", "quote"]]]

    named(editor, "Divider").focus()
    editor.keyboard.press("Control+d")
    expect(named(editor, "Divider")).to_have_count(2)
    editor.keyboard.press("Control+c")
    expect(editor.locator("#announced")).to_contain_text("1 copied")
    editor.keyboard.press("Control+v")
    expect(named(editor, "Divider")).to_have_count(3)
    named(editor, "Divider").first.focus()
    editor.keyboard.press("Delete")
    expect(named(editor, "Divider")).to_have_count(2)
    assert stored()[0] == [[["text"], ["heading", "divider", "divider", "quote"]]]


def test_words_that_are_being_written_stay_while_something_beside_them_changes(editor, stage, stored):
    stage.get_by_text("Bread and more").click()
    expect(stage.locator(".ps-rich")).to_be_focused()
    editor.keyboard.press("End")
    editor.keyboard.type(" and butter")
    expect(editor.locator("#saving")).to_have_attribute("data-state", "saved")
    editor.keyboard.type(" today")
    editor.keyboard.press("Escape")
    expect(stage.get_by_text("Bread and more and butter today")).to_be_visible()
    expect(named(editor, "Bread and more and butter")).to_be_visible()


def test_on_a_phone_a_row_is_filled_from_the_panel(editor, stage, stored):
    editor.set_viewport_size({"width": 390, "height": 844})
    stage.get_by_role("heading", name="Apples").click()
    editor.get_by_role("navigation", name="Where this stands").get_by_role("button", name="Row").click()
    expect(editor.locator("#panel .panel-title")).to_have_text("Row")
    assert (overflow(editor), axe(editor)) == (0, [])
    editor.get_by_role("button", name="Add to this column").locator("visible=true").last.click()
    editor.get_by_role("dialog", name="Add to the column").get_by_role("button", name="List Short points").click()
    expect(editor.locator("#panel .panel-title")).to_have_text("List")
    assert stored()[0] == [[["heading", "text"], ["quote", "list"]]]
    assert (overflow(editor), axe(editor)) == (0, [])
