"""A funnel from its template to numbers on its map, in a real browser: published, opted in, bought, one more bought, counted."""

from __future__ import annotations

import re

import pytest

from tests.journeys.test_first_page_to_cancelled import (
    CARD,
    PASSWORD,
    SLOW,
    Mailbox,
    eventually,
    give_postal_address,
    link_in,
    press,
    visitor,
)

pytestmark = pytest.mark.long

__all__ = ["visitor"]
OWNER, BUYER = "ilse@example.com", "jonas@example.com"


def pay(visitor) -> None:
    visitor.get_by_label("E-mail address").fill(BUYER)
    visitor.get_by_label("Name", exact=True).fill("Jonas Pohl")
    for label, value in CARD.items():
        visitor.get_by_label(label).fill(value)
    visitor.locator("main form button[type=submit]").last.click()


def test_a_visitor_is_led_from_the_first_page_to_the_last_and_every_step_counts(installation, page, visitor):
    app = f"http://localhost:{installation.port}"
    mailbox = Mailbox(installation.data_dir / "mailbox")
    page.set_default_timeout(SLOW)
    visitor.set_default_timeout(SLOW)

    # A new business takes a template and publishes it as it comes.
    page.goto(f"{app}/accounts/signup/")
    page.get_by_label("Your name").fill("Ilse Kern")
    page.get_by_label("E-mail address").fill(OWNER)
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Create account")
    page.locator("main input[name=name]").fill("Glaze House")
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(f"{app}/w/glaze-house/")
    give_postal_address(page, f"{app}/w/glaze-house")
    page.goto(f"{app}/w/glaze-house/funnels/new/")
    page.locator("form:has(input[value=tripwire]) button").click()
    page.wait_for_url(re.compile(r"/funnels/[0-9a-f-]{36}/$"))
    the_map = page.url
    press(page, "Publish")
    page.get_by_text("It is live.").wait_for()

    # A visitor comes from a letter, leaves an address, and stands before the checkout.
    site = f"http://glaze-house.localhost:{installation.port}"
    visitor.goto(f"{site}/glaze-recipes?utm_source=letter")
    visitor.get_by_role("link", name="Reserve my recipes").first.click()
    form = visitor.locator("form[action^='/f/']")
    form.locator("[name=first_name]").fill("Jonas")
    form.locator("[name=email]").fill(BUYER)
    visitor.wait_for_timeout(2500)  # what is sent faster than a person types is held
    form.locator("button[type=submit], button:not([type])").first.click()
    visitor.wait_for_url(re.compile("/checkout/ten-glaze-recipes"))

    # Pays, is offered the course, says no, is offered the list, takes it, is thanked.
    pay(visitor)
    visitor.wait_for_url(f"{site}/glazing-course")
    visitor.get_by_role("link", name="No, thanks. The recipes are enough.").click()
    visitor.wait_for_url(f"{site}/kit-list")
    visitor.get_by_role("link", name="Yes, the list").first.click()
    # The card has just paid: one button, with the price on it.
    visitor.wait_for_url(re.compile(r"/go/[0-9a-f-]{36}/offer/"))
    visitor.locator("main form[method=post] button[type=submit]").click()
    visitor.wait_for_url(f"{site}/recipes-thanks")
    assert visitor.locator("h1, h2").first.inner_text() == "All yours"

    # What was bought comes by mail, so whoever bought is on the list: there is nothing left to confirm.
    confirm = mailbox.wait(BUYER, "onfirm")
    visitor.goto(link_in(confirm, "/confirm/"))
    visitor.get_by_role("heading", name="Thank you, you are on the list").wait_for()
    mailbox.wait(BUYER, "Your receipt: €7.00")

    # The map tells what happened, for everybody and for those from the letter.
    page.goto(the_map)
    eventually(
        page,
        lambda: page.get_by_text("1 signed up").count() == 1 and page.get_by_text("€7.00", exact=True).count() == 1,
    )
    words = page.inner_text(".flow-canvas")
    assert words.count("1 bought") == 2
    assert "€19.00" in words
    page.goto(f"{the_map}?source=letter")
    assert page.inner_text(".flow-canvas").count("1 bought") == 2
    page.goto(f"{the_map}numbers/")
    assert "letter" in page.inner_text("main")
