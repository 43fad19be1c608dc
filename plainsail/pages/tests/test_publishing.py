"""Publishing freezes a page; the edge hears of it; nothing else moves what visitors see."""

from __future__ import annotations

import gzip
import re

import brotli
import pytest
from django.db import connection

from plainsail.kernel.models import EventRow
from plainsail.pages.models import Page, PublishedSnapshot
from plainsail.pages.services import editing, forms, pages, publishing, sites, snapshots
from plainsail.pages.services.sites import AddressTaken, BadAddress
from plainsail.pages.tests.factories import NOW, PageFactory


@pytest.fixture
def page(in_juniper):
    return PageFactory(workspace=in_juniper, path="/course")


def publish(page):
    return publishing.publish(page, by=None, at=NOW)


def set_heading(page, words):
    operation = {"op": "set", "block": page.document.blocks[0].id, "path": ["heading"], "value": words}
    editing.apply(page, [operation], revision=page.revision, by=None, at=NOW)


def body(page):
    return bytes(PublishedSnapshot.objects.get(page=page).body).decode()


def test_a_published_page_is_a_snapshot_in_three_encodings(page):
    snapshot = publish(page)

    stored = PublishedSnapshot.objects.get(page=page)
    assert stored.path == "/course"
    assert gzip.decompress(stored.body_gzip) == bytes(stored.body)
    assert brotli.decompress(bytes(stored.body_br)) == bytes(stored.body)
    assert re.fullmatch("[0-9a-f]{32}", snapshot.etag)
    assert "Throw your first bowl" in body(page)
    assert "<script" not in body(page).replace('<script type="application/ld+json">', "")


def test_the_policy_names_the_style_of_the_page(page):
    policy = publish(page).headers["content-security-policy"]

    assert re.search(r"style-src 'self' 'sha256-[A-Za-z0-9+/]{43}='", policy)
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


def test_visitors_see_the_published_version_until_the_next_publishing(page):
    publish(page)
    set_heading(page, "New words")

    assert "New words" not in body(page)
    assert Page.objects.get(id=page.id).has_unpublished_changes
    publish(page)
    assert "New words" in body(page)
    assert not Page.objects.get(id=page.id).has_unpublished_changes


def test_the_etag_changes_with_the_words_and_not_without(page):
    first = publish(page).etag
    second = publish(page).etag
    set_heading(page, "New words")

    assert first == second
    assert publish(page).etag != first


def test_the_snapshot_tells_the_edge_how_to_check_the_form(page):
    snapshot = publish(page)
    [(form_id, specification)] = snapshot.forms.items()

    assert specification == {
        "version": 1,
        "thank_you": f"/thanks/{form_id}",
        "honeypot": "company_url",
        "fields": [
            {"name": "first_name", "kind": "text", "required": False, "max_length": 100},
            {"name": "email", "kind": "email", "required": True, "max_length": 254},
        ],
    }
    assert f'action="/f/{form_id}"' in body(page)


def test_changing_a_form_freezes_the_published_version_again_without_the_draft(page):
    publish(page)
    set_heading(page, "Not yet for visitors")
    form = page.workspace.forms.get()

    forms.change(form, consent="A new wording.", at=NOW)
    assert publishing.refresh_with_form(form, at=NOW) == 1

    assert "A new wording." in body(page)
    assert "Not yet for visitors" not in body(page)
    assert PublishedSnapshot.objects.get(page=page).forms[str(form.id)]["version"] == 2


def test_the_edge_is_told_of_each_change_when_it_is_committed(page, monkeypatch):
    told = []
    monkeypatch.setattr(snapshots, "notify", lambda workspace, path: told.append(f"{workspace.id}:{path}"))
    here = page.workspace_id

    publish(page)
    pages.describe(page, title="x", description="", path="/elsewhere", at=NOW)
    publishing.unpublish(page, at=NOW)

    assert told == [f"{here}:/course", f"{here}:/course", f"{here}:/elsewhere", f"{here}:/elsewhere"]


def test_a_notification_is_one_statement_on_the_agreed_channel(page, django_assert_num_queries):
    with connection.execute_wrapper(
        lambda execute, sql, params, many, context: seen.append((sql, params)) or execute(sql, params, many, context)
    ):
        seen = []
        snapshots.notify(page.workspace, "/course")

    assert seen == [("SELECT pg_notify(%s, %s)", ["plainsail_published", f"{page.workspace_id}:/course"])]


def test_unpublishing_takes_the_page_off_and_keeps_the_draft(page):
    publish(page)

    publishing.unpublish(page, at=NOW)

    assert not PublishedSnapshot.objects.exists()
    assert Page.objects.get(id=page.id).state == "draft"
    with pytest.raises(publishing.NotPublished):
        publishing.unpublish(page, at=NOW)


def test_publishing_and_taking_off_are_events(page):
    publish(page)
    publishing.unpublish(page, at=NOW)

    names = list(EventRow.objects.filter(name__startswith="pages.").order_by("id").values_list("name", flat=True))
    assert names == ["pages.page_published", "pages.page_unpublished"]


def test_an_empty_page_is_not_published(page):
    for block in page.document.blocks:
        editing.apply(page, [{"op": "delete", "block": block.id}], revision=page.revision, by=None, at=NOW)

    with pytest.raises(publishing.NothingToPublish):
        publish(page)


def test_an_archived_page_is_off_the_site_and_comes_back_as_a_draft(page, in_juniper):
    publish(page)

    pages.archive(page, at=NOW)
    assert not PublishedSnapshot.objects.exists()
    newcomer = PageFactory(workspace=in_juniper, path="/course")
    pages.unarchive(page)

    assert (newcomer.path, page.path, page.state) == ("/course", "/course-2", "draft")


@pytest.mark.parametrize(
    ("wanted", "stored"),
    [("/", "/"), ("", "/"), ("course", "/course"), ("/Spring-Course/", "/spring-course"), ("a/b", "/a/b")],
)
def test_an_address_is_tidied(wanted, stored):
    assert sites.clean_path(wanted) == stored


@pytest.mark.parametrize(
    "path",
    [
        "/f",
        "/f/x",
        "/static/x",
        "/c/token",
        "/thanks/0190a5d0-0000-7000-8000-000000000000",
        "/a b",
        "/ä",
        "/../etc",
        "/a//b",
        "/a\x00",
        "/<b>",
        "/" + "a" * 81,
        "/a/b/c/d/e",
        "/-a",
        "/a?b",
        "/a#b",
    ],
)
def test_an_address_that_can_not_be_is_refused(path, db):
    with pytest.raises(BadAddress):
        sites.clean_path(path)


def test_two_pages_can_not_have_one_address(page, in_juniper):
    other = PageFactory(workspace=in_juniper, path="/course")

    assert other.path == "/course-2"
    with pytest.raises(AddressTaken):
        pages.describe(other, title="x", description="", path="/course", at=NOW)


def test_moving_a_published_page_moves_its_snapshot(page):
    publish(page)

    pages.describe(page, title="Moved", description="", path="/elsewhere", at=NOW)

    snapshot = PublishedSnapshot.objects.get(page=page)
    assert snapshot.path == "/elsewhere"
    assert "<title>Moved</title>" in body(page)
    assert 'name="_page" value="/elsewhere"' in body(page)
