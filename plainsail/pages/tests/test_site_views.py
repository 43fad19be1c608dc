"""The site's screens: every one opens, does what it says, and refuses what it can't do with words at the field."""

from __future__ import annotations

import pytest

from plainsail.pages.models import Page, PublishedSnapshot, Redirect, SiteScript
from plainsail.pages.services import publishing, redirects
from plainsail.pages.tests.factories import NOW, PageFactory

BASE = "/w/juniper/pages/"


@pytest.fixture
def page(juniper, in_workspace):
    with in_workspace(juniper):
        made = PageFactory(workspace=juniper, path="/course")
        publishing.publish(made, by=None, at=NOW)
    return made


@pytest.mark.parametrize(
    "path", ["", "site/", "site/following/", "site/redirects/", "site/scripts/", "site/import/", "posts/", "new/"]
)
def test_every_screen_opens(as_ada, page, path):
    assert as_ada.get(BASE + path).status_code == 200


def test_publishing_by_hand_by_timetable_and_back(as_ada, page, juniper, in_workspace):
    here = f"{BASE}{page.id}/publishing/"
    assert "Nothing to mend" in as_ada.get(here).content.decode()

    assert as_ada.post(f"{here}now/").status_code == 302
    assert as_ada.post(f"{here}timetable/", {"publish_at": "2040-01-01T10:00"}).status_code == 302
    assert as_ada.post(f"{here}timetable/", {"publish_at": "2000-01-01T10:00"}).status_code == 422
    with in_workspace(juniper):
        first = publishing.publications(page).order_by("number").first()
    assert as_ada.post(f"{here}{first.number}/rollback/").status_code == 302
    with in_workspace(juniper):
        now = Page.objects.get(id=page.id)
        assert (now.published_revision, now.publish_at.year) == (first.number, 2040)


def test_all_changes_are_published_at_once(as_ada, page, juniper, in_workspace):
    with in_workspace(juniper):
        now = Page.objects.get(id=page.id)
        publishing.editing.name_version(now, name="x", by=None, at=NOW)
    assert "Publish 1 changed page" in as_ada.get(BASE).content.decode()

    as_ada.post(f"{BASE}changes/")

    with in_workspace(juniper):
        assert not Page.objects.get(id=page.id).has_unpublished_changes


def test_the_site_is_described(as_ada, page, juniper, in_workspace):
    good = {"description": "Pots", "icon_url": "/icon.png", "profiles": "https://a.example/x\n", "is_hidden": ""}
    assert as_ada.post(f"{BASE}site/", good).status_code == 302
    for field, value in (("icon_url", "javascript:x"), ("profiles", "http://a.example"), ("social_image_url", "//x")):
        answer = as_ada.post(f"{BASE}site/", good | {field: value})
        assert answer.status_code == 422
    with in_workspace(juniper):
        assert juniper.sites.get().profiles == "https://a.example/x"


def test_a_part_is_opened_in_the_editor(as_ada, page, juniper, in_workspace):
    answer = as_ada.post(f"{BASE}site/parts/footer/")
    again = as_ada.post(f"{BASE}site/parts/footer/")

    assert answer["Location"] == again["Location"]
    assert as_ada.get(answer["Location"]).status_code == 200
    assert as_ada.post(f"{BASE}site/parts/nonsense/").status_code == 404
    german = as_ada.post(f"{BASE}site/parts/footer/", {"language": "de"})
    assert german["Location"] != answer["Location"]


def test_redirects_come_and_go(as_ada, page, juniper, in_workspace):
    here = f"{BASE}site/redirects/"
    assert as_ada.post(here, {"path": "/old", "target": "/course", "status": 302}).status_code == 302
    assert as_ada.post(here, {"path": "/old", "target": "/old", "status": 301}).status_code == 422
    with in_workspace(juniper):
        one = Redirect.objects.get()
    assert "/old" in as_ada.get(here).content.decode()
    as_ada.post(f"{here}{one.id}/removal/")
    with in_workspace(juniper):
        assert not Redirect.objects.exists()


def test_scripts_come_rest_and_go(as_ada, page, juniper, in_workspace):
    here = f"{BASE}site/scripts/"
    good = {"name": "Counter", "purpose": "statistics", "source_url": "https://s.example.com/x.js", "hosts": ""}
    assert as_ada.post(here, good).status_code == 302
    for bad in (
        {"source_url": "http://s.example.com/x.js"},
        {"source_url": "https://s.example.com/x.js; script-src *"},
        {"source_url": ""},
        {"hosts": "*.example.com"},
        {"hosts": "a.example.com; script-src"},
        {"code": "<script>x</script>"},
        {"purpose": "necessary"},
    ):
        assert as_ada.post(here, good | bad).status_code == 422
    with in_workspace(juniper):
        one = SiteScript.objects.get()
    as_ada.post(f"{here}{one.id}/switch/")
    with in_workspace(juniper):
        assert not SiteScript.objects.get().is_on
    as_ada.post(f"{here}{one.id}/removal/")
    with in_workspace(juniper):
        assert not SiteScript.objects.exists()


def test_a_viewer_may_look_and_change_nothing(as_ben, ben, page, juniper):
    from plainsail.accounts.models import Membership, Role

    Membership.objects.filter(user=ben).update(role=Role.VIEWER)
    assert as_ben.get(BASE).status_code == 200
    for path in ("changes/", "site/republishing/", "site/redirects/", f"{page.id}/publishing/now/"):
        assert as_ben.post(BASE + path).status_code == 403


def test_moving_a_page_from_its_settings_leaves_a_redirect(as_ada, page, juniper, in_workspace):
    as_ada.post(f"{BASE}{page.id}/settings/", {"title": "Course", "description": "", "path": "/spring"})

    with in_workspace(juniper):
        assert redirects.where(page.site, "/course").target == "/spring"
        assert PublishedSnapshot.objects.get().path == "/spring"


def test_the_language_of_a_page_is_set_from_its_settings(as_ada, page, juniper, in_workspace):
    as_ada.post(f"{BASE}{page.id}/kin/", {"language": "de", "original": "", "shows_parts": "on"})

    with in_workspace(juniper):
        assert Page.objects.get(id=page.id).language == "de"
        assert b'lang="de"' in bytes(PublishedSnapshot.objects.get().body)
    assert as_ada.post(f"{BASE}{page.id}/kin/", {"language": "xx"}).status_code == 422
