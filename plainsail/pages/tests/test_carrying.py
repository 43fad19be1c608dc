"""Pages and sites as files: what goes out comes in again the same, with ids made anew; nothing hostile does."""

from __future__ import annotations

import json
import re
import zipfile
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from plainsail.contacts.services import lists
from plainsail.pages.models import Form, Page, Post, Redirect
from plainsail.pages.services import blogging, carrying, parts, publishing, redirects, sites, unrolling
from plainsail.pages.tests.factories import NOW, PageFactory


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
