from __future__ import annotations

import pytest

from plainsail.kernel.testing.browser import axe, overflow, schemes

LAYOUTS = ["", "app/", "settings/", "plain/", "public/", "editor/", "problem/"]
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture
def at(live_server, settings, page):
    """Open a page of the gallery."""
    settings.DEBUG = True

    def open_page(name: str = "") -> None:
        page.goto(f"{live_server.url.replace('127.0.0.1', 'localhost')}/ui/gallery/{name}")

    return open_page


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", LAYOUTS, ids=lambda name: name or "gallery")
def test_every_layout_is_accessible_and_never_scrolls_sideways(at, page, name, size):
    page.set_viewport_size(size)
    at(name)
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    page.wait_for_timeout(300)  # toasts come into their region after a moment
    for scheme, rule in schemes(page):
        assert (scheme, axe(page, rule=rule), overflow(page)) == (scheme, [], 0)


def test_the_persons_choice_of_dark_wins_over_the_system_and_stays(at, page):
    at()
    page.get_by_role("button", name="Anke Thiessen").click()
    page.get_by_role("button", name="Dark").click()
    at("app/")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 23, 21)"
    assert axe(page) == []


def test_a_menu_works_by_keyboard(at, page):
    at("app/")
    page.get_by_role("button", name="Last 14 days").focus()
    page.keyboard.press("ArrowDown")
    first = page.evaluate("document.activeElement.textContent.trim()")
    page.keyboard.press("ArrowDown")
    second = page.evaluate("document.activeElement.textContent.trim()")
    page.keyboard.press("Escape")
    assert (first, second) == ("Last 14 days", "Last 30 days")
    assert page.locator(".menu-panel:popover-open").count() == 0
    assert page.evaluate("document.activeElement.textContent.trim()") == "Last 14 days"


def test_a_menu_opens_beside_its_button_and_inside_the_window(at, page):
    page.set_viewport_size(PHONE)
    at("app/")
    page.get_by_role("button", name="Create").click()
    box = page.locator(".menu-panel:popover-open").bounding_box()
    assert (box["x"] >= 0, box["x"] + box["width"] <= 390) == (True, True)


def test_a_dangerous_form_asks_first_and_takes_no_for_an_answer(at, page):
    at()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method) if request.method == "POST" else None)
    page.get_by_role("button", name="Refund", exact=True).click()
    dialog = page.get_by_role("dialog", name="Refund this order?")
    assert "€175.00" in dialog.inner_text()
    dialog.get_by_role("button", name="Cancel").click()
    assert (dialog.count(), sent) == (0, [])


def test_a_dangerous_form_is_sent_once_after_yes(at, page):
    at()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method) if request.method == "POST" else None)
    page.get_by_role("button", name="Refund", exact=True).click()
    with page.expect_navigation():
        page.get_by_role("dialog").get_by_role("button", name="Refund €175.00").click()
    assert sent == ["POST"]


def test_a_dialog_opens_takes_focus_and_closes_by_escape(at, page):
    at()
    page.get_by_role("button", name="Rename").last.click()
    dialog = page.get_by_role("dialog", name="Rename page")
    assert dialog.is_visible()
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    page.keyboard.press("Escape")
    assert dialog.count() == 0


def test_a_toast_is_said_and_can_be_closed(at, page):
    at()
    toast = page.locator("ui-toast", has_text="Contact archived.")
    toast.wait_for()
    assert toast.get_by_role("button", name="Undo").is_visible()
    toast.get_by_role("button", name="Close this message").click()
    assert toast.count() == 0


def test_the_first_tab_stop_skips_to_the_content(at, page):
    at("app/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_phone_has_its_rooms_at_the_foot_and_the_rest_behind_more(at, page):
    page.set_viewport_size(PHONE)
    at("app/")
    bar = page.locator(".tabbar")
    assert bar.get_by_role("link").all_inner_texts() == ["Home", "Pages", "Emails", "Automations"]
    bar.get_by_role("button", name="More").click()
    sheet = page.locator("#more")
    assert [name in sheet.inner_text() for name in ("Contacts", "Sales", "Settings", "Billing", "Sign out")] == [
        True
    ] * 5
    assert axe(page) == []


def test_what_one_can_press_is_large_enough(at, page):
    at()
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, .button, .rail-link, .tab, input:not([type=hidden]), select")]
            .filter((target) => target.offsetParent)
            .map((target) => target.closest("label") ?? target)
            .filter((target) => target.getBoundingClientRect().height < 24 && !target.matches("input[type=checkbox]"))
            .map((target) => target.outerHTML.slice(0, 120))"""
    )
    assert small == []


def test_fonts_and_icons_come_from_this_host(at, page):
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2].split(":")[0]))
    at("public/")
    page.evaluate("document.fonts.ready.then(() => true)")
    assert hosts == {"localhost"}
    assert page.evaluate("document.fonts.check('16px \"Inter Variable\"')") is True


def test_a_list_searches_by_itself_while_one_types(at, page):
    at()
    with page.expect_navigation(url="**?q=maren*"):
        page.get_by_role("searchbox", name="Search contacts").press_sequentially("maren")


def test_a_refused_fragment_becomes_a_toast_and_leaves_the_page_alone(at, page):
    at("app/")
    sent: list[dict[str, str]] = []

    def refuse(route):
        sent.append(route.request.headers)
        body = '<ui-toast class="toast" data-stays><div class="toast-text">Already ended.</div></ui-toast>'
        route.fulfill(
            status=409,
            body=body,
            headers={"Content-Type": "text/html", "HX-Retarget": "#toasts", "HX-Reswap": "beforeend"},
        )

    page.route("**/refused/", refuse)
    page.evaluate(
        """() => {
            document.querySelector("#main").insertAdjacentHTML("beforeend", '<button hx-post="/refused/">Try</button>');
            htmx.process(document.querySelector("#main"));
        }"""
    )
    page.get_by_role("button", name="Try").click()
    page.locator("#toasts ui-toast", has_text="Already ended.").wait_for()
    assert page.get_by_role("button", name="Try").inner_text() == "Try"
    assert len(sent[0]["x-csrftoken"]) >= 32


def test_a_form_is_not_sent_twice_by_a_double_click(at, page):
    at()
    sent: list[str] = []

    def wait(route):
        sent.append(route.request.url)

    page.route("**/slow/", wait)
    page.evaluate(
        """() => {
            const form = '<form method="post" action="/slow/"><button>Pay</button></form>';
            document.querySelector("#main").insertAdjacentHTML("beforeend", form);
        }"""
    )
    page.get_by_role("button", name="Pay").dblclick(no_wait_after=True)
    page.wait_for_timeout(200)
    assert len(sent) == 1


def test_a_menu_still_opens_without_its_module(at, page):
    page.route("**/ui/js/menu.js", lambda route: route.abort())
    at("app/")
    page.get_by_role("button", name="Create").click()
    assert page.locator(".menu-panel:popover-open").get_by_text("Broadcast").is_visible()
