"""How a page appears elsewhere: what search engines and those who share it are told, set on one screen, live at once."""

from __future__ import annotations

import re

import pytest

from plainsail.files.services import library
from plainsail.files.tests.factories import FileFactory
from plainsail.kernel.http import workspace_url
from plainsail.kernel.tenancy import workspace
from plainsail.pages.services import publishing
from plainsail.pages.tests.factories import NOW, PageFactory


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def page(juniper):
    with workspace(juniper):
        made = PageFactory(workspace=juniper, path="/course")
        publishing.publish(made, by=None, at=NOW)
        return made


@pytest.fixture
def picture(juniper):
    with workspace(juniper):
        return FileFactory()


def save(browser, juniper, page, **changed):
    form = {"title": "Course", "description": "Two days of clay.", "path": "/course"} | changed
    return browser.post(workspace_url(juniper, "pages:settings", page.id), form)


def test_without_more_a_page_is_shared_with_its_title_and_description(as_ada, juniper, page, site_client):
    save(as_ada, juniper, page)

    html = site_client.get("/course").content.decode()

    assert '<meta property="og:title" content="Course">' in html
    assert '<meta property="og:description" content="Two days of clay.">' in html
    assert "noindex" not in html


def test_without_a_choice_the_preview_shows_the_picture_that_others_will_see(as_ada, juniper, page, site_client):
    said = re.search(
        'property="og:image" content="http://juniper.localhost:8000([^"]+)"',
        site_client.get("/course").content.decode(),
    )

    preview = as_ada.get(workspace_url(juniper, "pages:settings", page.id)).content.decode()

    assert said
    assert f'data-otherwise="{said[1]}" src="{said[1]}"' in preview


def test_words_and_picture_for_sharing_are_live_at_once(as_ada, juniper, page, picture, site_client):
    response = save(
        as_ada, juniper, page, social_title="Learn <to> throw", social_text="Come!", social_image=str(picture.id), is_hidden="on",
        canonical_url="https://example.com/original",
    )  # fmt: skip

    html = site_client.get("/course").content.decode()
    with workspace(juniper):
        url = library.card(picture).url
    assert response.status_code == 302
    assert '<meta property="og:title" content="Learn &lt;to&gt; throw">' in html
    assert f'<meta property="og:image" content="http://juniper.localhost:8000{url}">' in html
    assert '<meta name="robots" content="noindex">' in html
    assert '<link rel="canonical" href="https://example.com/original">' in html
    with workspace(juniper):
        assert [use.label for use in library.uses(picture)] == ["Course"]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "//evil", "ftp://example.com/", "nonsense nonsense", "https://" + "a" * 600]
)
def test_an_original_that_is_no_address_of_the_web_is_refused(as_ada, juniper, page, url):
    response = save(as_ada, juniper, page, canonical_url=url)

    assert response.status_code == 422


def test_a_picture_of_another_business_is_refused(as_ada, acme, juniper, page):
    with workspace(acme):
        foreign = FileFactory()

    assert save(as_ada, juniper, page, social_image=str(foreign.id)).status_code == 422
    assert save(as_ada, juniper, page, social_image="garbage").status_code == 422


def test_all_that_is_wrong_is_said_at_once(as_ada, juniper, page):
    answer = save(as_ada, juniper, page, title="", canonical_url="x y").content.decode()

    assert answer.count("field-error") >= 2
