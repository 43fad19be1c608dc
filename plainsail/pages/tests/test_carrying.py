"""Pages and sites as files: what goes out comes in again the same, with ids made anew; nothing hostile does."""

from __future__ import annotations

import json
import re
import zipfile
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from plainsail.automations.tests.factories import AutomationFactory
from plainsail.blocks.services import documents
from plainsail.blocks.sockets import BLOCKS
from plainsail.contacts.services import lists, tags
from plainsail.pages.models import Countdown, Form, Page, Popup, Post, Redirect
from plainsail.pages.services import (
    blogging,
    carrying,
    editing,
    forms,
    listing,
    parts,
    popups,
    publishing,
    redirects,
    sites,
    unrolling,
)
from plainsail.pages.tests.factories import NOW, CountdownFactory, PageFactory, PopupFactory


@pytest.fixture
def page(in_juniper):
    return PageFactory(workspace=in_juniper, path="/course")


def bring(workspace, content):
    return carrying.bring_in(workspace, content, list=lists.default(workspace, at=NOW), by=None, at=NOW)


def words_of(document):
    """A document without its ids and references."""
    text = json.dumps([(block.type, block.props) for block in document.blocks])
    return re.sub(r'"form": "[^"]*"', "", text)


def test_a_page_comes_in_again_with_ids_and_a_form_of_its_own(page, in_juniper):
    came = bring(in_juniper, carrying.page_as_file(page))

    [copy] = came.pages
    assert came.left_out == []
    assert (copy.title, copy.path, copy.state) == (page.title, "/course-2", "draft")
    assert words_of(copy.document) == words_of(page.document)
    assert {block.id for block in copy.document.blocks}.isdisjoint(block.id for block in page.document.blocks)
    assert set(copy.document.references()).isdisjoint(page.document.references())
    assert Form.objects.count() == 2


def test_a_whole_site_moves_to_another_business(juniper, acme, in_workspace):
    with in_workspace(juniper):
        PageFactory(workspace=juniper, path="/course")
        parts.open_part(juniper, kind="footer", by=None, at=NOW)
        blogging.open_blog(juniper, by=None, at=NOW)
        blogging.write(juniper, title="First fire", author="Ada", tags="Kiln", excerpt="Short", by=None, at=NOW)
        redirects.add(sites.site_of(juniper), path="/old", target="/course")
        content = carrying.site_as_file(juniper)

    with in_workspace(acme):
        came = bring(acme, content)
        assert came.left_out == []
        assert set(Page.objects.filter(workspace=acme).values_list("kind", "path")) == {
            ("page", "/course"),
            ("footer", ":footer"),
            ("blog", "/blog"),
            ("post", "/blog/first-fire"),
        }
        post = Post.objects.get()
        assert (post.author, post.excerpt, blogging.tags_as_words(post)) == ("Ada", "Short", "Kiln")
        assert Redirect.objects.get().target == "/course"
        again = bring(acme, content)
        assert len(again.left_out) == 2
        assert Page.objects.filter(workspace=acme, kind="footer").count() == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no json",
        b"[]",
        b"{}",
        b'{"plainsail": "page"}',
        b'{"plainsail": "page", "v": 2, "pages": []}',
        b'{"plainsail": "page", "v": 1, "pages": {}}',
        b"[" * 100_000,
        b"\xff\xfe",
        json.dumps({"plainsail": "page", "v": 1, "pages": [{}] * 501}).encode(),
    ],
)
def test_what_is_no_file_of_a_page_is_refused(in_juniper, content):
    with pytest.raises(carrying.NoSuchFile):
        bring(in_juniper, content)


def test_what_can_not_be_read_is_left_out_and_the_rest_comes_in(page, in_juniper):
    said = json.loads(carrying.page_as_file(page))
    [good] = said["pages"]
    hero = next(block for block in good["document"]["blocks"] if block["type"] == "hero")
    said["pages"] = [
        {**good, "title": "Good"},
        {**good, "title": ""},
        {**good, "title": "Reserved", "path": "/static/x"},
        {**good, "title": "Odd", "kind": "secret"},
        {**good, "title": "Newer", "document": {"v": 99, "blocks": []}},
        {
            **good,
            "title": "Link",
            "document": {
                "v": 1,
                "blocks": [{**hero, "props": {**hero["props"], "link": "javascript:alert(1)"}}],
            },
        },
        "nonsense",
        None,
    ]

    came = bring(in_juniper, json.dumps(said).encode())

    assert [made.title for made in came.pages] == ["Good"]
    assert len(came.left_out) == 7


def test_what_points_to_rows_of_another_business_points_to_nothing(juniper, acme, in_workspace):
    with in_workspace(juniper):
        said = json.loads(carrying.page_as_file(PageFactory(workspace=juniper, path="/course")))
    said["forms"] = {}
    with in_workspace(acme):
        [made] = bring(acme, json.dumps(said).encode()).pages
        assert list(made.document.references()) == []


def test_the_site_as_files_leads_from_page_to_page_and_forms_to_the_host(page, in_juniper):
    publishing.publish(page, by=None, at=NOW)
    front = PageFactory(workspace=in_juniper, path="/", starter="links")
    publishing.publish(front, by=None, at=NOW)
    deep = PageFactory(workspace=in_juniper, path="/a/b", starter="opt-in")
    publishing.publish(deep, by=None, at=NOW)

    archive = zipfile.ZipFile(BytesIO(unrolling.as_zip(in_juniper)))

    names = set(archive.namelist())
    assert {"index.html", "course.html", "a/b.html"} <= names
    html = archive.read("a/b.html").decode()
    assert re.search(r'action="http://juniper\.localhost:8000/f/[0-9a-f-]+"', html)
    for target in re.findall(r"url\(([^#].*?)\)", html):
        assert target.startswith("../assets/")
        assert f"assets/{target.removeprefix('../assets/')}" in names
    assert 'src="/' not in html
    assert unrolling.as_zip(in_juniper) == unrolling.as_zip(in_juniper)


def test_files_go_out_and_come_in_from_the_screens(page, in_juniper, as_ada):
    sent = as_ada.get(f"/w/juniper/pages/{page.id}/file/")
    assert sent["Content-Disposition"] == 'attachment; filename="course.json"'
    assert as_ada.get("/w/juniper/pages/site/file/").status_code == 200
    assert as_ada.get("/w/juniper/pages/site/web-pages/")["Content-Type"] == "application/zip"

    file = SimpleUploadedFile("course.json", sent.content)
    assert as_ada.post("/w/juniper/pages/site/import/", {"file": file}).status_code == 302
    assert (
        as_ada.post("/w/juniper/pages/site/import/", {"file": SimpleUploadedFile("x.json", b"nonsense")}).status_code
        == 422
    )


def popup_for(page, **when):
    """A pop-up that a link on the page opens, and that comes up there."""
    made = PopupFactory()
    popups.change(made, on_pages=[str(page.id)], **when)
    return made


def with_section(page, kind, props):
    block = documents.save_block(documents.make_block(BLOCKS[kind], props))
    editing.apply(page, [{"op": "add", "at": 0, "block": block}], revision=page.revision, by=None, at=NOW)
    return block["id"]


def test_pop_ups_and_countdowns_go_along_and_links_to_them_lead_to_the_new_ones(juniper, acme, in_workspace):
    with in_workspace(juniper):
        page = PageFactory(workspace=juniper, path="/course")
        popup = popup_for(page, kind="bottom", trigger="click", days=3, sources=["letter"])
        countdown = CountdownFactory(kind="visit", ends_at=None, minutes=90, then="go", url="/over")
        with_section(page, "countdown", {"heading": "Soon", "countdown": str(countdown.id)})
        with_section(page, "text", {"text": f'<p><a href="#{popup.key}">Sign up</a></p>'})
        with_section(page, "hero", {"heading": "Course", "button": "Sign up", "link": f"#{popup.key}"})
        content = carrying.page_as_file(page)

    with in_workspace(acme):
        CountdownFactory(name="Doors close")
        PopupFactory()
        came = bring(acme, content)
        [made] = came.pages
        new, timer = Popup.objects.get(on_pages=[str(made.id)]), Countdown.objects.get(kind="visit")
        assert (came.left_out, came.popups) == ([], 1)
        assert (new.page.title, new.page.state, new.page.path[0]) == ("Before you go (2)", "draft", "~")
        assert (new.kind, new.trigger, new.days, new.sources) == ("bottom", "click", 3, ["letter"])
        assert (timer.name, timer.minutes, timer.then, timer.url) == ("Doors close (2)", 90, "go", "/over")
        assert ("countdown", timer.id) in set(made.document.references())
        saved = json.dumps(made.draft)
        assert (saved.count(f"#{new.key}"), popup.key in saved) == (2, False)


def test_a_site_takes_all_its_pop_ups_along_and_a_page_those_that_it_names(in_juniper):
    page, other = PageFactory(path="/course"), PageFactory(path="/other")
    popup_for(page)
    popup_for(other)
    PopupFactory()

    assert len(json.loads(carrying.site_as_file(in_juniper))["popups"]) == 3
    assert len(json.loads(carrying.page_as_file(page))["popups"]) == 1


def test_what_names_lists_tags_and_automations_of_others_is_found_by_its_words_or_said(juniper, acme, in_workspace):
    with in_workspace(juniper):
        page = PageFactory(workspace=juniper, path="/course")
        automation = AutomationFactory(name="Welcome")
        for name, values in {
            "Tag": {"kind": "tag", "tag": tags.named(juniper, "Members"), "minutes": 60},
            "List": {"kind": "list", "list": lists.default(juniper, at=NOW), "minutes": 60},
            "Automation": {"kind": "sequence", "automation": automation, "minutes": 60},
        }.items():
            countdown = CountdownFactory(name=name, ends_at=None, **values)
            with_section(page, "countdown", {"heading": name, "countdown": str(countdown.id)})
        popup_for(page, tree={"field": "tag", "op": "is", "value": str(tags.named(juniper, "Members").id)})
        content = carrying.page_as_file(page)

    with in_workspace(acme):
        came = bring(acme, content)
        assert Countdown.objects.get(name="Tag").tag.name == "Members"
        assert Countdown.objects.get(name="List").list == lists.default(acme, at=NOW)
        assert Countdown.objects.get(name="Automation").automation is None
        assert Popup.objects.get().tree == {}
        assert came.left_out == [
            "Countdown “Automation” counts from an automation that isn’t here. Choose one.",
            "Pop-up “Before you go” was for some people only. Choose again for whom it is.",
        ]


@pytest.mark.parametrize(
    "said",
    [
        {"popups": [], "countdowns": "x"},
        {"popups": {"p": None}, "countdowns": {"c": []}},
        {"popups": {"p": {"document": {"v": 99}, "on_all": True}}},
        {"popups": {"p": {"name": ["x"], "pages": [None, {}], "days": "1"}}},
        {
            "popups": {
                "p": {"document": {"v": 1, "blocks": []}, "on_all": True, "seconds": 10**9, "kind": {}, "sources": 1}
            }
        },
        {"countdowns": {"c": {"kind": "fixed", "ends_at": "soon"}}},
        {"countdowns": {"c": {"kind": "visit", "minutes": -1, "then": "go", "url": "javascript:alert(1)"}}},
        {"forms": {"f": {"leads_to": "/course", "name": "F"}}, "countdowns": {"f": {"kind": "visit"}}},
        {
            "pages": [{"title": "T", "path": "/t", "document": {"v": 1, "blocks": []}, "social_image": "c"}],
            "countdowns": {"c": {"kind": "tag", "tag": "\x00"}},
        },
    ],
)
def test_whatever_a_file_says_of_pop_ups_and_countdowns_breaks_nothing(in_juniper, said):
    bring(in_juniper, json.dumps({"plainsail": "site", "v": 1, "pages": []} | said).encode())

    assert not Popup.objects.filter(page__state="published").exists()
    assert not Countdown.objects.filter(url__startswith="javascript").exists()


def test_a_page_keeps_what_search_engines_and_shared_links_are_told_and_a_form_its_page_of_thanks(
    juniper, acme, in_workspace
):
    with in_workspace(juniper):
        page, thanks = PageFactory(path="/course"), PageFactory(path="/thanks-a-lot", starter="links")
        listing.appear_as(
            page, is_hidden=True, canonical_url="", social_title="Share", social_text="Me", social_image=None
        )
        form = Form.objects.filter(name__contains="course").first() or Form.objects.first()
        forms.change(form, at=NOW, after="page", thanks_page=thanks)
        content = carrying.site_as_file(juniper)

    with in_workspace(acme):
        bring(acme, content)
        made = Page.objects.get(path="/course")
        assert (made.is_hidden, made.social_title, made.social_text) == (True, "Share", "Me")
        assert Form.objects.get(after="page").thanks_page.path == "/thanks-a-lot"


def test_a_page_in_the_language_of_its_business_says_so_where_another_is_spoken(juniper, acme, in_workspace):
    with in_workspace(juniper):
        content = carrying.page_as_file(PageFactory(workspace=juniper, path="/course"))

    with in_workspace(acme):
        acme.locale = "de"
        acme.save(update_fields=["locale"])
        [made] = bring(acme, content).pages
        assert made.language == "en"


def test_the_site_as_files_leaves_out_what_needs_its_server_and_says_so(page, in_juniper):
    members = tags.named(in_juniper, "Members")
    secret = with_section(page, "text", {"text": "<p>For members</p>"})
    shown = {"tree": {"field": "tag", "op": "is", "value": str(members.id)}}
    editing.apply(page, [{"op": "show", "block": secret, "value": shown}], revision=page.revision, by=None, at=NOW)
    popup = popup_for(page)
    publishing.publish(popup.page, by=None, at=NOW)
    with_section(page, "hero", {"heading": "Course", "button": "Sign up", "link": f"#{popup.key}"})
    for name, values in {"Fixed": {}, "Own": {"kind": "visit", "ends_at": None, "minutes": 60}}.items():
        countdown = CountdownFactory(name=name, **values)
        with_section(page, "countdown", {"heading": f"{name} time", "countdown": str(countdown.id)})
    publishing.publish(page, by=None, at=NOW)

    archive = zipfile.ZipFile(BytesIO(unrolling.as_zip(in_juniper)))

    html, said = archive.read("course.html").decode(), archive.read("READ ME.txt").decode()
    assert "live.js" not in html
    assert "data-live" not in html
    assert ("Fixed time" in html, "Own time" in html, html.count("data-countdown=")) == (True, True, 1)
    assert f"#{popup.key}" not in html
    assert 'href="http://juniper.localhost:8000/course"' in html
    assert "/course: without the sections that only some people see." in said
    assert "/course: a countdown says its moment" in said
    assert "Pop-ups and bars are left out" in said
    assert "Forms, checkouts and accounts" in said
    assert not any("live" in name for name in archive.namelist())


def test_a_page_of_a_newer_version_is_taken_along_as_it_is_and_keeps_no_other_back(page, in_juniper):
    newer = PageFactory(path="/newer")
    Page.objects.filter(id=newer.id).update(draft={**newer.draft, "v": 99})

    said = json.loads(carrying.site_as_file(in_juniper))

    assert [(one["path"], one["document"]["v"]) for one in said["pages"]] == [
        ("/course", page.draft["v"]),
        ("/newer", 99),
    ]
