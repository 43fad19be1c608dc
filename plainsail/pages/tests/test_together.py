"""Two people at one page in two real browsers, and one whose connection, window or server goes away: nothing is lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from plainsail.kernel.http import workspace_url
from plainsail.kernel.testing.browser import axe
from plainsail.pages.models import Page
from plainsail.pages.services import editing
from plainsail.pages.tests.factories import NOW, PageFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def subject(juniper, in_workspace):
    with in_workspace(juniper):
        return PageFactory(workspace=juniper, path="/course")


@pytest.fixture
def stored(juniper, in_workspace, subject):
    def load():
        with in_workspace(juniper):
            return Page.objects.get(id=subject.id)

    return load


@pytest.fixture
def address(live_server, juniper, subject):
    return live_server.url.replace("127.0.0.1", "localhost") + workspace_url(juniper, "pages:page", subject.id)


@pytest.fixture
def opened(browser, address):
    """Opens the editor in a browser of its own, signed in as somebody; again in the same one where a page is given."""
    contexts = []

    def open_for(who, *, beside=None):
        context = beside.context if beside else browser.new_context()
        contexts.append(context)
        context.add_cookies([{"name": "ps_session", "value": who.cookies["ps_session"].value, "url": address}])
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector("html[data-ready]", state="attached")
        expect(page.frame_locator("#stage").locator("h1")).to_be_visible()
        return page

    yield open_for
    for context in contexts:
        context.close()


def saved(page):
    expect(page.locator("#saving")).to_have_attribute("data-state", "saved")


def headline(stored):
    return stored().document.blocks[0].props["heading"]


def test_two_people_see_each_other_and_each_others_words(opened, as_ada, as_ben):
    ada, ben = opened(as_ada), opened(as_ben)
    expect(ben.locator("#presence")).to_contain_text("AB")
    expect(ada.locator("#presence .presence-badge")).to_have_count(1, timeout=15_000)

    ada.get_by_label("Headline").fill("Ada was here")
    saved(ada)

    expect(ben.frame_locator("#stage").locator("h1")).to_have_text("Ada was here")
    expect(ben.get_by_label("Headline")).to_have_value("Ada was here")
    expect(ben.locator("[data-others]")).to_have_count(0)


def test_changes_of_both_are_kept(opened, as_ada, as_ben, stored):
    ada, ben = opened(as_ada), opened(as_ben)
    ada.get_by_label("Headline").fill("Ada’s headline")
    ben.get_by_label("Button text").fill("Ben’s button")
    saved(ada)
    saved(ben)

    props = stored().document.blocks[0].props
    assert (props["heading"], props["button"]) == ("Ada’s headline", "Ben’s button")


def test_the_same_words_changed_by_both_are_shown_to_the_second_who_decides(opened, as_ada, as_ben, stored):
    ada, ben = opened(as_ada), opened(as_ben)
    ben.context.set_offline(True)
    ben.get_by_label("Headline").fill("Ben’s headline")
    expect(ben.locator("#saving")).to_have_attribute("data-state", "waiting")
    ada.get_by_label("Headline").fill("Ada’s headline")
    saved(ada)

    ben.context.set_offline(False)
    met = ben.get_by_role("dialog", name="Somebody else changed this too")
    expect(met).to_be_visible()
    expect(met.get_by_label("What you wrote")).to_have_value("Ben’s headline")
    expect(met).to_contain_text("Ada’s headline")
    expect(met).to_contain_text("Ada Brandt")
    assert axe(ben) == []
    assert headline(stored) == "Ada’s headline"

    met.get_by_role("button", name="Put mine in its place").click()
    expect(met).to_be_hidden()
    saved(ben)
    assert headline(stored) == "Ben’s headline"


def test_words_written_without_a_connection_are_sent_when_it_is_back(opened, as_ada, stored):
    ada = opened(as_ada)
    ada.context.set_offline(True)
    ada.get_by_label("Headline").fill("Written on a train")
    expect(ada.locator("#saving")).to_contain_text("No connection")

    ada.context.set_offline(False)

    saved(ada)
    assert headline(stored) == "Written on a train"


def test_words_of_a_window_that_died_are_sent_by_the_next_one(opened, as_ada, stored):
    ada = opened(as_ada)
    ada.context.set_offline(True)
    ada.get_by_label("Headline").fill("The last words of a window")
    expect(ada.locator("#saving")).to_have_attribute("data-state", "waiting")
    ada.close(run_before_unload=False)
    ada.context.set_offline(False)
    assert headline(stored) != "The last words of a window"

    again = opened(as_ada, beside=ada)

    expect(again.frame_locator("#stage").locator("h1")).to_have_text("The last words of a window")
    assert headline(stored) == "The last words of a window"
    assert again.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('plainsail.unsaved'))") == []


def test_one_change_that_is_refused_takes_no_other_with_it(opened, as_ada, stored):
    ada = opened(as_ada)
    ada.context.set_offline(True)
    ada.get_by_label("Headline", exact=True).fill("Before the mistake")
    ada.get_by_label("Button goes to").fill("javascript:alert(1)")
    ada.get_by_label("Supporting text").fill("After the mistake")
    expect(ada.locator("#saving")).to_have_attribute("data-state", "waiting")

    ada.context.set_offline(False)

    expect(ada.locator("#saving")).to_have_attribute("data-state", "refused", timeout=15_000)
    expect(ada.get_by_text("Use a web address")).to_be_visible()
    props = stored().document.blocks[0].props
    assert (props["heading"], props["text"]) == ("Before the mistake", "After the mistake")
    assert props["link"] == "#pricing"
    ada.get_by_label("Button goes to").fill("/contact")
    saved(ada)


def test_however_much_a_window_left_behind_is_sent(opened, as_ada, stored):
    ada = opened(as_ada)
    ada.context.set_offline(True)
    for number in range(30):
        ada.get_by_label("Headline", exact=True).fill(f"Headline {number}")
        ada.get_by_label("Supporting text").fill(f"Text {number}")
    expect(ada.locator("#saving")).to_have_attribute("data-state", "waiting")
    ada.close(run_before_unload=False)
    ada.context.set_offline(False)

    again = opened(as_ada, beside=ada)

    expect(again.frame_locator("#stage").locator("h1")).to_have_text("Headline 29")
    saved(again)
    assert stored().document.blocks[0].props["text"] == "Text 29"


def test_a_menu_closes_once_something_in_it_was_chosen(opened, as_ada):
    ada = opened(as_ada)
    ada.get_by_role("button", name="More", exact=True).click()

    ada.get_by_role("button", name="Look of the page").click()

    expect(ada.get_by_role("heading", name="Look of the page")).to_be_visible()
    expect(ada.get_by_role("button", name="Look of the page")).to_be_hidden()


def test_what_was_made_though_the_answer_was_lost_is_made_once(opened, as_ada, stored):
    ada = opened(as_ada)
    number = len(stored().document.blocks)

    def lose_the_answer(route):
        route.fetch()
        route.abort()

    ada.route("**/edits/", lose_the_answer, times=1)
    ada.get_by_role("button", name="Copy this section").click()
    expect(ada.locator("#saving")).to_have_attribute("data-state", "waiting")
    saved(ada)

    expect(ada.locator("[data-choose]")).to_have_count(number + 1)
    assert (len(stored().document.blocks), stored().revision) == (number + 1, 2)


def test_who_is_signed_out_is_told_and_keeps_their_words(opened, as_ada, stored):
    ada = opened(as_ada)
    cookies = ada.context.cookies()
    ada.context.clear_cookies()
    ada.get_by_label("Headline").fill("Written after the session ended")
    expect(ada.locator("#saving")).to_have_attribute("data-state", "signedout")

    ada.context.add_cookies(cookies)

    saved(ada)
    assert headline(stored) == "Written after the session ended"


def test_a_section_is_copied_into_another_page(opened, as_ada, address, live_server, juniper, in_workspace):
    ada = opened(as_ada)
    ada.locator("[data-choose]", has_text="Testimonials").click()
    ada.locator("[data-choose]", has_text="Testimonials").press("Control+c")
    expect(ada.locator("#announced")).to_contain_text("1 copied")
    with in_workspace(juniper):
        other = PageFactory(workspace=juniper, path="/other", starter="links")

    ada.goto(address.replace(address.split("/")[-2], str(other.id)))
    ada.wait_for_selector("html[data-ready]", state="attached")
    ada.locator("[data-choose]").first.focus()
    ada.keyboard.press("Control+v")

    expect(ada.locator("[data-choose]", has_text="Testimonials")).to_have_count(1)
    expect(ada.frame_locator("#stage").locator("#testimonials")).to_be_visible()


def test_several_sections_are_chosen_by_keyboard_and_cut(opened, as_ada, stored):
    ada = opened(as_ada)
    number = len(stored().document.blocks)
    ada.locator("[data-choose]").nth(1).click()
    ada.locator("[data-choose]").nth(1).press("Shift+ArrowDown")
    expect(ada.locator("#announced")).to_have_text("2 sections chosen.")

    ada.keyboard.press("Control+x")
    expect(ada.locator("[data-choose]")).to_have_count(number - 2)
    ada.locator("[data-choose]").last.click()
    ada.locator("[data-choose]").last.press("Control+v")

    expect(ada.locator("[data-choose]")).to_have_count(number)
    saved(ada)
    assert [block.type for block in stored().document.blocks][-2:] == ["features", "testimonials"]


def test_a_section_is_dragged_with_a_pointer_and_the_move_is_said(opened, as_ada, stored):
    ada = opened(as_ada)
    first, third = ada.locator("[data-row]").nth(0).bounding_box(), ada.locator("[data-row]").nth(2).bounding_box()
    ada.mouse.move(first["x"] + 40, first["y"] + 10)
    ada.mouse.down()
    ada.mouse.move(third["x"] + 40, third["y"] + third["height"] - 4, steps=8)
    ada.mouse.up()

    saved(ada)
    expect(ada.locator("#announced")).to_contain_text("is now section 3 of")
    assert [block.type for block in stored().document.blocks][:3] == ["features", "testimonials", "hero"]


def test_a_plus_between_two_sections_and_a_slash_on_an_empty_line_add_there(opened, as_ada, stored):
    ada = opened(as_ada)
    stage = ada.frame_locator("#stage")
    stage.locator("#features").hover(position={"x": 30, "y": 5})
    stage.get_by_role("button", name="Add a section here").click()
    ada.keyboard.type("divid")
    ada.keyboard.press("Enter")
    expect(ada.locator("#panel h2")).to_have_text("Divider")
    saved(ada)
    assert [block.type for block in stored().document.blocks][:3] == ["hero", "divider", "features"]

    stage.locator("#features h2").click()
    ada.keyboard.press("Control+a")
    ada.keyboard.press("Backspace")
    ada.keyboard.type("/")
    expect(ada.get_by_role("dialog", name="Add a section")).to_be_visible()


def test_rich_words_are_written_on_the_page_with_links_by_keyboard(opened, as_ada, stored):
    ada = opened(as_ada)
    words = ada.frame_locator("#stage").locator("#questions .words").first
    words.click()
    expect(ada.get_by_role("toolbar", name="Formatting").last).to_be_visible()
    ada.keyboard.press("Control+a")
    ada.keyboard.type("Ask us")
    ada.keyboard.press("Control+a")
    ada.keyboard.press("Control+b")
    ada.keyboard.press("Control+k")
    expect(ada.get_by_role("dialog", name="Where does it lead?")).to_be_visible()
    assert axe(ada) == []
    ada.keyboard.type("ask@example.com")
    ada.keyboard.press("Enter")
    expect(words.locator("a")).to_have_attribute("href", "mailto:ask@example.com")
    saved(ada)

    ada.keyboard.press("Escape")
    expect(ada.locator("#rich-tools")).to_be_hidden()
    expect(ada.locator("#panel .rich-surface").first).to_have_text("Ask us")
    answer = next(block for block in stored().document.blocks if block.type == "questions").props["items"][0]["answer"]
    assert "<strong>Ask us</strong>" in answer
    assert 'href="mailto:ask@example.com"' in answer


FROM_A_DOCUMENT = (
    '<b style="font-weight:normal" id="docs-internal-guid-1"><h1><span style="font-weight:400">A part</span></h1>'
    '<p style="font-size:40pt"><span style="font-weight:400">Plain, </span><span style="font-weight:700">strong</span>'
    '<span style="font-weight:400;font-style:italic"> and slanted</span><img src="x" onerror="alert(1)"></p></b>'
)
PASTE = """html => {
  const brought = new DataTransfer();
  brought.setData("text/html", html);
  document.activeElement.dispatchEvent(new ClipboardEvent("paste", {clipboardData: brought, bubbles: true, cancelable: true}));
}"""


def test_what_is_pasted_from_a_word_processor_keeps_what_it_says_and_no_more(opened, as_ada, stored):
    ada = opened(as_ada)
    words = ada.frame_locator("#stage").locator("#questions .words").first
    words.click()
    ada.keyboard.press("Control+a")
    ada.frames[1].evaluate(PASTE, FROM_A_DOCUMENT)

    expect(words.locator("em")).to_have_text("and slanted")
    saved(ada)
    answer = next(block for block in stored().document.blocks if block.type == "questions").props["items"][0]["answer"]
    assert answer == "<h2>A part</h2><p>Plain, <strong>strong</strong><em> and slanted</em></p>"


def test_words_stay_where_they_are_when_they_are_clicked(opened, as_ada, subject, juniper, in_workspace):
    with in_workspace(juniper):
        [block] = [block for block in subject.document.blocks if block.type == "questions"]
        several = "<p>One</p><h2>Two</h2><p>Three</p><ul><li>Four</li></ul>"
        change = {"op": "set", "block": block.id, "path": ["items", 0, "answer"], "value": several}
        editing.apply(subject, [change], revision=subject.revision, by=None, at=NOW)
    ada = opened(as_ada)
    words = ada.frame_locator("#stage").locator("#questions .words").first
    before = words.bounding_box()["height"]

    words.get_by_text("One").click()

    expect(words.locator(".ProseMirror")).to_be_focused()
    assert words.bounding_box()["height"] == pytest.approx(before, abs=2)


def test_a_line_of_rich_words_becomes_a_heading_and_a_line_again(opened, as_ada, stored):
    ada = opened(as_ada)
    words = ada.frame_locator("#stage").locator("#questions .words").first
    words.click()
    button = ada.locator("#rich-tools").get_by_role("button", name="Heading")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(words.locator("h2")).to_have_count(1)
    saved(ada)
    answer = next(block for block in stored().document.blocks if block.type == "questions").props["items"][0]["answer"]
    assert answer.startswith("<h2>")

    button.click()
    expect(words.locator("h2")).to_have_count(0)
