"""Finished pages and sites to start from: each can be published as it is, looks as it will, and is found by what it is for."""

from __future__ import annotations

import re

import pytest

from plainsail.contacts.services import lists
from plainsail.pages.models import Page, PublishedSnapshot
from plainsail.pages.services import checking, furnishing, publishing
from plainsail.pages.starters import ALL, PURPOSES, SITE_STARTERS, STARTERS
from plainsail.pages.tests.factories import NOW, PageFactory

ONLY_WHERE_PUBLISHED = re.compile("Nothing is published at /|only an example")


def test_there_are_enough_of_each_kind():
    assert len(STARTERS) >= 18
    assert len(SITE_STARTERS) == 3
    assert {starter.purpose for starter in STARTERS.values()} == set(PURPOSES)


@pytest.mark.parametrize("key", ALL)
def test_every_starter_can_be_published_and_has_nothing_to_mend(in_juniper, key):
    page = PageFactory(workspace=in_juniper, starter=key, title="")

    publishing.publish(page, by=None, at=NOW)

    html = bytes(PublishedSnapshot.objects.get(page=page).body).decode()
    assert html.count("<h1") == 1
    assert "Juniper Pottery Studio" in html
    assert page.description
    bad = [one.words for one in checking.check(page, page.document) if one.tone == "bad"]
    assert [words for words in bad if not ONLY_WHERE_PUBLISHED.match(words)] == []
    assert ("<form" in html) == ALL[key].has_form


@pytest.mark.parametrize("key", SITE_STARTERS)
def test_a_whole_site_is_drafts_in_one_look_whose_links_lead_somewhere(in_juniper, key):
    made = furnishing.create_site(in_juniper, key=key, list=lists.default(in_juniper, at=NOW), by=None, at=NOW)
    assert {page.state for page in made} == {"draft"}
    assert len({page.document.theme["name"] for page in made}) == 1

    # Parts first, so that every page has them around it.
    for page in sorted(made, key=lambda page: not page.is_part):
        publishing.publish(page, by=None, at=NOW)

    front = bytes(PublishedSnapshot.objects.get(path="/").body).decode()
    paths = set(PublishedSnapshot.objects.values_list("path", flat=True))
    shown = re.search("<header>.*?</header>", front, re.DOTALL)[0]
    leads = set(re.findall(r'href="(/[^"#]*)"', shown))
    assert len(leads) > 3
    assert leads <= paths
    assert front.count("<footer") == 1
    bad = [(page.path, one.words) for page in made for one in checking.check(page, page.document) if one.tone == "bad"]
    assert bad == []


def test_a_second_site_changes_nothing_that_is_there(in_juniper):
    some = lists.default(in_juniper, at=NOW)
    first = furnishing.create_site(in_juniper, key="craft", list=some, by=None, at=NOW)
    before = {page.id: page.draft for page in Page.objects.all()}

    second = furnishing.create_site(in_juniper, key="cafe", list=some, by=None, at=NOW)

    assert {page.id: page.draft for page in Page.objects.filter(id__in=before)} == before
    assert {page.path for page in second}.isdisjoint(page.path for page in first)


def test_the_gallery_is_searched_by_purpose_and_words(as_ada, juniper):
    every = as_ada.get("/w/juniper/pages/new/").content.decode()
    assert all(str(one.label) in every.replace("&amp;", "&") for one in STARTERS.values())

    found = as_ada.get("/w/juniper/pages/new/?q=menu").content.decode()
    assert "Restaurant" in found
    assert "Portfolio" not in found
    local = as_ada.get("/w/juniper/pages/new/?purpose=local").content.decode()
    assert "Coach" in local
    assert "Whole sites" not in local
    assert "Nothing fits" in as_ada.get("/w/juniper/pages/new/?q=zzz").content.decode()
    part = as_ada.get("/w/juniper/pages/new/?q=menu", headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith('<div id="starters"')


def test_a_starter_is_shown_as_it_would_look_and_nothing_is_made(as_ada, juniper, in_workspace):
    shown = as_ada.get("/w/juniper/pages/new/coach/")

    assert shown["X-Frame-Options"] == "SAMEORIGIN"
    assert "From good colleague to good boss" in shown.content.decode()
    assert 'name="email"' in shown.content.decode()
    assert as_ada.get("/w/juniper/pages/new/nonsense/").status_code == 404
    with in_workspace(juniper):
        assert not Page.objects.exists()
        assert not juniper.forms.exists()


def test_a_page_and_a_site_are_made_from_the_gallery(as_ada, juniper, in_workspace):
    answer = as_ada.post("/w/juniper/pages/new/", {"starter": "coach"})
    assert answer.status_code == 302
    assert as_ada.get(answer["Location"]).status_code == 200

    assert as_ada.post("/w/juniper/pages/new/sites/cafe/").status_code == 302
    assert as_ada.post("/w/juniper/pages/new/sites/nonsense/").status_code == 404
    with in_workspace(juniper):
        assert Page.objects.filter(kind="page").count() == 5
