from __future__ import annotations

import psycopg.errors
import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError, connection
from django.http import HttpRequest
from django.test import RequestFactory, override_settings

from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import answer_refusal
from plainsail.ui.context import Chrome
from plainsail.ui.views import errors

ERRORS = [400, 403, 404, 405, 413, 429, 500, 503]


def request(path: str = "/", **headers: str) -> HttpRequest:
    made = RequestFactory().get(path, headers=headers)
    made.user = AnonymousUser()
    return made


@override_settings(DEBUG=True)
def test_the_gallery_shows_while_developing(client, db):
    assert client.get("/ui/gallery/").status_code == 200


def test_the_gallery_is_not_there_for_visitors(client, db):
    assert client.get("/ui/gallery/").status_code == 404


def test_the_gallery_is_not_there_for_an_owner_of_a_business(as_ada):
    assert as_ada.get("/ui/gallery/").status_code == 404


@override_settings(DEBUG=True)
@pytest.mark.parametrize("name", ["app", "settings", "plain", "public", "editor", "problem"])
def test_each_layout_renders(client, db, name):
    assert b"<main" in client.get(f"/ui/gallery/{name}/").content


@override_settings(DEBUG=True)
def test_an_unknown_layout_is_not_there(client, db):
    assert client.get("/ui/gallery/nothing/").status_code == 404


@pytest.mark.parametrize("status", ERRORS)
def test_each_problem_has_a_page_with_a_way_on(status):
    from django.template.loader import render_to_string

    html = render_to_string(f"{status}.html")
    assert (html.count("<h1"), 'href="/"' in html, f">{status}<" in html) == (1, True, True)


def test_a_button_s_address_opened_by_hand_is_a_page_that_says_so(site_client):
    answer = site_client.get("/account/sign-out/")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "use the button there" in answer.content.decode()
    assert site_client.head("/account/sign-out/").content == b""
    assert site_client.get("/account/sign-out/", headers={"accept": "application/json"}).json()["status"] == 405


def test_a_problem_on_a_site_is_told_in_the_look_of_the_site_with_its_footer(site_client, as_ada, juniper):
    page = site_client.get("/cancel/garbage/").content.decode()
    assert f"<title>There is nothing here · {juniper.name}</title>" in page
    assert 'data-ground="warm"' in page
    assert ">Cancel contracts here</a>" in page
    assert "Plainsail" not in page
    assert 'data-ground="warm"' not in as_ada.get("/w/juniper/nothing/").content.decode()


def test_a_program_gets_a_problem_document():
    answer = errors.not_found(request(Accept="application/json"), Exception())
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_a_fragment_gets_a_toast_and_never_a_page_inside_a_page():
    answer = errors.not_found(request(**{"HX-Request": "true"}), Exception())
    assert (answer.status_code, answer["HX-Retarget"], b"<html" in answer.content) == (404, "#toasts", False)


def test_an_old_form_is_explained_and_its_way_back_stays_on_this_host():
    assert (
        b'href="/w/juniper/"'
        in errors.csrf_failure(request("/x", Referer="http://testserver/w/juniper/", Host="testserver")).content
    )
    assert b"evil" not in errors.csrf_failure(request("/x", Referer="http://evil.example/a", Host="testserver")).content


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_what_no_form_sends_is_not_called_an_old_form(method):
    answer = errors.csrf_failure(getattr(RequestFactory(), method)("/x"))
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, OPTIONS, POST")
    assert b"too old" not in answer.content


def answer_to(error: Exception, **headers: str):
    """As Django calls it: while the error is being handled."""
    try:
        raise error
    except type(error):
        return errors.server_error(request(**headers))


def unreachable() -> Exception:
    nobody = connection.copy()
    nobody.settings_dict = {**nobody.settings_dict, "HOST": "127.0.0.1", "PORT": "1"}
    with pytest.raises(OperationalError) as found:
        nobody.ensure_connection()
    return found.value


def caused_by(cause: Exception) -> Exception:
    error = OperationalError()
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("cause", [psycopg.errors.AdminShutdown(), psycopg.errors.TooManyConnections()])
def test_a_database_that_is_away_is_nothing_that_went_wrong(cause, db):
    for error in (unreachable(), caused_by(cause)):
        answer = answer_to(error)
        assert (answer.status_code, answer["Retry-After"], b"Back in a moment" in answer.content) == (503, "5", True)
    told = answer_to(unreachable(), Accept="application/json")
    assert (told.status_code, told["Content-Type"]) == (503, "application/problem+json")


@pytest.mark.parametrize("error", [caused_by(psycopg.errors.DeadlockDetected()), ValueError()])
def test_what_the_database_refused_went_wrong(error):
    assert answer_to(error).status_code == 500


def test_a_refusal_is_worded_on_a_page():
    answer = answer_refusal(request(), Refusal("This subscription has already ended."))
    assert (answer.status_code, b"This subscription has already ended." in answer.content) == (409, True)


def test_a_refusal_of_a_fragment_is_a_toast():
    answer = answer_refusal(request(**{"HX-Request": "true"}), Refusal("This subscription has already ended."))
    assert (answer.status_code, answer["HX-Retarget"], b"<html" in answer.content) == (409, "#toasts", False)


def test_the_theme_is_one_of_two_words():
    chosen = request()
    chosen.COOKIES["theme"] = "dark"
    forged = request()
    forged.COOKIES["theme"] = '"><script>'
    assert (Chrome(chosen).theme, Chrome(forged).theme) == ("dark", "")


def test_a_visitor_has_no_menus():
    chrome = Chrome(request())
    assert (chrome.menu, chrome.settings, chrome.create, chrome.person, chrome.workspace) == ([], [], [], "", None)
