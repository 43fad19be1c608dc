"""Documents survive saving and loading, refuse what is wrong at its path, and keep what they don't know."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainsail.blocks.schema import Text
from plainsail.blocks.services import documents
from plainsail.blocks.services.documents import InvalidDocument
from plainsail.blocks.sockets import BLOCKS, BlockType
from plainsail.blocks.tests.strategies import GARBAGE, RAW_DOCUMENTS, standing


@given(RAW_DOCUMENTS)
def test_loading_what_was_saved_gives_the_same_document(raw):
    document = documents.load(raw)

    assert documents.load(documents.save(document)) == document
    assert documents.save(documents.load(documents.save(document))) == documents.save(document)


@given(RAW_DOCUMENTS)
def test_what_is_saved_can_be_stored_by_postgresql(raw):
    text = json.dumps(documents.save(documents.load(raw)), ensure_ascii=False)

    assert "\\u0000" not in text
    text.encode("utf-8")  # no lone surrogates


@given(GARBAGE)
def test_garbage_is_refused_and_never_breaks(raw):
    with pytest.raises(InvalidDocument):
        documents.load(raw)


@given(st.dictionaries(st.sampled_from(["v", "theme", "blocks"]), GARBAGE))
def test_half_garbage_is_refused_or_read(raw):
    with suppress(InvalidDocument):
        documents.save(documents.load(raw))


@given(
    st.dictionaries(
        st.sampled_from(["id", "type", "v", "props"]), st.one_of(GARBAGE, st.sampled_from(["hero", "b1", 1]))
    )
)
def test_a_garbage_block_is_refused_or_kept_but_never_breaks(block):
    with suppress(InvalidDocument):
        documents.save(documents.load({"v": 1, "theme": {}, "blocks": [block]}))


def raw(**props):
    return {"v": 1, "theme": {}, "blocks": [{"id": "b1", "type": "features", "v": 1, "props": props}]}


def test_an_error_names_the_path_of_the_value_at_fault():
    with pytest.raises(InvalidDocument) as refusal:
        documents.load(raw(items=[{"title": "fine"}, {"title": "x" * 101}], layout="zigzag", extra=1))

    assert refusal.value.errors == {
        "blocks.b1.props.extra": "There is no such setting here.",
        "blocks.b1.props.items.1.title": "At most 100 characters.",
        "blocks.b1.props.layout": "Choose one of the values offered.",
    }


def test_a_missing_setting_gets_its_default():
    block = documents.load(raw(heading="Hi")).blocks[0]

    assert block.props == {"heading": "Hi", "text": "", "items": [], "layout": "numbers", "ground": "paper"}


def test_two_sections_with_one_id_are_refused():
    twice = raw()
    twice["blocks"] *= 2

    with pytest.raises(InvalidDocument) as refusal:
        documents.load(twice)

    assert refusal.value.errors == {"blocks": "Two sections have the same id."}


def test_a_document_has_a_largest_size():
    large = raw(heading="Hi")
    large["blocks"][0]["type"] = "from_elsewhere"
    large["blocks"][0]["props"] = {"text": "x" * documents.MOST_BYTES}

    with pytest.raises(InvalidDocument, match="too large"):
        documents.load(large)


def test_a_document_has_a_largest_number_of_sections():
    many = {
        "v": 1,
        "theme": {},
        "blocks": [{"id": f"b{n}", "type": "divider", "v": 1, "props": {}} for n in range(101)],
    }

    with pytest.raises(InvalidDocument, match="At most 100 sections"):
        documents.load(many)


def test_a_section_of_an_unknown_type_is_kept_as_it_is():
    kept = {"id": "b1", "type": "carousel", "v": 7, "props": {"anything": ["at", {"all": 1}]}}

    document = documents.load({"v": 1, "theme": {}, "blocks": [kept]})

    assert documents.save(document)["blocks"] == [kept]


def test_a_document_of_a_later_format_is_refused():
    with pytest.raises(InvalidDocument, match="newer version of Plainsail"):
        documents.load({"v": documents.FORMAT + 1, "theme": {}, "blocks": []})


@pytest.fixture
def ribbon(monkeypatch):
    """A block type at its third version: `title` became `heading`, then `tone` was added."""
    kind = BlockType(
        type="ribbon",
        label="Ribbon",
        text="",
        icon="tag",
        order=999,
        surfaces=frozenset({"page"}),
        version=3,
        fields={"heading": Text(label="Heading"), "tone": Text(label="Tone")},
        upgrades={
            1: lambda props: {"heading": props["title"]},
            2: lambda props: {**props, "tone": "calm"},
        },
    )
    monkeypatch.setitem(BLOCKS._entries, "ribbon", kind)
    return kind


def test_an_old_section_is_upgraded_step_by_step(ribbon):
    old = {"id": "b1", "type": "ribbon", "v": 1, "props": {"title": "Hello"}}

    block = documents.load({"v": 1, "theme": {}, "blocks": [old]}).blocks[0]

    assert (block.v, block.props) == (3, {"heading": "Hello", "tone": "calm"})
    assert old["props"] == {"title": "Hello"}


def test_a_section_of_a_later_version_is_refused(ribbon):
    with pytest.raises(InvalidDocument, match="newer version"):
        documents.load({"v": 1, "theme": {}, "blocks": [{"id": "b1", "type": "ribbon", "v": 4, "props": {}}]})


@pytest.mark.parametrize("kind", list(BLOCKS), ids=lambda kind: kind.type)
def test_the_example_of_each_type_is_a_valid_section(kind):
    document = documents.build("juniper", [standing(kind, kind.example(), kind.inside())])

    assert documents.load(documents.save(document)) == document
