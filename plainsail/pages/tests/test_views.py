"""The staff's screens: pages, the editor's answers, forms; what a stranger gets, and what garbage gets."""

from __future__ import annotations

import json
import re

import pytest

from plainsail.kernel.http import workspace_url
from plainsail.kernel.testing import run_jobs
from plainsail.pages import queries
from plainsail.pages.models import Page
from plainsail.pages.services import blogging, parts, publishing, redirects, sites, splitting
from plainsail.pages.services import pages as services
from plainsail.pages.tests.factories import NOW, FormFactory, PageFactory, PopupFactory
from plainsail.pages.views import pages


@pytest.fixture
def page(juniper, in_workspace):
    with in_workspace(juniper):
        return PageFactory(workspace=juniper, path="/course")


@pytest.fixture
def url(juniper, page):
    return lambda name, *args: workspace_url(juniper, f"pages:{name}", *(args or (page.id,)))


def send(client, url, body):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(url, data, content_type="application/json", headers={"accept": "application/json"})


def set_heading(page, words, revision=1):
    operation = {"op": "set", "block": page.document.blocks[0].id, "path": ["heading"], "value": words}
    return {"revision": revision, "operations": [operation]}


@pytest.fixture
def stored(juniper, in_workspace, page):
    def load():
        with in_workspace(juniper):
            return Page.objects.get(id=page.id)

    return load


def test_a_business_without_pages_is_shown_the_way_to_its_first(as_ada, juniper):
    response = as_ada.get(workspace_url(juniper, "pages:pages"))

    assert "Make your first page" in response.content.decode()


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_costs_the_same_for_any_number_of_pages(in_juniper, number, django_assert_num_queries):
    for _ in range(number):
        PageFactory(workspace=in_juniper)

    with django_assert_num_queries(3):
        cards = queries.cards(in_juniper, list(queries.listed_pages(in_juniper)), at=NOW)

    assert len(cards) == number


def test_two_hundred_pages_are_found_by_word_and_state_and_shown_some_at_a_time(
    as_ada, juniper, in_workspace, monkeypatch
):
    monkeypatch.setattr(pages, "PER_PAGE", 2)
    with in_workspace(juniper):
        for number in range(3):
            PageFactory(title=f"Course {number}", path=f"/course-{number}")
        live = PageFactory(title="Opening hours", path="/hours")
        publishing.publish(live, by=None, at=NOW)

    def titles(query=""):
        html = as_ada.get(workspace_url(juniper, "pages:pages") + query).content.decode()
        return re.findall(r'<h2 class="page-card-title"><a[^>]*>(.*?)</a>', html)

    assert (len(titles()), len(titles("?page=2"))) == (2, 2)
    assert titles("?q=COURSE+0") == ["Course 0"]
    assert titles("?q=/hours") == ["Opening hours"]
    assert titles("?state=live") == ["Opening hours"]
    assert titles("?state=changed") == []
    assert titles("?q=nothing%00like") == []
    assert "No page found" in as_ada.get(workspace_url(juniper, "pages:pages") + "?q=nothing").content.decode()


def test_every_archived_page_can_be_brought_back(as_ada, juniper, in_workspace, monkeypatch):
    monkeypatch.setattr(pages, "PER_PAGE", 2)
    with in_workspace(juniper):
        for number in range(3):
            services.archive(PageFactory(title=f"Old {number}", path=f"/old-{number}"), at=NOW)

    found = [
        as_ada.get(workspace_url(juniper, "pages:pages") + query).content.decode() for query in ("", "?archived=2")
    ]

    assert [len(re.findall(r"<td>Old \d", html)) for html in found] == [2, 1]


@pytest.mark.parametrize("name", ["posts", "forms", "redirects"])
def test_posts_forms_and_redirects_can_be_searched(as_ada, juniper, in_workspace, name):
    with in_workspace(juniper):
        for words in ("kiln", "glaze"):
            blogging.write(juniper, title=words, by=None, at=NOW)
            FormFactory(name=words)
            redirects.add(sites.site_of(juniper), path=f"/{words}", target="/x")

    html = as_ada.get(workspace_url(juniper, f"pages:{name}") + "?q=KILN").content.decode()

    found = html[html.index('id="found"') :]
    assert ("kiln" in found, "glaze" in found) == (True, False)


def test_each_page_is_a_card_in_the_list(as_ada, juniper, page):
    html = as_ada.get(workspace_url(juniper, "pages:pages")).content.decode()

    assert html.count('class="card page-card"') == 1
    assert "Weekend course" in html


def test_a_page_is_made_from_a_starter_and_opened_in_the_editor(as_ada, juniper, in_workspace):
    response = as_ada.post(workspace_url(juniper, "pages:new"), {"starter": "opt-in"})

    with in_workspace(juniper):
        page = juniper.pages.get()
    assert response["Location"] == workspace_url(juniper, "pages:page", page.id)
    assert page.path == "/guide"


def test_an_unknown_starter_is_refused(as_ada, juniper, in_workspace):
    response = as_ada.post(workspace_url(juniper, "pages:new"), {"starter": "nothing"})

    assert response.status_code == 422
    with in_workspace(juniper):
        assert not juniper.pages.exists()


def test_the_editor_shows_sections_page_and_panel(as_ada, page, url):
    html = as_ada.get(url("page")).content.decode()

    assert html.count("data-row=") == len(page.document.blocks)
    assert 'data-path="heading"' in html
    assert f"{url('preview')}?editing" in html


def test_the_preview_may_be_framed_by_us_alone_and_runs_nothing(as_ada, url):
    response = as_ada.get(url("preview") + "?editing")

    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in response["Content-Security-Policy"]
    assert "script" not in response["Content-Security-Policy"]
    words = response.content.decode()
    assert words.count("<script") == words.count('<script type="application/ld+json">')


def test_an_edit_answers_with_the_changed_section_and_the_state(as_ada, page, url, stored):
    answer = send(as_ada, url("edits"), set_heading(page, "Hello <b>")).json()

    assert list(answer["sections"]) == [page.document.blocks[0].id]
    assert "Hello &lt;b&gt;" in answer["sections"][page.document.blocks[0].id]
    assert (answer["revision"], answer["undo"], answer["redo"]) == (2, True, False)
    assert stored().document.blocks[0].props["heading"] == "Hello <b>"


def test_a_new_section_brings_its_panel(as_ada, page, url):
    body = {"revision": 1, "operations": [{"op": "add", "type": "questions", "at": 1}], "panel": "new"}

    answer = send(as_ada, url("edits"), body).json()

    assert answer["order"][1] == answer["chosen"]
    assert "Good to know" in answer["panel"]


def test_undo_and_redo_answer_with_the_page_as_it_is(as_ada, page, url, stored):
    send(as_ada, url("edits"), set_heading(page, "Hello"))

    undone = send(as_ada, url("undo"), {"revision": 2}).json()
    redone = send(as_ada, url("redo"), {"revision": 3}).json()

    assert (undone["undo"], undone["redo"]) == (False, True)
    assert "Hello" in redone["sections"][page.document.blocks[0].id]
    assert send(as_ada, url("redo"), {"revision": 4}).status_code == 409


def test_words_that_somebody_else_has_changed_come_back_beside_theirs(as_ada, page, url, stored):
    send(as_ada, url("edits"), set_heading(page, "First"))

    answer = send(as_ada, url("edits"), set_heading(page, "Second", revision=1)).json()

    [met] = answer["met"]
    assert (met["setting"], met["theirs"], met["mine"], met["gone"]) == ("Headline", "First", "Second", False)
    assert stored().document.blocks[0].props["heading"] == "First"


def test_a_revision_from_nowhere_is_refused_with_words(as_ada, page, url, stored):
    response = send(as_ada, url("edits"), set_heading(page, "Second", revision=7))

    assert (response.status_code, response.json()["code"]) == (409, "stale")
    assert stored().revision == 1


def test_a_dangerous_link_is_refused_at_its_field(as_ada, page, url):
    block = page.document.blocks[0].id
    operation = {"op": "set", "block": block, "path": ["link"], "value": "javascript:alert(1)"}

    response = send(as_ada, url("edits"), {"revision": 1, "operations": [operation]})

    assert response.status_code == 422
    assert list(response.json()["errors"]) == [f"blocks.{block}.props.link"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b'{"revision": "1", "operations": []}',
        b'{"revision": true, "operations": []}',
        b'{"revision": -1, "operations": []}',
        b'{"revision": 1e400, "operations": []}',
        b'{"revision": 99999999999999999999, "operations": []}',
        b'{"revision": 1, "operations": {}}',
        b'{"revision": 1, "operations": [[]], "panel": 5}',
        b'{"revision": 1, "operations": [{"op": "set", "block": "\\ud800", "path": ["heading"], "value": "x"}]}',
        b'{"revision": 1, "operations": [' + b"[" * 5000 + b"]" * 5000 + b"]}",
        b'{"revision": 1, "operations": "' + b"x" * 600_000 + b'"}',
    ],
)
def test_garbage_to_the_editor_is_refused_and_changes_nothing(as_ada, url, stored, body):
    for name in ("edits", "undo", "redo"):
        assert send(as_ada, url(name), body).status_code in (409, 422)

    assert stored().revision == 1


def test_publishing_answers_with_the_live_address(as_ada, url, stored):
    answer = send(as_ada, url("publication"), {}).json()

    assert answer["url"] == "http://juniper.localhost:8000/course"
    assert stored().is_published


def test_title_and_address_are_changed(as_ada, url, stored):
    response = as_ada.post(url("settings"), {"title": "New", "description": "", "path": "Other/"})

    assert response.status_code == 302
    assert (stored().title, stored().path) == ("New", "/other")


@pytest.mark.parametrize("path", ["/static/x", "/a b", "", "x" * 400])
def test_an_address_that_can_not_be_is_worded_at_its_field(as_ada, url, stored, path):
    response = as_ada.post(url("settings"), {"title": "New", "description": "", "path": path})

    assert response.status_code == 422
    assert stored().path == "/course"


def test_a_taken_address_is_worded_at_its_field(as_ada, juniper, in_workspace, url):
    with in_workspace(juniper):
        PageFactory(workspace=juniper, path="/other")

    response = as_ada.post(url("settings"), {"title": "New", "description": "", "path": "/other"})

    assert response.status_code == 422
    assert "Another page has this address already" in response.content.decode()


def test_a_version_is_kept_looked_at_and_restored(as_ada, page, url, stored):
    as_ada.post(url("versions"), {"name": "Before spring"})
    send(as_ada, url("edits"), set_heading(page, "Spring", revision=2))

    assert "Before spring" in as_ada.get(url("versions")).content.decode()
    assert "Throw your first bowl" in as_ada.get(url("version", page.id, 2)).content.decode()
    assert as_ada.post(url("restoration", page.id, 2)).status_code == 302
    assert stored().document.blocks[0].props["heading"].startswith("Throw")


def test_a_version_that_is_not_there_is_not_found(as_ada, page, url):
    assert as_ada.get(url("version", page.id, 99)).status_code == 404
    assert as_ada.post(url("restoration", page.id, 99)).status_code == 404


def test_an_archived_page_stays_within_reach(as_ada, url, stored):
    as_ada.post(url("archive"))
    words = as_ada.get("/w/juniper/pages/").content.decode()
    assert ("Archived pages" in words, url("unarchive") in words) == (True, True)


def test_whoever_may_only_look_is_offered_nothing_that_is_refused(as_ben, ben, url):
    ben.memberships.update(role="viewer")
    words = as_ben.get("/w/juniper/pages/").content.decode()
    assert ("New page" in words, f'href="{url("page")}"' in words, url("preview") in words) == (False, False, True)
    assert "form_settings" not in as_ben.get("/w/juniper/pages/forms/").content.decode()


def test_an_archived_page_comes_back_by_undo(as_ada, url, stored):
    as_ada.post(url("archive"))
    assert stored().state == "archived"
    assert as_ada.get(url("page")).status_code == 404

    as_ada.post(url("unarchive"))
    assert stored().state == "draft"


def test_a_page_is_copied_and_taken_off_the_site(as_ada, juniper, in_workspace, page, url, stored):
    with in_workspace(juniper):
        publishing.publish(page, by=None, at=NOW)

    as_ada.post(url("copy"))
    as_ada.post(url("withdrawal"))

    with in_workspace(juniper):
        assert sorted(juniper.pages.values_list("path", flat=True)) == ["/course", "/course-2"]
    assert stored().state == "draft"


def test_a_form_is_changed_and_published_pages_show_it(as_ada, juniper, in_workspace, page, site_client, url):
    with in_workspace(juniper):
        publishing.publish(page, by=None, at=NOW)
        form = juniper.forms.select_related("list").get()

    words = {"consent": "We write on Fridays.", "thanks_title": "Thanks", "thanks_text": "Look."}
    values = {"name": "Lessons", "list": form.list_id, "after": "message", **words}
    response = as_ada.post(url("form_settings", form.id), values)

    html = site_client.get("/course").content.decode()
    assert response.status_code == 302
    assert "We write on Fridays." in html
    assert 'name="first_name"' not in html


def test_a_form_can_not_use_the_list_of_another_business(as_ada, juniper, acme, in_workspace, page, url):
    with in_workspace(acme):
        foreign = PageFactory(workspace=acme).workspace.lists.get()
    with in_workspace(juniper):
        form = juniper.forms.get()

    values = {"name": "x", "list": foreign.id, "consent": "x", "thanks_title": "x", "thanks_text": "x"}

    assert as_ada.post(url("form_settings", form.id), values).status_code == 422


def test_the_forms_are_listed(as_ada, page, url, juniper):
    assert "Form on “Weekend course”" in as_ada.get(workspace_url(juniper, "pages:forms")).content.decode()


NAMES = ["page", "preview", "panel", "settings", "versions"]
ACTS = ["edits", "undo", "redo", "publication", "withdrawal", "copy", "archive", "unarchive"]


def test_a_stranger_learns_nothing(as_cleo, acme, page, url, stored):
    foreign = [workspace_url(acme, f"pages:{name}", page.id) for name in NAMES]

    assert {as_cleo.get(address).status_code for address in [url(name) for name in NAMES] + foreign} == {404}
    acts = [url(name) for name in ACTS] + [workspace_url(acme, f"pages:{name}", page.id) for name in ACTS]
    assert {send(as_cleo, address, {"revision": 1}).status_code for address in acts} == {404}
    assert stored().revision == 1


def test_looking_changes_nothing(as_ada, url, stored):
    assert {as_ada.get(url(name)).status_code for name in ACTS} == {405}
    assert stored().revision == 1


@pytest.mark.parametrize("kind", ["part", "popup", "variant"])
def test_what_stands_at_no_address_is_told_of_none(as_ada, juniper, in_workspace, kind):
    with in_workspace(juniper):
        tested = PageFactory(path="/course")
        publishing.publish(tested, by=None, at=NOW)
        page = {
            "part": lambda: parts.open_part(juniper, kind="footer", by=None, at=NOW),
            "popup": lambda: PopupFactory().page,
            "variant": lambda: splitting.begin(tested, by=None, at=NOW).variants.get(letter="B").page,
        }[kind]()
    address = "http://juniper.localhost:8000/course" if kind == "variant" else ""

    html = as_ada.get(workspace_url(juniper, "pages:page", page.id)).content.decode()
    answer = as_ada.post(workspace_url(juniper, "pages:publication", page.id), b"{}", content_type="application/json")
    looked = as_ada.get(workspace_url(juniper, "pages:publishing", page.id)).content.decode()

    assert f"localhost:8000{page.path}" not in html + looked
    assert "Everybody who has this address" not in html
    assert answer.json()["url"] == address
    assert as_ada.get(workspace_url(juniper, "pages:settings", page.id)).status_code == 404


def test_a_pop_up_that_is_published_in_the_editor_comes_up_too(as_ada, juniper, in_workspace):
    with in_workspace(juniper):
        page = PageFactory(path="/course")
        publishing.publish(page, by=None, at=NOW)
        popup = PopupFactory()

    as_ada.post(workspace_url(juniper, "pages:publication", popup.page_id), b"{}", content_type="application/json")
    run_jobs()

    with in_workspace(juniper):
        assert page.snapshots.get().live == {"script": True}
        publishing.unpublish(Page.objects.get(id=popup.page_id), at=NOW)
    run_jobs()
    with in_workspace(juniper):
        assert page.snapshots.get().live == {}


def test_undo_goes_on_before_what_somebody_else_has_changed_since(as_ada, as_ben, page, url, stored):
    first, second = page.document.blocks[0].id, page.document.blocks[1].id
    before = page.document.find(second).props["heading"]

    def change(client, block, words):
        operation = {"op": "set", "block": block, "path": ["heading"], "value": words}
        return send(client, url("edits"), {"revision": stored().revision, "operations": [operation]})

    change(as_ada, second, "Ada’s older words")
    change(as_ada, first, "Ada’s newer words")
    change(as_ben, first, "Ben’s words")
    seen = stored().revision

    refused = send(as_ada, url("undo"), {"revision": seen})
    done = send(as_ada, url("undo"), {"revision": seen})

    assert (refused.status_code, refused.json()["code"]) == (409, "changed_since")
    assert (done.status_code, done.json()["undo"]) == (200, False)
    assert stored().document.find(first).props["heading"] == "Ben’s words"
    assert stored().document.find(second).props["heading"] == before
