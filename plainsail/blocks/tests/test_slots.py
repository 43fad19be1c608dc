"""Free sections: blocks in blocks are added, moved, copied and deleted, within bounds, and every change can be taken back."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plainsail.blocks.services import documents, operations, panels, rendering
from plainsail.blocks.services.documents import InvalidDocument
from plainsail.blocks.services.operations import InvalidOperation, apply

HEAD = rendering.PageHead(title="Free")


def element(block_id, words):
    return {"id": block_id, "type": "element_heading", "v": 1, "props": {"heading": words}}


def row(block_id, **slots):
    return {"id": block_id, "type": "row", "v": 1, "props": {"columns": "1-1"}, "slots": slots}


@pytest.fixture
def page():
    inside = [row("r1", one=[element("a", "A"), element("b", "B")], two=[element("c", "C")]), row("r2")]
    free = {"id": "f", "type": "free", "v": 1, "props": {}, "slots": {"rows": inside}}
    hero = {"id": "h", "type": "hero", "v": 1, "props": {"heading": "Hi"}}
    return documents.load({"v": 2, "theme": {}, "blocks": [hero, free]})


def ids(document, parent, slot):
    return [block.id for block in document.find(parent).slots[slot]]


def done(page, **operation):
    """The document after one operation, which was tried both ways: taken back, and done again as it was written down."""
    applied = apply(page, [operation], surface="page")
    assert apply(applied.document, applied.inverse, surface="page").document == page
    assert apply(page, applied.operations, surface="page").document == applied.document
    return applied.document


def test_a_block_inside_is_found_and_changed(page):
    changed = done(page, op="set", block="b", path=["heading"], value="Bee")

    assert changed.find("b").props["heading"] == "Bee"
    assert page.find("b").props["heading"] == "B"


def test_an_element_is_added_to_a_column(page):
    changed = done(page, op="add", type="element_text", parent="r1", slot="two", at=1)

    assert [block.type for block in changed.find("r1").slots["two"]] == ["element_heading", "element_text"]


def test_an_element_moves_within_its_column_and_to_another(page):
    assert ids(done(page, op="move", block="a", to=1), "r1", "one") == ["b", "a"]

    moved = done(page, op="move", block="a", parent="r2", slot="four", to=0)
    assert (ids(moved, "r1", "one"), ids(moved, "r2", "four")) == (["b"], ["a"])


def test_a_copy_of_a_section_has_ids_of_its_own_all_the_way_down(page):
    copied = done(page, op="copy", block="f")

    original, copy = copied.blocks[1:]
    assert [block.type for block in copy.walk()] == [block.type for block in original.walk()]
    assert {block.id for block in copy.walk()} & {block.id for block in original.walk()} == set()


def test_a_copy_of_an_element_stands_after_it(page):
    copied = done(page, op="copy", block="a")

    assert [block.props["heading"] for block in copied.find("r1").slots["one"]] == ["A", "A", "B"]


def test_a_deleted_row_comes_back_with_all_that_was_in_it(page):
    assert ids(done(page, op="delete", block="r1"), "f", "rows") == ["r2"]


def test_items_of_a_block_inside_are_found_by_its_id(page):
    listed = done(page, op="add", type="element_list", parent="r2", slot="one", at=0)

    (block,) = listed.find("r2").slots["one"]
    assert done(listed, op="set", block=block.id, path=["lines"], value="x\ny").find(block.id).props["lines"] == "x\ny"


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "move", "block": "h", "parent": "r1", "slot": "one", "to": 0},
        {"op": "move", "block": "a", "parent": "", "slot": "", "to": 0},
        {"op": "move", "block": "f", "parent": "r1", "slot": "one", "to": 0},
        {"op": "move", "block": "r1", "parent": "r1", "slot": "one", "to": 0},
        {"op": "move", "block": "a", "parent": "r1", "slot": "five", "to": 0},
        {"op": "move", "block": "a", "parent": "nobody", "slot": "one", "to": 0},
        {"op": "move", "block": "a", "parent": "h", "slot": "one", "to": 0},
        {"op": "move", "block": "a", "parent": ["r1"], "slot": "one", "to": 0},
        {"op": "move", "block": "a", "to": 2},
        {"op": "add", "type": "row", "at": 0},
        {"op": "add", "type": "element_text", "at": 0},
        {"op": "add", "type": "hero", "parent": "r1", "slot": "one", "at": 0},
        {"op": "add", "type": "row", "parent": "r1", "slot": "one", "at": 0},
        {"op": "add", "parent": "r1", "slot": "one", "at": 0, "block": element("c", "twice")},
        {"op": "show", "block": "a", "value": {"tree": {"x": 1}}},
    ],
)
@pytest.mark.parametrize("surface", ["page", "mail"])
def test_what_does_not_fit_is_refused(page, operation, surface):
    with pytest.raises((InvalidOperation, InvalidDocument)):
        apply(page, [operation], surface=surface)


def test_a_column_is_full_at_twenty_elements(page):
    operations_ = [{"op": "add", "type": "element_divider", "parent": "r2", "slot": "one", "at": 0}] * 20
    full = apply(page, operations_, surface="page").document

    with pytest.raises(InvalidOperation, match="more entries"):
        apply(full, operations_[:1], surface="page")


def test_a_document_holds_a_thousand_blocks_and_no_more(page):
    column = [{"id": f"x{n}", "type": "element_divider", "v": 1, "props": {}} for n in range(20)]
    rows = [row(f"r{n}", one=column) for n in range(20)]
    raw = {"v": 2, "theme": {}, "blocks": []}
    for number in range(3):
        section = {"id": f"f{number}", "type": "free", "v": 1, "props": {}, "slots": {"rows": deepcopy(rows)}}
        for at, block in enumerate(section["slots"]["rows"]):
            block["id"] = f"f{number}r{at}"
            for n, inside in enumerate(block["slots"]["one"]):
                inside["id"] = f"f{number}r{at}x{n}"
        raw["blocks"].append(section)

    with pytest.raises(InvalidDocument, match="At most 1000 blocks"):
        documents.load(raw)


def test_blocks_of_unknown_types_nest_as_deep_as_five():
    def nested(depth):
        inside = {"slots": {"x": [nested(depth - 1)]}} if depth > 1 else {}
        return {"id": f"b{depth}", "type": "from_elsewhere", "v": 3, "props": {"a": 1}, **inside}

    raw = {"v": 2, "theme": {}, "blocks": [nested(5)]}
    assert documents.save(documents.load(raw))["blocks"] == raw["blocks"]
    with pytest.raises(InvalidDocument, match="deep inside"):
        documents.load({"v": 2, "theme": {}, "blocks": [nested(6)]})


def test_a_section_inside_a_column_is_refused_when_read(page):
    raw = documents.save(page)
    raw["blocks"][1]["slots"]["rows"][0]["slots"]["one"].append({"id": "x", "type": "hero", "v": 1, "props": {}})

    with pytest.raises(InvalidDocument, match="can’t stand here"):
        documents.load(raw)


def test_a_document_without_slots_can_still_be_read_by_an_older_plainsail(page):
    assert documents.save(page)["v"] == 2
    assert documents.save(page.with_blocks(page.blocks[:1]))["v"] == 1


def test_a_row_that_got_fewer_columns_hides_nothing(page):
    narrow = done(page, op="set", block="r1", path=["columns"], value="1")

    html = rendering.render_page(narrow, HEAD).html
    assert html.count('<div class="column">') == 3  # one, and the two of the other row
    assert all(f">{words}</" in html for words in "ABC")


def test_the_first_heading_inside_a_free_section_may_be_the_h1():
    document = documents.build(
        "fig", [("free", {}, {"rows": [("row", {}, {"one": [("element_heading", {"heading": "Top"})]})]})]
    )

    html = rendering.render_page(document, HEAD).html
    assert html.count("<h1") == 1
    assert ">Top</h1>" in html
    assert document.blocks[0].headline == "Top"


def test_only_sections_are_offered_as_sections():
    assert {kind.place for kind in panels.palette("page")} == {"section"}


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(data=st.data())
def test_any_moves_inside_can_be_taken_back(page, data):
    names = [block.id for block in page.walk()]
    verb = data.draw(st.sampled_from(["move", "copy", "delete"]))
    operation = {"op": verb, "block": data.draw(st.sampled_from(names)), "to": data.draw(st.integers(0, 3))}
    if data.draw(st.booleans()):
        operation |= {
            "parent": data.draw(st.sampled_from(["", *names])),
            "slot": data.draw(st.sampled_from(["", "rows", "one", "two"])),
        }
    try:
        applied = operations.apply(page, [operation], surface="page")
    except InvalidOperation:
        return
    assert apply(applied.document, applied.inverse, surface="page").document == page
    assert apply(page, applied.operations, surface="page").document == applied.document
