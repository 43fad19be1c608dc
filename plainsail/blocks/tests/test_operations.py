"""Operations change a copy, can always be taken back, and refuse what doesn't fit."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plainsail.blocks.services import documents, operations
from plainsail.blocks.services.documents import InvalidDocument
from plainsail.blocks.services.operations import InvalidOperation, apply
from plainsail.blocks.tests.strategies import GARBAGE, RAW_DOCUMENTS, THEMES, WORDS


@pytest.fixture
def page():
    document = documents.build(
        "juniper",
        [
            ("hero", {"heading": "One"}),
            ("features", {"items": [{"title": "a"}, {"title": "b"}, {"title": "c"}]}),
            ("footer", {"name": "Us"}),
        ],
    )
    return document.with_blocks(
        documents.Block(block_id, block.type, block.v, block.props)
        for block_id, block in zip(["hero", "features", "footer"], document.blocks, strict=True)
    )


def titles(document):
    return [item["title"] for item in document.find("features").props["items"]]


def ids(document):
    return [block.id for block in document.blocks]


def test_a_setting_is_changed_and_changed_back(page):
    done = apply(page, [{"op": "set", "block": "hero", "path": ["heading"], "value": "Two"}], surface="page")

    assert done.document.find("hero").props["heading"] == "Two"
    assert page.find("hero").props["heading"] == "One"
    assert apply(done.document, done.inverse, surface="page").document == page


def test_a_setting_of_an_item_is_changed(page):
    operation = {"op": "set", "block": "features", "path": ["items", 1, "title"], "value": "B"}

    assert titles(apply(page, [operation], surface="page").document) == ["a", "B", "c"]


def test_sections_move_copy_go_and_come_back(page):
    moved = apply(page, [{"op": "move", "block": "footer", "to": 0}], surface="page")
    copied = apply(moved.document, [{"op": "copy", "block": "hero"}], surface="page")
    gone = apply(copied.document, [{"op": "delete", "block": "hero"}], surface="page")

    assert ids(moved.document) == ["footer", "hero", "features"]
    assert copied.document.blocks[2].props == page.find("hero").props
    assert gone.document.find("hero") is None
    assert apply(gone.document, gone.inverse, surface="page").document == copied.document


def test_a_new_section_speaks_from_the_start(page):
    done = apply(page, [{"op": "add", "type": "questions", "at": 2}], surface="page")

    assert done.document.blocks[2].props["heading"] == "Good to know"
    assert apply(page, done.operations, surface="page").document == done.document


def test_items_are_added_moved_and_removed(page):
    target = {"block": "features", "path": ["items"]}
    more = apply(page, [{**target, "op": "add_item", "at": 1}], surface="page")
    moved = apply(page, [{**target, "op": "move_item", "at": 0, "to": 2}], surface="page")
    fewer = apply(page, [{**target, "op": "delete_item", "at": 0}], surface="page")

    assert titles(more.document) == ["a", "", "b", "c"]
    assert titles(moved.document) == ["b", "c", "a"]
    assert titles(fewer.document) == ["b", "c"]
    for done in (more, moved, fewer):
        assert apply(done.document, done.inverse, surface="page").document == page


VERBS = st.sampled_from(["set", "move", "add", "copy", "delete", "theme", "add_item", "delete_item", "move_item"])
MOVES = st.lists(st.tuples(VERBS, st.integers(0, 99), st.integers(0, 99), WORDS, THEMES), min_size=1, max_size=6)


def concrete(document, verb, first, second, words, theme):
    """An operation of this kind that fits the document, or one that always does."""
    if verb == "theme" or not document.blocks:
        return {"op": "theme", "value": theme}
    block = document.blocks[first % len(document.blocks)]
    if verb == "add":
        return {"op": "add", "type": "hero", "at": second % (len(document.blocks) + 1)}
    if verb == "move":
        return {"op": "move", "block": block.id, "to": second % len(document.blocks)}
    if verb in ("copy", "delete"):
        return {"op": verb, "block": block.id}
    if verb == "set" and "heading" in block.props:
        return {"op": "set", "block": block.id, "path": ["heading"], "value": words}
    items = block.props.get("items")
    if verb == "set" or items is None:
        return {"op": "copy", "block": block.id}
    at = second % max(len(items), 1)
    if verb == "add_item" or not items:
        return {"op": "add_item", "block": block.id, "path": ["items"], "at": at}
    return {"op": verb, "block": block.id, "path": ["items"], "at": at, "to": first % len(items)}


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(RAW_DOCUMENTS, MOVES)
def test_any_run_of_operations_can_be_taken_back_and_done_again(raw, moves):
    document = documents.load(raw)
    document = document.with_blocks(block for block in document.blocks if "page" in block.kind.surfaces)
    before = deepcopy(documents.save(document))
    undo = []
    current = document
    for move in moves:
        done = apply(current, [concrete(current, *move)], surface="page")
        assert apply(current, done.operations, surface="page").document == done.document
        undo.append(done.inverse)
        current = done.document

    for inverse in reversed(undo):
        current = apply(current, inverse, surface="page").document

    assert current == document
    assert documents.save(document) == before


@given(st.one_of(GARBAGE, st.lists(GARBAGE, max_size=3)))
def test_garbage_instead_of_operations_is_refused(garbage):
    document = documents.build("juniper", [("hero", {})])

    with pytest.raises((InvalidOperation, InvalidDocument)):
        apply(document, garbage, surface="page")


ODD = [*operations.STEPS, "hero", 0, -1, 10**30, True, ["heading"], ["items", 0], ["items", -1, "title"]]


@given(
    st.dictionaries(
        st.sampled_from(["op", "block", "path", "value", "to", "at", "type"]),
        st.one_of(
            GARBAGE,
            st.sampled_from(
                [*operations.STEPS, "hero", 0, -1, 10**30, True, ["heading"], ["items", 0], ["items", -1, "title"]]
            ),
        ),
    )
)
def test_half_garbage_operations_are_refused_or_leave_a_valid_document(operation):
    document = documents.build("juniper", [("hero", {}), ("features", {"items": [{}]})])
    document = document.with_blocks(
        documents.Block(block_id, block.type, block.v, block.props)
        for block_id, block in zip(["hero", "features"], document.blocks, strict=True)
    )

    try:
        after = apply(document, [operation], surface="page").document
    except (InvalidOperation, InvalidDocument):
        return
    assert documents.load(documents.save(after)) == after


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "set", "block": "elsewhere", "path": ["heading"], "value": "x"},
        {"op": "set", "block": "hero", "path": ["__class__"], "value": "x"},
        {"op": "set", "block": "hero", "path": ["heading", 0], "value": "x"},
        {"op": "set", "block": "features", "path": ["items", 3, "title"], "value": "x"},
        {"op": "set", "block": "features", "path": ["items", -1, "title"], "value": "x"},
        {"op": "set", "block": "features", "path": ["items", True, "title"], "value": "x"},
        {"op": "move", "block": "hero", "to": 3},
        {"op": "move", "block": "hero", "to": "1"},
        {"op": "add", "type": "mail_footer", "at": 0},
        {"op": "add", "type": "nothing", "at": 0},
        {"op": "add", "type": "hero", "at": 4},
        {"op": "add_item", "block": "hero", "path": ["heading"], "at": 0},
        {"op": "load", "block": "hero"},
    ],
)
def test_an_operation_that_fits_nowhere_is_refused(page, operation):
    with pytest.raises(InvalidOperation):
        apply(page, [operation], surface="page")


def test_a_wrong_value_is_refused_at_its_path(page):
    with pytest.raises(InvalidDocument) as refusal:
        apply(page, [{"op": "set", "block": "hero", "path": ["link"], "value": "javascript:1"}], surface="page")

    assert list(refusal.value.errors) == ["blocks.hero.props.link"]


def test_operations_apply_all_or_none(page):
    with pytest.raises(InvalidOperation):
        apply(
            page,
            [{"op": "delete", "block": "hero"}, {"op": "set", "block": "hero", "path": ["heading"], "value": "x"}],
            surface="page",
        )


def test_too_many_operations_at_once_are_refused(page):
    with pytest.raises(InvalidOperation):
        apply(page, [{"op": "move", "block": "hero", "to": 0}] * 51, surface="page")


def test_deleting_an_unknown_section_can_be_undone(page):
    stranger = documents.Block("alien", "carousel", 3, {"a": 1})
    document = page.with_blocks((*page.blocks, stranger))

    done = apply(document, [{"op": "delete", "block": "alien"}], surface="page")

    assert apply(done.document, done.inverse, surface="page").document == document
