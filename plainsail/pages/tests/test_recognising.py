"""Cookies of a site: none for looking, one for who sends a form, and one after a yes where the owner asks."""

from __future__ import annotations

import json
import re

import pytest

from plainsail.kernel.http import workspace_url
from plainsail.kernel.passers import PASSING
from plainsail.pages.models import Site
from plainsail.pages.services import publishing, sites
from plainsail.pages.tests.factories import NOW, FormFactory, PageFactory
from plainsail.tracking.models import Visitor

pytestmark = pytest.mark.django_db

PASSER = PASSING + "ab" * 12
AT = {"HTTP_X_PLAINSAIL_PASSER": PASSER}


def recognise(client, yes, **headers):
    said = json.dumps({"recognise": yes})
    return client.post("/for-you/recognition", data=said, content_type="application/json", **headers)


def test_a_form_that_web_takes_in_makes_the_browser_known(site_client, juniper, in_workspace):
    with in_workspace(juniper):
        form = FormFactory(workspace=juniper)

    answer = site_client.post(f"/f/{form.id}", {"email": "grace@example.com"}, **AT)

    with in_workspace(juniper):
        (browser,) = Visitor.objects.all()
    assert answer.status_code == 303
    assert answer.cookies["ps_v"].value == browser.visitor_id.hex
    assert answer.cookies["ps_v"]["httponly"]


def test_looking_and_being_refused_make_nobody_known(site_client, juniper, in_workspace):
    with in_workspace(juniper):
        form = FormFactory(workspace=juniper)

    assert not site_client.get(f"/f/{form.id}", **AT).cookies
    assert not site_client.post(f"/f/{form.id}", {"email": "no address"}, **AT).cookies


def test_after_a_yes_there_is_a_cookie_and_after_a_no_there_is_none(site_client):
    yes = recognise(site_client, True, **AT)
    assert re.fullmatch("[0-9a-f]{32}", yes.cookies["ps_v"].value)
    assert not yes.cookies["ps_v"].value.startswith(PASSING)
    assert not recognise(site_client, True, **AT).cookies  # the browser has it by now

    no = recognise(site_client, False, **AT)
    assert (no.cookies["ps_v"].value, no.cookies["ps_v"]["max-age"]) == ("", 0)


def test_who_asks_not_to_be_followed_gets_none_after_a_yes(site_client):
    assert not recognise(site_client, True, HTTP_DNT="1", **AT).cookies


def test_a_number_of_a_day_in_a_cookie_is_nobodys(site_client):
    site_client.cookies["ps_v"] = PASSER
    assert recognise(site_client, True, **AT).cookies["ps_v"].value != PASSER


def test_visitors_are_asked_only_where_the_owner_wants_it(site_client, as_ada, juniper, in_workspace):
    with in_workspace(juniper):
        page = PageFactory(workspace=juniper, path="/course")
        publishing.publish(page, by=None, at=NOW)
        asked_before = b'id="consent"' in bytes(page.snapshots.get().body)
        as_ada.post(workspace_url(juniper, "pages:site"), {"asks_to_recognise": "on"})
        assert Site.objects.get(id=sites.site_of(juniper).id).asks_to_recognise
        page.refresh_from_db()
        publishing.publish(page, by=None, at=NOW)
        snapshot = page.snapshots.get()

    html = bytes(snapshot.body).decode()
    assert not asked_before
    assert "May this site recognise you?" in html
    assert "/for-you/recognition" in html
    assert "script-src 'self'" in snapshot.headers["content-security-policy"]
