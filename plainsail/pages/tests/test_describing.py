"""Pictures without words are found, named where they stand, and silent only where somebody said that they decorate."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from plainsail.blocks.services import documents, rendering
from plainsail.blocks.services.rendering import PageHead
from plainsail.files.services import library
from plainsail.files.tests.factories import FileFactory
from plainsail.kernel import clock
from plainsail.kernel.http import workspace_url
from plainsail.kernel.testing.browser import axe, overflow
from plainsail.pages.models import Page
from plainsail.pages.services import describing, pages
from plainsail.pages.tests.factories import NOW


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path


def shown(file=None, **more):
    value = {"picture": "", "url": "", "width": 0, "height": 0, "alt": ""} | more
    return value | ({"file": str(file.id)} if file else {})


def places(*seeds):
    return [each.place for each in describing.wordless(documents.build({}, seeds))]


def test_own_pictures_and_those_of_the_web_need_words_and_drawings_do_not(in_juniper):
    described, bare = FileFactory(), FileFactory()
    library.describe(described, name="Bowl", alt="A green bowl", focus_x=50, focus_y=50)

    assert places(("image", {"image": shown(bare)})) == ["image"]
    assert places(("image", {"image": shown(url="https://pics.example.org/a.jpg")})) == ["image"]
    assert places(("image", {"image": shown(described)})) == []
    assert places(("image", {"image": shown(bare, alt="A cup")})) == []
    assert places(("image", {"image": shown(bare, decorative=True)})) == []
    assert places(("image", {"image": shown(picture="plant")})) == []
    assert places(("image", {"image": shown()})) == []


def test_each_picture_of_a_list_and_of_a_column_is_found_where_it_stands(in_juniper):
    bare = shown(FileFactory())
    gallery = ("gallery", {"items": [{"image": shown(picture="cup")}, {"image": bare}]})
    inside = {"one": [("element_image", {"image": bare}), ("element_video", {"poster": bare})]}
    free = ("free", {}, {"rows": [("row", {"columns": "1"}, inside)]})

    assert places(gallery, free) == ["items.1.image", "image"]


def test_a_picture_that_decorates_is_silent_whatever_the_library_says(in_juniper):
    file = FileFactory()
    library.describe(file, name="Bowl", alt="A green bowl", focus_x=50, focus_y=50)
    document = documents.build({}, [("image", {"image": shown(file, decorative=True)})])

    html = rendering.render_page(document, PageHead(title="Pots")).html
    assert 'alt=""' in html
    assert "A green bowl" not in html
    assert documents.load(documents.save(document)) == document


@pytest.fixture
def subject(juniper, in_workspace):
    with in_workspace(juniper):
        pictures = [{"image": shown(FileFactory())}, {"image": shown(FileFactory())}]
        seeds = [("heading", {"heading": "Pots"}), ("gallery", {"items": pictures})]
        return pages.create(juniper, documents.build({}, seeds), title="Pots", path="/pots", at=clock.now())


@pytest.mark.django_db(transaction=True)
def test_the_publish_button_asks_for_words_by_keyboard_and_then_publishes(
    page, live_server, as_ada, juniper, subject, in_workspace
):
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    page.goto(origin + workspace_url(juniper, "pages:page", subject.id))
    page.wait_for_selector("html[data-ready]", state="attached")

    page.get_by_role("button", name="Publish").press("Enter")
    dialog = page.get_by_role("dialog", name="Pictures without words")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("What can be seen?").first).to_be_focused()
    assert (axe(page), overflow(page)) == ([], 0)
    page.set_viewport_size({"width": 390, "height": 844})
    assert overflow(page) == 0
    with in_workspace(juniper):
        assert not Page.objects.get(id=subject.id).is_published

    page.keyboard.type("Three bowls on a shelf")
    dialog.get_by_label("It only decorates").nth(1).press("Space")
    dialog.get_by_role("button", name="Publish").press("Enter")
    expect(page.get_by_role("dialog", name="Your page is live")).to_be_visible()

    with in_workspace(juniper):
        published = Page.objects.get(id=subject.id)
        items = published.document.blocks[1].props["items"]
    assert published.is_published
    assert [(each["image"]["alt"], each["image"].get("decorative")) for each in items] == [
        ("Three bowls on a shelf", None),
        ("", True),
    ]


def test_a_page_whose_pictures_speak_is_published_at_once(as_ada, juniper, in_workspace):
    with in_workspace(juniper):
        document = documents.build({}, [("image", {"image": shown(FileFactory(), alt="A cup")})])
        subject = pages.create(juniper, document, title="Cup", path="/cup", at=NOW)
    url = workspace_url(juniper, "pages:publication", subject.id)

    answer = as_ada.post(url, data=json.dumps({"asks": True}, separators=(",", ":")), content_type="application/json")

    assert "url" in answer.json()
