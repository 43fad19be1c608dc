"""The flow by keyboard, in a real browser: from box to box, adding, removing, copying, undoing, zooming."""

from __future__ import annotations

import pytest

from plainsail.automations.models import Automation
from plainsail.automations.services import editing, flows
from plainsail.automations.tests.factories import tag
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def automation(juniper):
    with workspace(juniper):
        guest = {"tag": str(tag(juniper).id)}
        asks = flows.condition("contacts.has_tag", guest, yes=[flows.action("contacts.add_tag", guest)])
        flow = flows.build("contacts.contact_created", {}, [flows.wait(1), asks, flows.wait(2)])
        return editing.create(name="Hello", flow=flow, at=clock.now())


@pytest.fixture
def screen(automation, as_ada, page, live_server):
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{origin}/w/juniper/automations/{automation.id}/")
    page.locator("#node-trigger").focus()
    return page


def kinds(juniper, automation):
    with workspace(juniper):
        return [step["type"] for step in flows.walk(Automation.objects.get(id=automation.id).draft["steps"])]


def focused(screen):
    return screen.evaluate("document.activeElement.innerText.split('\\n')[0] || document.activeElement.className")


def drawn(screen, revision):
    screen.wait_for_selector(f"#flow-key [name=revision][value='{revision}']", state="attached")


def test_a_flow_is_drawn_without_a_mouse(screen, juniper, automation):
    press = screen.keyboard.press
    for _time in range(2):
        press("ArrowDown")
    assert focused(screen) == "Wait 1 day"
    press("Control+c")
    screen.get_by_text("Copied.").wait_for()
    press("Control+v")
    drawn(screen, 1)
    assert kinds(juniper, automation) == ["wait", "wait", "condition", "action", "wait"]
    screen.locator("#flow .node").nth(2).focus()
    press("Delete")
    drawn(screen, 2)
    screen.get_by_text("Undo brings it back.").wait_for()
    assert kinds(juniper, automation) == ["wait", "condition", "action", "wait"]
    press("Control+z")
    drawn(screen, 3)
    press("Control+Shift+z")
    drawn(screen, 4)
    assert kinds(juniper, automation) == ["wait", "condition", "action", "wait"]


def test_arrows_go_into_ways_and_across_them_and_enter_opens_then_goes_to_the_settings(screen):
    press = screen.keyboard.press
    for _time in range(5):
        press("ArrowDown")
    press("ArrowRight")
    assert focused(screen) == "plus"
    press("ArrowLeft")
    press("ArrowDown")
    assert focused(screen) == "Add tag “Guest”"
    press("Enter")
    screen.locator(".node.is-chosen").wait_for()
    assert focused(screen) == "Add tag “Guest”"
    press("Enter")
    assert screen.evaluate("document.activeElement.name") == "tag"
    press("Escape")
    screen.get_by_text("Choose a step to change it").wait_for()


def test_plus_opens_what_can_be_put_in_below(screen):
    screen.keyboard.press("ArrowDown")
    screen.keyboard.press("ArrowDown")
    screen.keyboard.press("+")
    screen.get_by_role("heading", name="Add a step").wait_for()
    assert "at=..1" in screen.url


def test_it_is_made_smaller_larger_and_all_of_it_seen(screen):
    now = screen.locator(".flow-zoom-now")
    screen.keyboard.press("o")
    assert now.inner_text() == "83 %"
    screen.keyboard.press("f")
    assert int(now.inner_text().split()[0]) <= 100
    screen.wait_for_function("(f => f.scrollHeight <= f.clientHeight + 1)(document.querySelector('.flow-canvas'))")
    screen.keyboard.press("1")
    assert now.inner_text() == "100 %"
    box = screen.locator(".flow-canvas").bounding_box()
    screen.mouse.move(box["x"] + 300, box["y"] + 300)
    screen.keyboard.down("Control")
    screen.mouse.wheel(0, -100)
    screen.keyboard.up("Control")
    screen.wait_for_function("document.querySelector('.flow-zoom-now').innerText === '110 %'")


OFF_ITS_LINE = """() => [...document.querySelectorAll('.plus')].filter((plus) => {
  const [own, line] = [plus.getBoundingClientRect(), plus.closest('.plus-line').getBoundingClientRect()];
  return own.top < line.top - 1 || own.bottom > line.bottom + 1;
}).length"""


def test_as_a_list_and_on_a_phone_each_plus_stands_on_its_line_in_every_way(screen, juniper, automation):
    with workspace(juniper):
        ways = flows.split((30, [flows.wait(1)]), (30, [flows.wait(2)]), (40, []))
        found = Automation.objects.get(id=automation.id)
        editing.insert(found, flows.Place(0), ways, revision=found.revision, at=clock.now())
    address = screen.url.partition("?")[0]
    screen.goto(f"{address}?view=list")
    assert screen.locator(".plus").count() == 13
    assert screen.evaluate(OFF_ITS_LINE) == 0
    screen.set_viewport_size({"width": 390, "height": 844})
    screen.goto(address)
    assert screen.evaluate(OFF_ITS_LINE) == 0
