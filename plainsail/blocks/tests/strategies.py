"""Documents out of thin air: a hypothesis strategy for each kind of field, from the schema itself."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from hypothesis import strategies as st

from plainsail.blocks import catalogue, pictures
from plainsail.blocks.schema import Bool, Choice, Field, Image, Items, Link, LongText, Number, Reference, RichText, Text
from plainsail.blocks.services import themes

NASTY = st.sampled_from(
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{first_name|there}}",
        "{% load secrets %}",
        "</mj-text><mj-raw><script>1</script></mj-raw>",
        "]]>",
        "<!-- -->",
        "\u202eevil",
        "a\x00b",
        "\ud800",
        "Ünïcödé 🌊",
        "&amp; &lt; &",
    ]
)
WORDS = st.one_of(NASTY, st.text(max_size=60))
MARKUP = st.lists(
    st.one_of(
        NASTY,
        st.text(max_size=20),
        st.sampled_from(
            [
                "<p>",
                "</p>",
                "<b>x</b>",
                "<ul><li>",
                "</ul>",
                '<a href="javascript:alert(1)">',
                '<a href="/x?a=1&b=2">',
                "</a>",
                "<br>",
            ]
        ),
    ),
    max_size=8,
).map("".join)
LINKS = st.sampled_from(
    ["", "#form", "/a/b", "https://example.com/?a=1&b=%20", "mailto:a@example.com", "{{unsubscribe_url}}", "?x"]
)


@singledispatch
def values(field: Field) -> st.SearchStrategy[Any]:
    raise NotImplementedError(field)


@values.register
def _(field: Text) -> st.SearchStrategy[Any]:
    return WORDS.map(lambda words: words[: field.limit])


@values.register
def _(field: LongText) -> st.SearchStrategy[Any]:
    return st.lists(WORDS, max_size=4).map(lambda lines: "\n".join(lines)[: field.limit])


@values.register
def _(field: RichText) -> st.SearchStrategy[Any]:
    return MARKUP


@values.register
def _(field: Link) -> st.SearchStrategy[Any]:
    return LINKS


@values.register
def _(field: Choice) -> st.SearchStrategy[Any]:
    return st.sampled_from([key for key, _label in field.choices])


@values.register
def _(field: Number) -> st.SearchStrategy[Any]:
    return st.integers(field.least, field.most)


@values.register
def _(field: Bool) -> st.SearchStrategy[Any]:
    return st.booleans()


@values.register
def _(field: Image) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {
            "picture": st.sampled_from(["", *pictures.PICTURES]),
            "url": st.sampled_from(["", "https://example.com/a.png", "/media/a.webp"]),
            "width": st.integers(0, 8000),
            "height": st.integers(0, 8000),
            "alt": WORDS,
        }
    )


@values.register
def _(field: Reference) -> st.SearchStrategy[Any]:
    return st.one_of(st.just(""), st.uuids().map(str))


@values.register
def _(field: Items) -> st.SearchStrategy[Any]:
    return st.lists(st.fixed_dictionaries({name: values(each) for name, each in field.fields.items()}), max_size=3)


THEMES = st.fixed_dictionaries({name: values(field) for name, field in themes.FIELDS.items()})

BLOCKS = st.sampled_from(catalogue.ALL).flatmap(
    lambda kind: st.fixed_dictionaries(
        {
            "type": st.just(kind.type),
            "v": st.just(kind.version),
            "props": st.fixed_dictionaries({name: values(field) for name, field in kind.fields.items()}),
        }
    )
)


def _with_ids(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"id": f"b{number}", **block} for number, block in enumerate(blocks)]


RAW_DOCUMENTS = st.fixed_dictionaries(
    {"v": st.just(1), "theme": THEMES, "blocks": st.lists(BLOCKS, max_size=5).map(_with_ids)}
)

GARBAGE = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=12,
)
