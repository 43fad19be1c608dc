"""Uploaded pictures go along with pages and sites, and come in again; archives that lie do no harm."""

from __future__ import annotations

import json
import re
import zipfile
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from plainsail.blocks.services import documents
from plainsail.contacts.services import lists
from plainsail.files.models import File
from plainsail.files.services import library, storing
from plainsail.files.tests.factories import FileFactory, picture
from plainsail.kernel.http import workspace_url
from plainsail.pages.models import Page, Post
from plainsail.pages.services import blogging, carrying, packed_pictures, pages, publishing, unrolling
from plainsail.pages.tests.factories import NOW


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path


def shown(file, **more):
    return {"picture": "", "file": str(file.id), "url": "", "width": 0, "height": 0, "alt": "", **more}


def page_with(workspace, file, path="/pots"):
    inside = {"one": [("element_image", {"image": shown(file)})]}
    seeds = [
        ("image", {"image": shown(file, alt="A bowl")}),
        ("gallery", {"items": [{"image": shown(file)}]}),
        ("free", {}, {"rows": [("row", {"columns": "1"}, inside)]}),
    ]
    return pages.create(workspace, documents.build({}, seeds), title="Pots", path=path, at=NOW)


def bring(workspace, content):
    return carrying.bring_in(workspace, content, list=lists.default(workspace, at=NOW), by=None, at=NOW)


def archive_of(**entries):
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for name, content in entries.items():
            target.writestr(name.replace("__", "/").replace("_json", ".json"), content)
    return packed.getvalue()


def said(**more):
    entry = {"title": "Pots", "path": "/pots", "document": documents.save(documents.build({}, []))}
    return json.dumps({"plainsail": "page", "v": 1, "pages": [entry], "forms": {}, **more}).encode()


def test_pictures_move_with_a_page_to_another_business(juniper, acme, in_workspace):
    with in_workspace(juniper):
        file = FileFactory()
        library.describe(file, name="Bowl", alt="A green bowl", focus_x=25, focus_y=75)
        library.crop(file, {"x": 0, "y": 0, "width": 200, "height": 200})
        original = storing.original(file)
        content = carrying.page_as_file(page_with(juniper, file))
    assert packed_pictures.is_archive(content)

    with in_workspace(acme):
        came = bring(acme, content)
        taken = File.objects.get()
        assert (taken.name, taken.alt, taken.focus_x, taken.focus_y) == ("Bowl", "A green bowl", 25, 75)
        assert (taken.crop["width"], storing.original(taken)) == (200, original)
        [copy] = came.pages
        assert came.left_out == []
        assert set(copy.document.references()) == {("picture", taken.id)}
        assert copy.document.blocks[0].props["image"]["alt"] == "A bowl"


def test_a_picture_that_is_here_already_is_not_taken_in_twice_and_keeps_its_words(in_juniper):
    file = FileFactory()
    content = carrying.page_as_file(page_with(in_juniper, file))
    library.describe(file, name="Bowl", alt="Said since", focus_x=50, focus_y=50)

    came = bring(in_juniper, content)

    assert File.objects.get().alt == "Said since"
    assert set(came.pages[0].document.references()) == {("picture", file.id)}


def test_a_posts_picture_goes_along(juniper, acme, in_workspace):
    with in_workspace(juniper):
        post = blogging.write(juniper, title="First fire", author="", tags="", excerpt="", by=None, at=NOW)
        row = Post.objects.get()
        row.cover = shown(FileFactory())
        row.save(update_fields=["cover"])
        content = carrying.page_as_file(Page.objects.get(id=post.page_id if hasattr(post, "page_id") else post.id))

    with in_workspace(acme):
        bring(acme, content)
        assert Post.objects.get().cover["file"] == str(File.objects.get().id)


def test_without_its_picture_a_page_comes_in_and_shows_none(juniper, acme, in_workspace):
    with in_workspace(juniper):
        content = carrying.page_as_file(page_with(juniper, FileFactory()))
    pages_only = zipfile.ZipFile(BytesIO(content)).read("pages.json")

    with in_workspace(acme):
        came = bring(acme, pages_only)
        assert set(came.pages[0].document.references()) == set()


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 no archive",
        archive_of(other_json=b"{}"),
        archive_of(pages_json=b"{}"),
        archive_of(pages_json=b"x" * 20_000_001),
    ],
)
def test_what_is_no_archive_of_pages_is_refused(content, as_ada, juniper):
    sent = SimpleUploadedFile("site.zip", content)
    answer = as_ada.post(workspace_url(juniper, "pages:import"), {"file": sent})
    assert answer.status_code == 422


def test_an_archive_that_unpacks_to_too_much_is_refused_unread(in_juniper, monkeypatch):
    monkeypatch.setattr(packed_pictures, "MOST_UNPACKED", 1000)
    content = archive_of(pages_json=said(), **{f"pictures__{'a' * 64}": b"x" * 1001})
    with pytest.raises(packed_pictures.BadArchive):
        bring(in_juniper, content)


def test_what_is_no_picture_is_left_out_with_words(in_juniper):
    entries = {
        "pictures__" + "a" * 64: b"<svg onload=alert(1)></svg>",
        "pictures__" + "b" * 64: b"not a picture",
        "pictures__" + "c" * 64: picture(),
    }
    listed = {name: {"name": f"{name}.png", "entry": f"pictures/{name * 64}"} for name in "abc"}
    listed |= {
        "up": {"name": "x", "entry": "../../etc/passwd"},
        "odd": {"name": 7, "entry": 7, "crop": "all"},
        "list": ["x"],
    }

    came = bring(in_juniper, archive_of(pages_json=said(pictures=listed), **entries))

    assert len(came.pages) == 1
    assert len(came.left_out) == 2
    assert File.objects.count() == 1


def test_the_site_as_web_pages_has_its_pictures_beside_it(in_juniper):
    page = page_with(in_juniper, FileFactory())
    publishing.publish(page, by=None, at=NOW)

    archive = zipfile.ZipFile(BytesIO(unrolling.as_zip(in_juniper)))
    html = archive.read("pots.html").decode()
    files = {name for name in archive.namelist() if name.startswith("pictures/")}

    assert files
    # What a shared link shows has to be a whole address.
    assert re.findall("(?:src|srcset|href)=[\"']?[^\"'>]*/media/", html) == []
    assert all(name in html for name in files)
    assert all(archive.read(name) for name in files)
