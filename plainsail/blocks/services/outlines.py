"""What stands inside a section, as lists show it: rows, their columns, and in each what stands there in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from itertools import pairwise

from django.utils.html import strip_tags

from plainsail.blocks.schema import Choice, LongText, RichText, Text, Words
from plainsail.blocks.services.documents import Block, Document
from plainsail.blocks.services.trees import holder_of
from plainsail.blocks.sockets import BLOCKS

LONGEST = 40


@dataclass(frozen=True)
class Entry:
    """A block inside a section: what it is, the first words that it says, and the places in it."""

    block: Block
    words: str
    places: Sequence[Place]


@dataclass(frozen=True)
class Held:
    """One slot: whose it is, its name, what it holds, and what stands there."""

    parent: str
    slot: str
    holds: str
    entries: Sequence[Entry]


@dataclass(frozen=True)
class Place:
    """A slot as one sees it: a column, or the rows of a section. The last column has the slots of columns that are no more,
    as far as something stands in them.
    """

    label: Words
    lists: Sequence[Held]


def places_of(block: Block) -> list[Place]:
    """The places inside a block, with all that stands there."""
    kind = block.kind
    if kind is None:
        return []
    return [
        Place(
            kind.slots[names[0]].label,
            [
                Held(block.id, name, kind.slots[name].holds, [_entry(each) for each in block.slots.get(name, ())])
                for at, name in enumerate(names)
                if at == 0 or block.slots.get(name)
            ],
        )
        for names in kind.shown_slots(block.props)
    ]


def way_to(document: Document, block_id: str) -> list[Block]:
    """What a block stands in, from the section inwards; nothing for a section."""
    way: list[Block] = []
    while (found := holder_of(document, block_id)) and found[0].parent:
        parent = document.find(block_id := found[0].parent)
        assert parent is not None, "it holds the block"
        way.insert(0, parent)
    return way


def _entry(block: Block) -> Entry:
    return Entry(block, _words(block), places_of(block))


def _words(block: Block) -> str:
    """The beginning of the first words in its settings."""
    for name, field in (block.kind.fields if block.kind else {}).items():
        if isinstance(field, Text | LongText | RichText) and block.props.get(name):
            said = str(block.props[name])
            if isinstance(field, RichText):
                said = unescape(strip_tags(said.replace("<", " <")))
            words = " ".join(said.split())
            return words if len(words) <= LONGEST else f"{words[:LONGEST].rstrip()}…"
    return ""


@dataclass(frozen=True)
class RowShape:
    """A way to divide a row: its value, what it is called, and its columns as drawn, as (left, width)."""

    value: str
    label: Words
    columns: Sequence[tuple[int, int]]


DRAWN, GAP = 100, 5
"""How wide a row is drawn and how far its columns are apart, in the units of the drawing."""


def row_shapes() -> list[RowShape]:
    """The ways to divide a row, as they are offered where one is added."""
    kind = BLOCKS["row"]
    field = kind.fields[kind.columns]
    assert isinstance(field, Choice), "the setting offers what there is"
    return [RowShape(value, label, _columns(value)) for value, label in field.choices]


def _columns(value: str) -> list[tuple[int, int]]:
    parts = [int(part) for part in value.split("-")]
    room = DRAWN - GAP * (len(parts) - 1)
    edges = [round(room * sum(parts[:at]) / sum(parts)) for at in range(len(parts) + 1)]
    return [(start + GAP * at, end - start) for at, (start, end) in enumerate(pairwise(edges))]
