"""Merge fields: `{{first_name}}` or `{{first_name|there}}` in subjects, texts and links. Parse once, fill for each recipient."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape

HOLE = re.compile(r"\{\{\s*([a-z][a-z0-9_.]{0,79})\s*(?:\|([^{}]{0,200}?)\s*)?\}\}")


def html_escape(value: str) -> str:
    """A value made safe to stand in HTML, in words and in attributes."""
    return escape(value, quote=True)


def one_line(value: str) -> str:
    """A value for a header or a line of plain text: line breaks, which could forge headers, become spaces."""
    return " ".join(value.split())


@dataclass(frozen=True)
class Template:
    """Fixed words and holes in turn: words, hole, words, hole, …, words. A hole is (name, fallback)."""

    words: tuple[str, ...]
    holes: tuple[tuple[str, str], ...]

    @property
    def fields(self) -> frozenset[str]:
        """The names of the holes."""
        return frozenset(name for name, _fallback in self.holes)

    def fill(self, values: Mapping[str, str], *, escape: Callable[[str], str] = one_line) -> str:
        """The text with each hole filled by its value, or its fallback where the value is absent or empty.

        Values pass `escape`; fallbacks were written in the template and are already in its language (HTML or plain).
        Cost: one pass over the holes, no parsing.
        """
        pieces = [self.words[0]]
        for (name, fallback), words in zip(self.holes, self.words[1:], strict=True):
            value = values.get(name, "")
            pieces.append(escape(value) if value else fallback)
            pieces.append(words)
        return "".join(pieces)


def parse(text: str) -> Template:
    """Split a text at its merge fields. What only looks like one stays as it was written."""
    words: list[str] = []
    holes: list[tuple[str, str]] = []
    at = 0
    for match in HOLE.finditer(text):
        words.append(text[at : match.start()])
        holes.append((match[1], (match[2] or "").strip()))
        at = match.end()
    return Template((*words, text[at:]), tuple(holes))
