"""Documents out of thin air: a hypothesis strategy for each kind of field, from the schema itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import singledispatch
from typing import Any

from hypothesis import strategies as st

from plainsail.blocks import catalogue, pictures
from plainsail.blocks.schema import (
    Bool,
    Choice,
    Embed,
    Field,
    Html,
    Image,
    Items,
    Link,
    LongText,
    Number,
    OwnColour,
    Player,
    Reference,
    RichText,
    Text,
)
from plainsail.blocks.services import themes
from plainsail.blocks.sockets import BlockType, Seed

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
def _(field: Html) -> st.SearchStrategy[Any]:
    return MARKUP


@values.register
def _(field: Player) -> st.SearchStrategy[Any]:
    return st.sampled_from(["", "/media/a.mp4", "https://youtu.be/dQw4w9WgXcQ", "https://vimeo.com/123456789"])


@values.register
def _(field: Embed) -> st.SearchStrategy[Any]:
    return st.sampled_from(["", "https://calendar.example.com/a?b=1&c=2", "https://vimeo.com/123456789"])


@values.register
def _(field: OwnColour) -> st.SearchStrategy[Any]:
    return st.one_of(st.just(""), st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}"))


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
        },
        optional={"decorative": st.just(True)},
    )


@values.register
def _(field: Reference) -> st.SearchStrategy[Any]:
    return st.one_of(st.just(""), st.uuids().map(str))


@values.register
def _(field: Items) -> st.SearchStrategy[Any]:
    return st.lists(st.fixed_dictionaries({name: values(each) for name, each in field.fields.items()}), max_size=3)


THEMES = st.fixed_dictionaries({name: values(field) for name, field in themes.FIELDS.items()})


def blocks_at(place: str) -> st.SearchStrategy[dict[str, Any]]:
    """Blocks that may stand where `place` is held, with all inside them."""
    return st.sampled_from([kind for kind in catalogue.ALL if kind.place == place]).flatmap(block_of)


def block_of(kind: BlockType) -> st.SearchStrategy[dict[str, Any]]:
    """A block of this type, without an id."""
    parts: dict[str, st.SearchStrategy[Any]] = {
        "type": st.just(kind.type),
        "v": st.just(kind.version),
        "props": st.fixed_dictionaries({name: values(field) for name, field in kind.fields.items()}),
    }
    if kind.slots:
        parts["slots"] = st.fixed_dictionaries(
            {name: st.lists(blocks_at(slot.holds), max_size=2) for name, slot in kind.slots.items()}
        )
    return st.fixed_dictionaries(parts)


def standing(kind: BlockType, props: dict[str, Any], inside: Mapping[str, Sequence[Seed]] | None = None) -> Seed:
    """A block of this type where it may stand: as a section, or inside as many others as it needs."""
    seed: Seed = (kind.type, props, inside or {})
    place = kind.place
    while place != "section":
        holder, slot = next(
            (each, name) for each in catalogue.ALL for name, slot in each.slots.items() if slot.holds == place
        )
        seed, place = (holder.type, {}, {slot: [seed]}), holder.place
    return seed


def with_ids(blocks: list[dict[str, Any]], prefix: str = "b") -> list[dict[str, Any]]:
    """The same blocks with ids: `b0`, and inside it `b0-rows-0`."""
    named = []
    for number, block in enumerate(blocks):
        block_id = f"{prefix}{number}"
        inside = {name: with_ids(each, f"{block_id}-{name}-") for name, each in block.get("slots", {}).items()}
        named.append({"id": block_id, **block, **({"slots": inside} if inside else {})})
    return named


RAW_DOCUMENTS = st.fixed_dictionaries(
    {"v": st.just(2), "theme": THEMES, "blocks": st.lists(blocks_at("section"), max_size=5).map(with_ids)}
)

GARBAGE = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=12,
)
