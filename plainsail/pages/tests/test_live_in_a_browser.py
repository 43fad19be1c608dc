"""Pop-ups, countdowns and sections for some in a real browser: focus, keyboard, memory, the moment at which time is up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from plainsail.blocks.services import documents
from plainsail.contacts.services import contacts, tags
from plainsail.kernel import clock
from plainsail.kernel.http import workspace_url
from plainsail.kernel.ids import new_id
from plainsail.kernel.testing.browser import axe, overflow, schemes
from plainsail.pages.models import Countdown, PopupDay, Submission
from plainsail.pages.services import countdowns, editing, following, pages, popups, publishing
from plainsail.pages.tests.factories import FormFactory
from plainsail.tracking.services import visitors

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(live_server):
    return f"http://juniper.localhost:{live_server.url.rsplit(':', 1)[1]}"


def words(number):
    return ("text", {"text": "".join(f"<p>Paragraph {number} of a long page.</p>" for _ in range(40))})


def published(juniper, *sections, path="/welcome", shown=None):
    document = documents.build({}, [("heading", {"heading": "Welcome"}), *sections])
    page = pages.create(juniper, document, title="Welcome", path=path, at=clock.now())
    for place, who in (shown or {}).items():
        operation = {"op": "show", "block": document.blocks[place].id, "value": who}
        editing.apply(page, [operation], revision=page.revision, by=None, at=clock.now())
    publishing.publish(page, by=None, at=clock.now())
    return page


def popup(juniper, **values):
    form = FormFactory(workspace=juniper)
    made = popups.make(juniper, name="Before you go", form=form, by=None, at=clock.now())
    popups.change(made, **values)
    publishing.publish(made.page, by=None, at=clock.now())
    following.follow()
    return made


def counted():
    row = PopupDay.objects.first()
    return (row.shown, row.closed, row.sent) if row else (0, 0, 0)


def test_a_window_takes_the_focus_closes_by_escape_and_comes_once(page, site, juniper, in_workspace):
    with in_workspace(juniper):
        published(juniper, words(1))
        popup(juniper, trigger="time", seconds=0, often="days", days=7)

    page.goto(f"{site}/welcome")
    window = page.get_by_role("dialog", name="Before you go")
    expect(window).to_be_visible()
    assert page.evaluate("document.querySelector('dialog').contains(document.activeElement)")
    for _scheme, rule in schemes(page):
        assert axe(page, rule=rule) == []
    page.set_viewport_size({"width": 390, "height": 700})
    assert overflow(page) == 0
    page.keyboard.press("Escape")
    expect(window).not_to_be_attached()
    page.goto(f"{site}/welcome")
    page.wait_for_timeout(600)
    expect(window).not_to_be_attached()
    with in_workspace(juniper):
        assert counted() == (1, 1, 0)


def test_a_bar_comes_while_reading_disturbs_nobody_and_takes_a_form(page, site, juniper, in_workspace):
    with in_workspace(juniper):
        published(juniper, words(1), words(2))
        popup(juniper, kind="bottom", trigger="scroll", percent=60, often="sent")

    page.goto(f"{site}/welcome")
    page.wait_for_timeout(400)
    bar = page.get_by_role("complementary", name="Before you go")
    expect(bar).not_to_be_attached()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(bar).to_be_visible()
    assert page.evaluate("document.activeElement === document.body")
    assert axe(page) == []
    bar.get_by_label("E-mail address").fill("grace@example.com")
    bar.get_by_role("button", name="Sign me up").click()
    expect(page.get_by_role("heading", name="Nearly done")).to_be_visible()
    page.goto(f"{site}/welcome")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(600)
    expect(bar).not_to_be_attached()
    with in_workspace(juniper):
        assert Submission.objects.get().path == "/welcome"
        assert counted() == (1, 0, 1)


def test_a_link_opens_it_and_the_focus_comes_back_to_the_link(page, site, juniper, in_workspace):
    with in_workspace(juniper):
        made = popup(juniper, trigger="click")
        published(juniper, ("text", {"text": f'<p><a href="#{made.key}">Get the list</a></p>'}))

    page.goto(f"{site}/welcome")
    page.wait_for_load_state("networkidle")
    link = page.get_by_role("link", name="Get the list")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Before you go")).to_be_visible()
    page.keyboard.press("Escape")
    expect(link).to_be_focused()


def test_leaving_brings_it_but_not_while_somebody_types(page, site, juniper, in_workspace):
    with in_workspace(juniper):
        form = FormFactory(workspace=juniper)
        published(juniper, ("form", {"heading": "Join", "form": str(form.id)}))
        popup(juniper, trigger="exit")

    page.goto(f"{site}/welcome")
    page.wait_for_load_state("networkidle")
    field = page.get_by_label("E-mail address")
    field.focus()
    leave = "document.documentElement.dispatchEvent(new MouseEvent('mouseleave', {clientY: -1}))"
    page.evaluate(leave)
    page.wait_for_timeout(300)
    expect(page.get_by_role("dialog")).not_to_be_attached()
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur()")
    expect(page.get_by_role("dialog", name="Before you go")).to_be_visible()


@pytest.mark.parametrize(
    ("then", "more"), [("words", {"words": "The doors are closed."}), ("hide", {}), ("go", {"url": "/gone"})]
)
def test_at_zero_the_section_says_so_goes_or_leads_on(page, site, juniper, in_workspace, then, more):
    with in_workspace(juniper):
        moment = clock.now() + timedelta(seconds=4)
        one = countdowns.save(
            Countdown(), name="Doors", kind="fixed", ends_at=moment, then=then, created_at=clock.now(), **more
        )
        published(juniper, ("countdown", {"heading": "Soon", "text": "Come in.", "countdown": str(one.id)}))
        published(juniper, path="/gone")

    page.goto(f"{site}/welcome")
    clock_face = page.locator("[data-clock]")
    expect(clock_face).to_contain_text("seconds")
    assert axe(page) == []
    if then == "words":
        expect(page.get_by_text("The doors are closed.")).to_be_visible(timeout=8000)
    elif then == "hide":
        expect(page.get_by_text("Come in.")).to_be_hidden(timeout=8000)
    else:
        page.wait_for_url(f"{site}/gone", timeout=8000)


def test_a_personal_deadline_stays_over_a_reload_and_on_another_device(page, browser, site, juniper, in_workspace):
    first, second = new_id(), new_id()
    with in_workspace(juniper):
        one = countdowns.save(Countdown(), name="Two hours", kind="visit", minutes=120, created_at=clock.now())
        published(juniper, ("countdown", {"heading": "Yours", "countdown": str(one.id)}))
        grace = contacts.create(email="grace@example.com", fields={}, source="test", at=clock.now())
        countdowns.begin(one, visitor_id=first, contact=None, at=clock.now() - timedelta(hours=1))
        visitors.link(first, grace.id, at=clock.now())
        visitors.link(second, grace.id, at=clock.now())

    page.context.add_cookies([{"name": "ps_v", "value": second.hex, "url": site}])
    for _look in range(2):
        page.goto(f"{site}/welcome")
        expect(page.locator("[data-clock] span").nth(1)).to_have_text("00 hours")
        expect(page.locator("[data-clock] span").nth(2)).to_contain_text("5")


def test_without_a_script_a_page_says_until_when_and_shows_the_default(browser, site, juniper, in_workspace):
    with in_workspace(juniper):
        vip = tags.named(juniper, "Members")
        one = countdowns.save(
            Countdown(), name="Doors", kind="fixed", ends_at=clock.now() + timedelta(days=3), created_at=clock.now()
        )
        tree = {"tree": {"field": "tag", "op": "is", "value": str(vip.id)}}
        shown = {2: tree, 3: {"rest": True}}
        published(
            juniper,
            ("countdown", {"heading": "Soon", "countdown": str(one.id)}),
            ("text", {"text": "<p>For members</p>"}),
            ("text", {"text": "<p>For everybody else</p>"}),
            shown=shown,
        )

    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(f"{site}/welcome")
    expect(plain.get_by_text("Until")).to_be_visible()
    expect(plain.get_by_text("For everybody else")).to_be_visible()
    expect(plain.get_by_text("For members")).not_to_be_attached()
    context.close()


def test_a_member_sees_their_section_in_place_of_the_default(page, site, juniper, in_workspace):
    member = new_id()
    with in_workspace(juniper):
        vip = tags.named(juniper, "Members")
        grace = contacts.create(email="grace@example.com", fields={}, source="test", at=clock.now())
        tags.add(grace, vip, at=clock.now())
        visitors.link(member, grace.id, at=clock.now())
        tree = {"tree": {"field": "tag", "op": "is", "value": str(vip.id)}}
        pricing = ("pricing", {"heading": "For members", "items": [{"name": "Half price", "price": "€24"}]})
        published(juniper, pricing, ("text", {"text": "<p>For everybody else</p>"}), shown={1: tree, 2: {"rest": True}})

    page.context.add_cookies([{"name": "ps_v", "value": member.hex, "url": site}])
    page.goto(f"{site}/welcome")
    expect(page.get_by_role("heading", name="For members")).to_be_visible()
    expect(page.get_by_text("For everybody else")).to_be_hidden()
    assert page.locator(".price").first.evaluate("e => getComputedStyle(e).fontSize") != ""
    assert axe(page) == []


def test_screens_are_used_by_keyboard_and_fit_a_phone(page, live_server, as_ada, juniper, in_workspace):
    with in_workspace(juniper):
        made = popup(juniper, trigger="time")
        subject = published(juniper, words(1))
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    found = []
    for name, arguments in (
        ("popups", ()), ("popup", (made.id,)), ("countdowns", ()), ("new_countdown", ()),
        ("split", (subject.id,)), ("audience", (subject.id,)),
    ):  # fmt: skip
        page.goto(origin + workspace_url(juniper, f"pages:{name}", *arguments))
        page.set_viewport_size({"width": 390, "height": 844})
        found += [(name, fault) for fault in axe(page)] + ([(name, overflow(page))] if overflow(page) else [])
        page.set_viewport_size({"width": 1440, "height": 900})
    assert found == []
