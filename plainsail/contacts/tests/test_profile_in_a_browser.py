"""A profile changed in its place by mouse, by keyboard and on a phone, in a real browser."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from plainsail.contacts.models import Contact
from plainsail.contacts.services import contacts
from plainsail.contacts.services import fields as own_fields
from plainsail.contacts.tests.factories import ContactFactory
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing.browser import axe, overflow, schemes

pytestmark = pytest.mark.django_db(transaction=True)
MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)


@pytest.fixture
def card(page, live_server, as_ada, juniper):
    with workspace(juniper):
        own_fields.define(juniper, label="Colour", kind="choices", choices=["Red", "Blue"], at=MAY)
        maren = ContactFactory(email="maren@example.com", first_name="Maren", city="Bremen", phone="+493514567890")
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    page.goto(f"{origin}/w/juniper/contacts/{maren.id}/")
    return page


def line(card, name):
    return card.locator(f"[id='profile-{name}']")


def stored(juniper, name):
    with workspace(juniper):
        return getattr(Contact.objects.get(), name)


def test_a_press_opens_enter_saves_and_undo_takes_back(card, juniper):
    line(card, "first_name").locator(".inplace-value").click()
    field = line(card, "first_name").locator("input[type=text]")
    expect(field).to_be_focused()
    field.fill("Marina")
    field.press("Enter")
    expect(line(card, "first_name")).to_contain_text("Marina")
    expect(card.locator("h1")).to_have_text("Marina")
    expect(line(card, "first_name").locator(".inplace-open")).to_be_focused()
    card.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(line(card, "first_name")).to_contain_text("Maren")
    expect(card.locator("h1")).to_have_text("Maren")
    assert stored(juniper, "first_name") == "Maren"


def test_escape_takes_back_and_leaving_saves(card, juniper):
    line(card, "city").locator(".inplace-open").press("Enter")
    expect(line(card, "city").locator("input[type=text]")).to_be_focused()
    card.keyboard.type("Nowhere")
    card.keyboard.press("Escape")
    expect(line(card, "city")).to_contain_text("Bremen")
    expect(line(card, "city").locator(".inplace-open")).to_be_focused()
    card.keyboard.press("Enter")
    expect(line(card, "city").locator("input[type=text]")).to_be_focused()
    card.keyboard.type("Kiel")
    line(card, "notes").locator(".inplace-open").focus()
    expect(line(card, "city")).to_contain_text("Kiel")
    assert stored(juniper, "city") == "Kiel"


def test_a_fault_stands_at_the_field_and_nothing_written_is_lost(card, juniper):
    line(card, "phone").locator(".inplace-open").press("Enter")
    expect(line(card, "phone").locator("input[type=text]")).to_be_focused()
    card.keyboard.type("call me")
    card.keyboard.press("Enter")
    expect(line(card, "phone")).to_contain_text("This is not a phone number")
    field = line(card, "phone").locator("input[type=text]")
    expect(field).to_have_value("call me")
    line(card, "notes").locator(".inplace-open").focus()
    expect(field).to_have_value("call me")
    for _scheme, rule in schemes(card):
        assert axe(card, rule=rule) == []
    card.set_viewport_size({"width": 390, "height": 844})
    assert overflow(card) == 0


def test_several_choices_are_ticked_in_place_and_another_s_change_is_told(card, juniper):
    line(card, "field:colour").locator(".inplace-open").press("Enter")
    line(card, "field:colour").get_by_label("Red").check()
    line(card, "field:colour").get_by_role("button", name="Save").click()
    expect(line(card, "field:colour").locator(".inplace-value")).to_contain_text("Red")
    line(card, "company").locator(".inplace-open").press("Enter")
    expect(line(card, "company").locator("input[type=text]")).to_be_focused()
    with workspace(juniper):
        contacts.update(Contact.objects.get(), fields={"company": "Theirs"}, at=MAY)
    card.keyboard.type("Ours")
    card.keyboard.press("Enter")
    expect(line(card, "company")).to_contain_text("It says now: Theirs")
    assert stored(juniper, "company") == "Theirs"
    line(card, "company").get_by_role("button", name="Replace").click()
    expect(line(card, "company").locator(".inplace-value")).to_contain_text("Ours")
