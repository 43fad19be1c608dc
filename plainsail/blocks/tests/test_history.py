"""Every document that a Plainsail ever wrote can be read by this one: `documents/*.json` are kept for ever and never changed.

A change of the format or of a block type adds a file, made by the version before it.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plainsail.blocks import catalogue
from plainsail.blocks.services import documents, edits, rendering
from plainsail.blocks.services.documents import InvalidDocument
from plainsail.blocks.services.operations import InvalidOperation
from plainsail.blocks.sockets import REFERENCES
from plainsail.blocks.tests.strategies import block_of, with_ids

KEPT = sorted((Path(__file__).parent / "documents").glob("*.json"))
HEAD = rendering.PageHead(title="Kept")


@pytest.fixture(autouse=True)
def nothing_to_point_to(monkeypatch):
    monkeypatch.setattr(REFERENCES, "_entries", {})


def holds(now, then):
    """Is everything that stood in a document then still there, and the same?"""
    if isinstance(then, dict):
        return isinstance(now, dict) and all(name in now and holds(now[name], value) for name, value in then.items())
    if isinstance(then, list):
        return isinstance(now, list) and len(now) == len(then) and all(map(holds, now, then))
    return bool(now == then)


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
def test_a_document_of_long_ago_is_read_whole(file):
    then = json.loads(file.read_text())
    document = documents.load(then)

    now = documents.save(document)
    for block in (*now["blocks"], *then["blocks"]):
        block.pop("v")  # a type may have moved on; what it says must still be there
    assert holds(now, then)
    assert documents.load(documents.save(document)) == document


@pytest.mark.parametrize("file", [file for file in KEPT if "mail" not in file.stem], ids=lambda file: file.stem)
def test_a_page_of_long_ago_still_shows(file):
    document = documents.load(json.loads(file.read_text()))

    html = rendering.render_page(document, HEAD).html
    # A list of posts doesn't show where there are none.
    headlines = [escape(block.headline) for block in document.blocks if block.headline and block.type != "posts"]
    assert [words for words in headlines if words not in html] == []


@pytest.mark.parametrize("kind", catalogue.ALL, ids=lambda kind: kind.type)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_block_of_each_type_survives_saving_and_loading(kind, data):
    (raw,) = with_ids([data.draw(block_of(kind))])
    errors = {}

    block = documents.load_block(raw, ("blocks", 0), errors, place=kind.place)
    again = documents.load_block(
        json.loads(json.dumps(documents.save_block(block))), ("blocks", 0), errors, place=kind.place
    )

    assert (again, errors) == (block, {})


def refused_within(seconds, raw):
    began = perf_counter()
    with pytest.raises(InvalidDocument):
        documents.load(raw)
    assert perf_counter() - began < seconds


BLOCK = {"id": "b", "type": "divider", "v": 1, "props": {}}


def test_a_million_sections_are_refused_at_once():
    refused_within(1, {"v": 2, "theme": {}, "blocks": [BLOCK] * 1_000_000})


def test_a_million_blocks_in_a_slot_are_refused_quickly():
    section = {"id": "f", "type": "free", "v": 1, "props": {}, "slots": {"rows": [BLOCK] * 1_000_000}}
    refused_within(5, {"v": 2, "theme": {}, "blocks": [section]})


def test_sections_in_sections_without_end_are_refused_quickly():
    inside = dict(BLOCK)
    for number in range(20_000):
        inside = {"id": f"b{number}", "type": "from_elsewhere", "v": 1, "props": {}, "slots": {"x": [inside]}}
    refused_within(5, {"v": 2, "theme": {}, "blocks": [inside]})


@pytest.mark.parametrize(
    "value", [{}, {"blocks": {}}, {"v": True, "blocks": []}, {"v": 0, "blocks": []}, {"v": "2", "blocks": []}]
)
def test_what_is_no_document_is_refused(value):
    with pytest.raises(InvalidDocument, match="not a page document"):
        documents.load(value)


@pytest.mark.parametrize(
    "slots",
    [
        [],
        {"rows": {}},
        {"rows": None},
        {"Rows!": []},
        {"columns": []},
        {"rows": [None]},
        {"rows": [{}]},
        {"rows": [[]]},
        7,
    ],
)
def test_slots_that_are_none_are_refused(slots):
    section = {"id": "f", "type": "free", "v": 1, "props": {}, "slots": slots}
    with pytest.raises(InvalidDocument):
        documents.load({"v": 2, "theme": {}, "blocks": [section]})


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", b'{"revision":1e999}', b"nul", b"x" * 600_000]
)
def test_broken_json_is_refused(body):
    with pytest.raises(InvalidOperation):
        edits.read(body)
