"""Comparing documents: what is new, gone, moved and changed, setting by setting, in words."""

from __future__ import annotations

from dataclasses import replace
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from plainsail.blocks.services import comparing, documents, operations, themes
from plainsail.blocks.tests.strategies import RAW_DOCUMENTS
from plainsail.files.tests.factories import FileFactory


def page(*blocks):
    return documents.build(themes.DEFAULT, blocks)


def done(document, *changes):
    return operations.apply(document, changes, surface="page").document


def test_words_are_marked_one_by_one():
    before = page(("hero", {"heading": "Throw a bowl in a day"}))
    after = done(
        before, {"op": "set", "block": before.blocks[0].id, "path": ["heading"], "value": "Throw a cup in a day"}
    )

    [change] = comparing.compare(before, after)

    assert (change.kind, change.label, change.headline) == ("changed", "Hero", "Throw a cup in a day")
    [setting] = change.settings
    assert (setting.label, list(setting.pieces)) == (
        "Headline",
        [("same", "Throw a"), ("gone", "bowl"), ("new", "cup"), ("same", "in a day")],
    )


def test_sections_are_new_gone_and_moved():
    before = page(("hero", {}), ("divider", {}), ("text", {}), ("footer", {}))
    hero, divider, text, _footer = (block.id for block in before.blocks)
    after = done(
        before,
        {"op": "move", "block": text, "to": 0},
        {"op": "delete", "block": divider},
        {"op": "add", "type": "heading", "at": 3},
    )

    found = [(change.kind, change.label) for change in comparing.compare(before, after)]

    assert found == [("moved", "Text"), ("added", "Heading"), ("removed", "Divider")]
    assert hero in {block.id for block in after.blocks}


def test_an_entry_that_changed_is_named_by_its_number():
    before = page(
        ("questions", {"items": [{"question": "One?", "answer": "<p>Yes</p>"}, {"question": "Two?", "answer": ""}]})
    )
    after = done(
        before,
        {"op": "set", "block": before.blocks[0].id, "path": ["items", 1, "answer"], "value": "<p>No, <b>never</b></p>"},
    )

    [change] = comparing.compare(before, after)

    assert [(each.label, list(each.pieces)) for each in change.settings] == [
        ("Questions 2 · Answer", [("new", "No, never")])
    ]


def test_choices_and_pictures_are_told_in_their_own_words():
    before = page(("hero", {"image": {"picture": "bowls", "alt": ""}}))
    block = before.blocks[0].id
    after = done(
        before,
        {"op": "set", "block": block, "path": ["layout"], "value": "card"},
        {"op": "set", "block": block, "path": ["image"], "value": {"picture": "cup", "alt": "A cup"}},
        {"op": "theme", "value": {**before.theme, "corners": "round"}},
    )

    look, change = comparing.compare(before, after)

    assert (look.block_id, look.label) == ("", "Look of the page")
    assert next([words for _mark, words in each.pieces] for each in change.settings) == [
        "Three bowls",
        "A steaming cup · A cup",
    ]


def test_a_picture_of_ones_own_is_told_by_its_name(in_juniper, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    before = page(("hero", {"image": {"picture": "bowls", "alt": ""}}))
    value = {"file": str(FileFactory(name="kiln.jpg").id), "alt": "The kiln"}
    after = done(before, {"op": "set", "block": before.blocks[0].id, "path": ["image"], "value": value})

    [change] = comparing.compare(before, after)

    assert [list(each.pieces) for each in change.settings] == [
        [("gone", "Three bowls"), ("new", "kiln.jpg · The kiln")]
    ]


@given(RAW_DOCUMENTS.map(documents.load), RAW_DOCUMENTS.map(documents.load))
def test_any_two_documents_can_be_compared(one, other):
    # What a reference leads to stands in other areas' tables; here ids are told as they are.
    with mock.patch.object(comparing, "REFERENCES", {}):
        comparing.compare(one, other)
        assert comparing.compare(one, one) == []


@given(st.text(), st.text())
def test_marked_pieces_give_both_texts_back(before, after):
    pieces = comparing.pieces(before, after)

    def read(*marks):
        return " ".join(words for mark, words in pieces if mark in marks).split()

    assert read("same", "gone") == before.split()
    assert read("same", "new") == after.split()


def test_long_texts_are_not_compared_word_by_word():
    assert comparing.pieces("a " * 5000, "b " * 5000)[0][0] == "gone"


def test_an_operation_that_met_another_says_both():
    before = page(("hero", {"heading": "Mine was here"}))
    block = before.blocks[0]
    now = before.with_blocks([replace(block, props=block.props | {"heading": "Theirs"})])

    said = comparing.describe(
        {"op": "set", "block": block.id, "path": ["heading"], "value": "Mine"}, before=before, now=now
    )

    assert (said.section, said.setting, said.mine, said.theirs, said.is_gone) == (
        "Hero",
        "Headline",
        "Mine",
        "Theirs",
        False,
    )
