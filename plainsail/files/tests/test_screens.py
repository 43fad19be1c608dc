"""The library on screen, and what anybody may fetch: uploads answered one by one, addresses that can be nothing else."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from plainsail.files.models import File
from plainsail.files.services import library
from plainsail.files.sockets import USES, Use, UserOfFiles
from plainsail.files.tests.factories import FileFactory, picture
from plainsail.kernel.http import workspace_url


@pytest.fixture
def file(juniper, in_workspace):
    with in_workspace(juniper):
        return FileFactory()


@pytest.fixture
def url(juniper):
    return lambda name, *arguments: workspace_url(juniper, f"files:{name}", *arguments)


@pytest.fixture
def stored(juniper, in_workspace):
    def load(file):
        with in_workspace(juniper):
            return File.objects.get(id=file.id)

    return load


def send(browser, address, *files, **headers):
    sent = [SimpleUploadedFile(name, content, content_type="image/png") for name, content in files]
    return browser.post(address, {"file": sent}, headers=headers)


def test_several_files_are_taken_in_each_for_itself(as_ada, url, juniper, in_workspace):
    answer = send(
        as_ada,
        url("uploads"),
        ("a.png", picture()),
        ("b.png", b"no picture"),
        ("c.png", picture(50, 50)),
        accept="application/json",
    ).json()

    assert [("id" in each, each["name"]) for each in answer["files"]] == [
        (True, "a.png"),
        (False, "b.png"),
        (True, "c.png"),
    ]
    assert "not a picture" in answer["files"][1]["message"]
    with in_workspace(juniper):
        assert File.objects.count() == 2


def test_uploading_works_without_scripts(as_ada, url):
    response = send(as_ada, url("uploads"), ("a.png", picture()))

    assert (response.status_code, response["Location"]) == (302, url("files"))
    assert "a.png" in as_ada.get(url("files")).content.decode()


def test_the_library_is_searched_by_name_and_words(as_ada, url, file, juniper, in_workspace):
    with in_workspace(juniper):
        library.describe(file, name="bowl.png", alt="A green bowl", focus_x=50, focus_y=50)

    assert [
        name in as_ada.get(url("files"), {"q": words}).content.decode()
        for words, name in (("green", "bowl.png"), ("x\0y", "bowl.png"))
    ] == [True, False]
    assert "bowl.png" in as_ada.get(url("picker"), {"q": "BOWL"}).content.decode()


@pytest.mark.parametrize("number", [1, 3])
def test_a_list_takes_few_queries_however_long(
    number, as_ada, url, juniper, in_workspace, django_assert_max_num_queries
):
    with in_workspace(juniper):
        for _each in range(number):
            FileFactory()
    as_ada.get(url("files"))

    with django_assert_max_num_queries(16):
        as_ada.get(url("files"))


def test_words_and_focus_are_changed(as_ada, url, file, stored):
    form = {"name": "Bowl", "alt": "A bowl", "focus_x": 10, "focus_y": 90}
    assert as_ada.post(url("file", file.id), form).status_code == 302
    assert as_ada.post(url("file", file.id), form | {"focus_x": 101}).status_code == 422

    now = stored(file)
    assert (now.name, now.alt, now.focus_x, now.focus_y) == ("Bowl", "A bowl", 10, 90)


def test_a_part_is_chosen_and_taken_back(as_ada, url, file, stored):
    part = {"x": 10, "y": 10, "width": 100, "height": 100}
    assert as_ada.post(url("crop", file.id), part).status_code == 302
    assert stored(file).crop == part
    assert as_ada.post(url("crop", file.id), part | {"width": 9000}).status_code == 422
    assert as_ada.get(url("whole", file.id))["Cache-Control"].startswith("private")
    as_ada.post(url("crop", file.id), {"whole": "yes"})
    assert stored(file).crop is None


def test_what_is_used_is_not_deleted(as_ada, url, file, stored, monkeypatch):
    used = UserOfFiles(label="Here", uses=lambda file_id: [Use("Spring sale", "/x")])
    monkeypatch.setitem(USES._entries, "here", used)

    page = as_ada.post(url("delete", file.id), follow=True).content.decode()

    assert "Spring sale" in page
    assert stored(file)


def test_a_picture_is_fetched_by_anybody_and_kept_for_ever(file, juniper, in_workspace):
    with in_workspace(juniper):
        address = library.card(file).url
    client = Client(headers={"host": "localhost"})

    response = client.get(address)
    body = b"".join(response.streaming_content)

    assert body[:3] == b"\xff\xd8\xff"
    assert response["Content-Type"] == "image/jpeg"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert client.get(address, headers={"if-none-match": response["ETag"]}).status_code == 304


def test_a_picture_stands_on_the_site_too(file, juniper, in_workspace, site_client):
    with in_workspace(juniper):
        address = library.card(file).url

    assert b"".join(site_client.get(address).streaming_content)[:3] == b"\xff\xd8\xff"


def test_a_file_for_download_is_saved_not_shown(as_ada, url):
    sent = send(as_ada, url("uploads"), ("prices.csv", b"a;b\n<script>"), accept="application/json").json()

    response = Client(headers={"host": "localhost"}).get(sent["files"][0]["url"])

    assert response["Content-Disposition"].startswith("attachment")
    assert response["Content-Type"] == "application/octet-stream"
    response.close()


@pytest.mark.parametrize(
    "name",
    [
        "../../secret_key",
        "..",
        "0123456789abcdef-1.png",
        "0123456789abcdef-640.webp%00",
        "%2e%2e%2foriginals",
        "a" * 3000,
    ],
)
def test_no_other_address_leads_to_a_file(name, file):
    client = Client(headers={"host": "localhost"})
    for path in (
        f"/media/{file.workspace_id.hex}/{file.id.hex}/{name}",
        f"/media/{file.workspace_id.hex}/..%2foriginals/{name}",
        f"/media/{'0' * 32}/{file.id.hex}/{name}",
    ):
        assert client.get(path).status_code in (404, 400)


def test_originals_are_for_nobody_outside(file, folder):
    [original] = (folder / "businesses" / file.workspace_id.hex / "originals").iterdir()
    assert original.name == file.id.hex
    client = Client(headers={"host": "localhost"})
    assert client.get(f"/media/{file.workspace_id.hex}/originals/{original.name}").status_code == 404


def test_a_stranger_finds_nothing(as_cleo, url, file):
    for name in ("file", "whole"):
        assert as_cleo.get(url(name, file.id)).status_code == 404
    assert as_cleo.post(url("delete", file.id)).status_code == 404
    assert send(as_cleo, url("uploads"), ("a.png", picture())).status_code == 404
