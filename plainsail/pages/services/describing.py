"""Pictures that say nothing to those who can't see them: found before a page is published, so that somebody writes the words.

A picture that only decorates is marked so, and is passed over silently by screen readers (WCAG 1.1.1; the W3C's alt decision
tree). The drawings that come along decorate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from plainsail.blocks.schema import Field, Image, Items, Path
from plainsail.blocks.services.documents import Block, Document
from plainsail.blocks.services.presenting import cards_of

SILENT = ("poster",)
"""Settings whose picture stands for something that has a name of its own."""


@dataclass(frozen=True)
class Wordless:
    """A picture without words: where it is set, its value there, and an address that shows it."""

    block: Block
    path: Path
    value: Mapping[str, Any]
    url: str

    @property
    def place(self) -> str:
        return ".".join(str(part) for part in self.path)


def wordless(document: Document) -> list[Wordless]:
    """The pictures of a document that nothing is said of, neither there nor in the library. A query for all of them."""
    cards = cards_of(document)
    return [
        Wordless(block, path, value, card.url if card else str(value["url"]))
        for block, path, value in _pictures(document)
        for card in [cards.get(("picture", UUID(value["file"]))) if value.get("file") else None]
        if not (card.alt if card else "") and (card or value.get("url"))
    ]


def _pictures(document: Document) -> Iterator[tuple[Block, Path, Mapping[str, Any]]]:
    """Each picture with neither words nor the mark that it decorates."""
    for block in document.walk():
        if block.kind is not None:
            for path, value in _in_fields(block.kind.fields, block.props, ()):
                if not str(value.get("alt", "")).strip() and not value.get("decorative"):
                    yield block, path, value


def _in_fields(
    fields: Mapping[str, Field], props: Mapping[str, Any], path: Path
) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for name, field in fields.items():
        if isinstance(field, Items):
            for at, item in enumerate(props.get(name) or []):
                yield from _in_fields(field.fields, item, (*path, name, at))
        elif isinstance(field, Image) and name not in SILENT and props.get(name):
            yield (*path, name), props[name]
