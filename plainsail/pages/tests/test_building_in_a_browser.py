"""The builder of a form in a real browser: a question added by keyboard, one dragged to its place, the look that follows."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from plainsail.kernel.http import workspace_url
from plainsail.pages.services import forms, questions
from plainsail.pages.tests.factories import NOW, FormFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_questions_are_added_dragged_and_seen_at_once(page, live_server, as_ada, juniper, in_workspace):
    with in_workspace(juniper):
        form = FormFactory(workspace=juniper)
        forms.change(form, fields=[questions.of_profile("first_name"), questions.email()], at=NOW)
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    page.set_viewport_size({"width": 1440, "height": 1600})
    page.goto(origin + workspace_url(juniper, "pages:form_settings", form.id))
    look = page.locator("form-preview")

    page.get_by_label("New question").select_option("city")
    page.get_by_role("button", name="Add question").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#label-2")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("Your town")
    expect(look.get_by_label("Your town")).to_be_attached()

    page.locator("#question-2 [data-grip]").drag_to(page.locator("#question-0"), target_position={"x": 60, "y": 12})
    expect(page.locator("[data-question] legend").first).to_have_text("City")
    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    with in_workspace(juniper):
        form.refresh_from_db()
        assert [(one["name"], one["label"]) for one in form.fields] == [
            ("city", "Your town"), ("first_name", "First name"), ("email", "E-mail address"),
        ]  # fmt: skip
