"""The editor's doors under garbage: every body, every id, every size is answered with a no in words, and nothing changes."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from plainsail.blocks.models import Clipboard, Presence
from plainsail.files.tests.factories import FileFactory
from plainsail.kernel.http import workspace_url
from plainsail.pages.models import Page
from plainsail.pages.tests.factories import PageFactory

DOORS = ("edits", "undo", "redo", "presence", "absence", "copies", "pastes")


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def page(juniper, in_workspace):
    with in_workspace(juniper):
        return PageFactory(workspace=juniper)


@pytest.fixture
def stored(juniper, in_workspace, page):
    def load():
        with in_workspace(juniper):
            return Page.objects.get(id=page.id)

    return load


def post(browser, juniper, page, door, body):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return browser.post(workspace_url(juniper, f"pages:{door}", page.id), raw, content_type="application/json")


GARBAGE = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"words"',
    b"\xff\xfe",
    b'{"revision": 1' + b" " * 600_000 + b"}",
    {},
    {"revision": "1"},
    {"revision": True},
    {"revision": -1},
    {"revision": 2**40},
    {"revision": 1, "operations": {}},
    {"revision": 1, "panel": 7},
    {"revision": 1, "token": "no id"},
    {"revision": 1, "token": 7},
    {"revision": 1, "window": ["x"]},
    {"revision": 1, "known": "x"},
    {"revision": 1, "known": [str(uuid4())] * 50},
    {"revision": 1, "sections": [1]},
    {"revision": 1, "at": -1},
    {"revision": 1, "at": 10**9},
]


@pytest.mark.parametrize("door", DOORS)
def test_garbage_is_answered_with_a_no(as_ada, juniper, page, stored, door):
    for body in GARBAGE:
        response = post(as_ada, juniper, page, door, body)
        assert response.status_code in (200, 409, 422), (door, body)
        if response.status_code != 200:
            assert response.json()["message"]
    assert stored().revision == 1


@pytest.mark.parametrize("door", DOORS)
def test_looking_at_a_door_changes_nothing(as_ada, juniper, page, door):
    assert as_ada.get(workspace_url(juniper, f"pages:{door}", page.id)).status_code == 405


@pytest.mark.parametrize("door", DOORS)
def test_strangers_and_onlookers_do_not_get_in(as_cleo, juniper, page, door):
    assert post(as_cleo, juniper, page, door, {"revision": 1}).status_code == 404


def test_words_of_five_megabytes_are_refused(as_ada, juniper, page, stored):
    block = page.document.blocks[0].id
    operation = {"op": "set", "block": block, "path": ["heading"], "value": "x" * 5_000_000}

    response = post(as_ada, juniper, page, "edits", {"revision": 1, "operations": [operation]})

    assert response.status_code == 422
    assert stored().revision == 1


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "set", "block": "../../etc", "path": ["heading"], "value": "x"},
        {"op": "set", "block": {"id": 1}, "path": ["heading"], "value": "x"},
        {"op": "set", "path": ["__class__"], "value": "x"},
        {"op": "add", "type": "mail_footer", "at": 0},
        {"op": "add", "at": 0, "block": {"id": "x", "type": "hero", "v": 99, "props": {}}},
        {"op": "add", "at": 0, "block": {"id": "x", "type": "hero", "v": 1, "props": {"evil": 1}}},
        {"op": "replace", "value": {"v": 1, "blocks": [[]] * 1000}},
        {"op": "move", "to": 10**12},
        {"op": ["set"]},
        {"op": "show", "value": {"tree": {}}},
    ],
)
@pytest.mark.parametrize("revision", [1, 2])
def test_operations_that_fit_nothing_are_refused_on_the_newest_and_on_an_older_revision(
    as_ada, juniper, page, stored, operation, revision
):
    block = page.document.blocks[0].id
    fine = {"op": "set", "block": block, "path": ["heading"], "value": "Fine"}
    post(as_ada, juniper, page, "edits", {"revision": 1, "operations": [fine]})

    response = post(
        as_ada, juniper, page, "edits", {"revision": revision, "operations": [{"block": block, **operation}]}
    )

    assert response.status_code == 422
    assert stored().revision == 2


def test_pictures_of_others_and_of_nobody_are_refused(as_ada, juniper, acme, page, stored, in_workspace):
    with in_workspace(acme):
        foreign = FileFactory()
    block = page.document.blocks[0].id
    for file in (str(foreign.id), str(uuid4()), "../secret", 7):
        operation = {"op": "set", "block": block, "path": ["image"], "value": {"file": file, "alt": ""}}
        response = post(as_ada, juniper, page, "edits", {"revision": 1, "operations": [operation]})
        assert response.status_code == 422
    assert stored().revision == 1


def test_what_somebody_copied_is_nobody_elses(as_ada, as_ben, juniper, page, in_workspace):
    post(as_ada, juniper, page, "copies", {"revision": 1, "sections": [page.document.blocks[0].id]})

    assert post(as_ben, juniper, page, "pastes", {"revision": 1}).json()["code"] == "nothing_copied"
    assert len(post(as_ada, juniper, page, "pastes", {"revision": 1, "at": 2}).json()["operations"]) == 1
    with in_workspace(juniper):
        assert Clipboard.objects.count() == 1


def test_a_thousand_words_of_one_window_are_one_row(as_ada, juniper, page, in_workspace):
    window = str(uuid4())
    for _time in range(5):
        post(as_ada, juniper, page, "presence", {"revision": 1, "window": window, "panel": "x" * 100})

    with in_workspace(juniper):
        assert Presence.objects.count() == 1
    post(as_ada, juniper, page, "absence", {"revision": 1, "window": window})
    with in_workspace(juniper):
        assert Presence.objects.count() == 0
