"""Forms in files that leave the business and come back from anybody."""

from __future__ import annotations

import json

import pytest

from plainsail.contacts.services import lists
from plainsail.kernel import clock
from plainsail.pages.services import forms, packed_forms, questions

NOW = clock.now


@pytest.fixture
def form(in_juniper):
    topic = lists.default(in_juniper, at=NOW())
    return forms.make(in_juniper, name="Course", list=topic, at=NOW())


def test_what_a_form_asks_and_says_comes_back(form):
    asked = [*form.fields, questions.own("choices") | {"label": "Which days?", "breaks": True}]
    boxes = [{"id": "a1", "wording": "I have read the house rules.", "required": True}]
    forms.change(form, at=NOW(), fields=asked, boxes=boxes, thanks_title="See you soon")
    said = json.loads(json.dumps(packed_forms.pack(form)))

    copy = forms.make(form.workspace, name="Copy", list=form.list, at=NOW())
    packed_forms.unpack(copy, said, at=NOW())

    assert [one["label"] for one in copy.fields] == [one["label"] for one in asked]
    assert [choice["label"] for choice in copy.fields[-1]["choices"]] == ["First choice", "Second choice"]
    assert copy.fields[-1]["name"] != asked[-1]["name"]
    assert copy.fields[-1]["breaks"] is True
    assert [box["wording"] for box in copy.boxes] == ["I have read the house rules."]
    assert copy.thanks_title == "See you soon"


@pytest.mark.parametrize(
    "fields",
    [
        None,
        "text",
        [None, 3, "x", {}],
        [{"name": "field:secret", "kind": "nothing"}],
        [{"name": "ask:1", "kind": "hidden", "value": "x"}],
        [{"name": "email", "kind": "textarea", "label": ["a"]}] * 500,
        [{"name": "ask:1", "kind": "choice", "choices": [{"label": 4}, 5], "label": "\x00" * 9, "required": "no"}],
    ],
)
def test_what_cant_be_asked_is_left_out_and_the_address_never_is(form, fields):
    packed_forms.unpack(form, {"fields": fields, "boxes": fields, "thanks_title": fields}, at=NOW())
    form.refresh_from_db()
    assert [one["kind"] for one in form.fields if one["name"] == "email"] == ["email"]
    assert all(one["kind"] in questions.KINDS and one["label"] for one in form.fields)
    assert form.thanks_title
