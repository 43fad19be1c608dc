"""Every field kind refuses what is dangerous, and cleaning twice changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import given

from plainsail.blocks.schema import Bool, Choice, Image, Items, Link, LongText, Number, Reference, RichText, Text
from plainsail.blocks.tests.strategies import GARBAGE, MARKUP, WORDS

FIELDS = [
    Text(label="t"),
    LongText(label="l"),
    RichText(label="r"),
    Link(label="k"),
    Choice(label="c", choices=(("a", "A"), ("b", "B"))),
    Number(label="n"),
    Bool(label="b"),
    Image(label="i"),
    Reference(label="f", to="form"),
    Items(label="s", noun="n", fields={"title": Text(label="t"), "more": Items(label="m", noun="n", fields={})}),
]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.kind)
@given(value=GARBAGE)
def test_any_value_becomes_a_clean_one_or_an_error(field, value):
    errors = {}

    cleaned = field.clean(value, ("x",), errors)

    again = {}
    assert field.clean(cleaned, ("x",), again) == cleaned
    assert again == {}


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "java\x00script:alert(1)",
        "data:text/html,<script>1</script>",
        "vbscript:x",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:evil",
        "https://",
        "http://[",
        "file:///etc/passwd",
        "just words",
        'https://x.example/"onmouseover="alert(1)',
        "{{a}}javascript:alert(1)",
    ],
)
def test_a_link_refuses_what_could_run_or_lead_astray(target):
    errors = {}

    assert Link(label="k").clean(target, ("link",), errors) == ""
    assert list(errors) == [("link",)]


@pytest.mark.parametrize(
    "target",
    [
        "",
        "#form",
        "/pricing",
        "?page=2",
        "https://example.com/a?b=1&c=2",
        "http://localhost:8000",
        "mailto:a@example.com",
        "tel:+49123",
        "{{preferences_url}}",
    ],
)
def test_a_link_takes_what_people_use(target):
    errors = {}

    assert Link(label="k").clean(target, ("link",), errors) == target
    assert errors == {}


@given(MARKUP)
def test_rich_text_keeps_no_script(markup):
    cleaned = RichText(label="r").clean(markup, (), {})

    assert "<script" not in cleaned
    assert "onerror=" not in cleaned.split(">")[0] or "<img" not in cleaned
    assert "javascript:" not in cleaned


@given(WORDS)
def test_text_is_one_line(words):
    assert "\n" not in Text(label="t").clean(words, (), {})


def test_a_number_is_no_truth_value_and_stays_in_bounds():
    errors = {}
    field = Number(label="n", least=1, most=5, default=3)

    assert [field.clean(value, (str(value),), errors) for value in (True, 0, 6, 2.5, "4", 5)] == [3, 3, 3, 3, 4, 5]
    assert list(errors) == [("True",), ("0",), ("6",), ("2.5",)]


def test_a_picture_from_the_web_keeps_its_size():
    errors = {}
    value = {"url": "https://example.com/a.jpg", "width": 800, "height": 600, "alt": "A bowl"}

    assert Image(label="i").clean(value, (), errors) == {"picture": "", **value}
    assert errors == {}


def test_a_picture_can_not_come_from_a_script():
    errors = {}

    Image(label="i").clean({"url": "mailto:x@example.com"}, ("image",), errors)

    assert list(errors) == [("image", "url")]
