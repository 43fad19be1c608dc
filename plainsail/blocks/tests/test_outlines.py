"""What stands inside a section, as lists show it."""

from __future__ import annotations

from plainsail.blocks.services import documents, outlines


def made(columns, **slots):
    return documents.build({}, [("free", {}, {"rows": [("row", {"columns": columns}, slots)]})])


def heading(words):
    return ("element_heading", {"heading": words})


def columns(document):
    (rows,) = outlines.places_of(document.blocks[0])
    (row,) = rows.lists[0].entries
    return [[entry.words for held in place.lists for entry in held.entries] for place in row.places]


def test_each_column_lists_what_stands_in_it_by_its_first_words():
    text = ("element_text", {"text": "<p>Bread &amp; <b>butter</b></p><p>every day, from six in the morning on</p>"})

    shown = columns(made("1-1", one=[heading("Apples"), text], two=[("element_divider", {})]))

    assert shown == [["Apples", "Bread & butter every day, from six in th…"], [""]]


def test_the_last_column_lists_what_stood_in_those_that_are_no_more():
    assert columns(made("1-1", one=[heading("A")], two=[heading("B")], four=[heading("D")])) == [["A"], ["B", "D"]]


def test_a_section_without_slots_has_no_places():
    assert outlines.places_of(documents.build({}, [("heading", {"heading": "Hi"})]).blocks[0]) == []


def test_the_way_to_an_element_goes_through_its_section_and_row():
    document = made("1", one=[heading("A")])
    free, _row, element = document.walk()

    assert [block.type for block in outlines.way_to(document, element.id)] == ["free", "row"]
    assert outlines.way_to(document, free.id) == []


def test_rows_are_drawn_as_wide_as_their_columns_are():
    drawn = {shape.value: shape.columns for shape in outlines.row_shapes()}

    assert drawn["1"] == [(0, 100)]
    assert drawn["1-1-1-1"] == [(0, 21), (26, 21), (52, 22), (79, 21)]
    assert {sum(width for _left, width in drawn[each]) for each in ("1-2", "3-2")} == {95}
