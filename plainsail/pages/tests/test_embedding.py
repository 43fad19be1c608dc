"""A form on somebody else's site, in a real browser: asked for, refused, sent, from another origin and without cookies."""

from __future__ import annotations

import re
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from playwright.sync_api import expect

from plainsail.contacts.models import Contact
from plainsail.kernel.testing.browser import axe, overflow
from plainsail.pages.models import Submission
from plainsail.pages.services import embeds, forms, questions
from plainsail.pages.tests.factories import NOW, FormFactory

OURS = "http://juniper.localhost:8000"


@pytest.fixture
def form(juniper, in_workspace):
    with in_workspace(juniper):
        made = FormFactory(workspace=juniper)
        asked = [
            questions.email(),
            questions.own("choice")
            | {"name": "ask:c", "label": "Clay", "choices": [{"id": "a", "label": "Stoneware"}]},
            questions.own("textarea") | {"name": "ask:w", "label": "Wishes", "step": 2, "required": True},
        ]
        return forms.change(made, fields=asked, at=NOW)


class Bakery(BaseHTTPRequestHandler):
    """Another site: one page, with a policy of its own."""

    html = policy = ""

    def do_GET(self):
        body = self.html.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Security-Policy", self.policy)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def foreign(page, live_server, juniper, in_workspace, form):
    """Opens a page of another site with the form's snippet on it."""
    port, asked = live_server.url.rsplit(":", 1)[1], []
    server = HTTPServer(("127.0.0.1", 0), Bakery)
    Thread(target=server.serve_forever, daemon=True).start()

    def pass_on(route):
        asked.append(route.request)
        route.continue_(url=route.request.url.replace(":8000", f":{port}"))

    page.route(re.compile(re.escape(OURS)), pass_on)
    with in_workspace(juniper):
        snippet = embeds.snippet(form)
    Bakery.html = (
        "<!doctype html><html lang=en><title>Bakery</title><meta name=viewport content='width=device-width'>"
        f"<main><h1>Bread</h1>{snippet}</main>"
    )
    Bakery.policy = f"default-src 'none'; script-src {OURS}; connect-src {OURS}; style-src 'none'"

    def open_it():
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        return page

    open_it.asked = asked
    yield open_it
    server.shutdown()
    server.server_close()


@pytest.mark.django_db(transaction=True)
def test_a_form_is_filled_in_on_another_site_step_by_step(foreign, juniper, in_workspace):
    page = foreign()
    page.get_by_label("E-mail address").fill("not an address")
    page.evaluate("document.querySelector('div').shadowRoot.querySelector('form').noValidate = true")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("This doesn’t look like an e-mail address")).to_be_visible()
    expect(page.get_by_label("E-mail address")).to_be_focused()
    assert axe(page) == []

    page.get_by_label("E-mail address").fill("grace@example.com")
    page.keyboard.press("Enter")
    page.get_by_label("Wishes").fill("A bowl")
    page.get_by_role("link", name="Back").click()
    expect(page.get_by_label("E-mail address")).to_have_value("grace@example.com")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Wishes").fill("A bowl")
    page.set_viewport_size({"width": 320, "height": 640})
    assert overflow(page) == 0
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Nearly done: look in your inbox")).to_be_focused()

    with in_workspace(juniper):
        assert Submission.objects.get().values == {"email": "grace@example.com", "ask:c": "", "ask:w": "A bowl"}
        assert Contact.objects.get().email == "grace@example.com"
    assert page.context.cookies() == []
    assert all("cookie" not in request.headers for request in foreign.asked)


@pytest.mark.django_db(transaction=True)
def test_without_our_script_the_link_leads_to_the_form(foreign, page, form):
    page.route(re.compile("forms.js"), lambda route: route.abort())
    link = foreign().get_by_role("link", name="Newsletter")

    expect(link).to_have_attribute("href", f"{OURS}/f/{form.id}")


def test_the_script_is_small_and_speaks_of_nobody():
    assert len(embeds.script().encode()) <= embeds.LARGEST_SCRIPT
    assert "cookie" not in embeds.script()
    assert "//" not in embeds.script()


@pytest.mark.django_db
def test_answers_for_scripts_carry_no_cookie_and_may_be_read_by_any_origin(site_client, juniper, in_workspace, form):
    asked = {"accept": "application/json", "origin": "http://bakery.example"}

    shown = site_client.get(f"/f/{form.id}/embed", headers=asked)
    refused = site_client.post(f"/f/{form.id}", {"email": "x"}, headers=asked)
    trapped = site_client.post(f"/f/{form.id}", {"email": "a@example.com", "company_url": "x"}, headers=asked)
    script = site_client.get("/f/forms.js")

    assert [answer.status_code for answer in (shown, refused, trapped, script)] == [200, 422, 200, 200]
    assert {answer["Access-Control-Allow-Origin"] for answer in (shown, refused, trapped, script)} == {"*"}
    assert not any(answer.cookies for answer in (shown, refused, trapped, script))
    assert not any("Access-Control-Allow-Credentials" in answer for answer in (shown, refused, trapped))
    with in_workspace(juniper):
        assert not Submission.objects.exists()


@pytest.mark.django_db
def test_plain_html_posts_from_anywhere(site_client, juniper, in_workspace):
    with in_workspace(juniper):
        form = FormFactory(workspace=juniper)
        html = embeds.plain_html(form)

    posted = site_client.post(
        f"/f/{form.id}", {"email": "grace@example.com"}, headers={"origin": "http://bakery.example"}
    )

    assert f'action="{OURS}/f/{form.id}"' in html
    assert "<script" not in html
    assert posted["Location"] == f"/thanks/{form.id}"
