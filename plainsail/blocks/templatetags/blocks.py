"""The tags of section templates: marks for the editor, the words of a form, plain text from rich text."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag(takes_context=True)
def edit(context: template.Context, *path: str | int) -> SafeString:
    """Marks an element whose words may be changed in place: `<h2{% edit "items" 0 "title" %}>`. Nothing outside the editor."""
    if not context.get("editing"):
        return SafeString("")
    return format_html(' data-edit="{}"', ".".join(str(part) for part in path))


@register.filter
def as_text(markup: str) -> str:
    """Rich text as plain words: paragraphs apart, list entries with dashes, link targets in brackets."""
    reader = _TextReader()
    reader.feed(str(markup))
    return reader.text()


@register.filter
def as_json(value: Any) -> str:
    """A value for a script to read from an attribute; escaped like any other words there."""
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False, default=str)


@register.filter
def underline(words: str) -> str:
    """A line of dashes as long as the words, for headings in plain text."""
    return "-" * min(len(words), 60)


class _TextReader(HTMLParser):
    """Collects the words of a piece of cleaned HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        if tag == "li":
            self.pieces.append("\n- ")
        elif tag == "br":
            self.pieces.append("\n")
        elif tag in ("p", "h2", "h3", "h4", "blockquote", "ul", "ol"):
            self.pieces.append("\n\n")
        elif tag == "a":
            self.targets.append(str(dict(attrs).get("href") or ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self.targets:
            target = self.targets.pop()
            self.pieces.append(f" ({target})" if target else "")
        elif tag in ("p", "ul", "ol"):
            self.pieces.append("\n\n")

    def handle_data(self, data: str) -> None:
        self.pieces.append(re.sub(r"\s+", " ", data))

    def text(self) -> str:
        lines = [line.strip() for line in "".join(self.pieces).split("\n")]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
