"""The tags of section templates: marks for the editor, the words of a form, plain text from rich text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from plainsail.blocks import icons
from plainsail.blocks.players import Player
from plainsail.blocks.services import outlines
from plainsail.blocks.services.documents import Block
from plainsail.blocks.services.presenting import Shown

register = template.Library()


@register.simple_tag(takes_context=True)
def edit(context: template.Context, *path: str | int) -> SafeString:
    """Marks an element whose words may be changed in place: `<h2{% edit "items" 0 "title" %}>`. Nothing outside the editor.

    Rich words are marked as such; the element must hold nothing else.
    """
    if not context.get("editing"):
        return SafeString("")
    rich = SafeString(" data-rich") if _is_rich(context.get("block"), path) else ""
    return format_html(' data-edit="{}"{}', ".".join(str(part) for part in path), rich)


def _is_rich(block: Any, path: tuple[str | int, ...]) -> bool:
    """Is the setting at this place of a section rich text?"""
    fields = block.kind.fields if block is not None and block.kind else {}
    field = None
    for part in path:
        if isinstance(part, str):
            field = fields.get(part)
            fields = getattr(field, "fields", {})
    return getattr(field, "kind", "") == "rich_text"


@register.simple_tag(takes_context=True)
def section(context: template.Context, *names: str) -> SafeString:
    """What the outermost element of a section says of itself: its classes, the anchor, and the editor's mark.

    `<section{% section %}>` has the classes of its type, layout and ground: `gallery gallery-grid on-tint`; `names` are more.
    """
    block, props = context["block"], context["p"]
    name = block.type.replace("_", "-")
    classes = [name]
    if layout := props.get("layout"):
        classes.append(f"{name}-{layout}")
    if ground := props.get("ground"):
        classes.append(f"on-{ground}")
    # Anchors, types and choices are made of letters, digits and dashes; ids are checked when a document is loaded.
    mark = f' data-block="{block.id}"' if context.get("editing") else ""
    return SafeString(f' class="{" ".join((*classes, *names))}" id="{context["anchor"]}"{mark}')


@register.simple_tag(takes_context=True)
def mark(context: template.Context) -> SafeString:
    """The editor's mark on an element inside a section. Nothing outside the editor."""
    return SafeString(f' data-block="{context["block"].id}"' if context.get("editing") else "")


@register.simple_tag
def filled(items: Sequence[Mapping[str, Any]], name: str) -> bool:
    """Has any of these items something there?"""
    return any(item[name] for item in items)


@register.simple_tag(takes_context=True)
def columns(context: template.Context) -> list[tuple[str, list[SafeString]]]:
    """The columns of a row: each one's slot, and what stands in it."""
    slots = context["slots"]
    shown = context["block"].kind.shown_slots(context["block"].props)
    return [(names[0], [element for name in names for element in slots[name]]) for names in shown]


@register.filter
def places(block: Block) -> list[outlines.Place]:
    """The places inside a section, for the list of what stands there."""
    return outlines.places_of(block)


@register.simple_tag
def icon(name: str) -> SafeString:
    """A small line drawing by its name."""
    return icons.drawing(name)


@register.simple_tag
def cell(lines: Sequence[str], index: int) -> str:
    """One of several lines, or nothing where there are fewer."""
    return lines[index] if index < len(lines) else ""


@register.simple_tag
def frame(player: Player, poster: Shown | None) -> str:
    """The document that a frame begins with, before a visitor has asked for the player."""
    words = gettext("Load from %(host)s and play") if player.link != player.frame else gettext("Load from %(host)s")
    return player.document(words % {"host": player.host}, poster=poster.still if poster else "")


@register.filter
def tel(number: str) -> str:
    """A telephone number as a link dials it: digits and a leading plus."""
    return ("+" if number.strip().startswith("+") else "") + re.sub(r"[^0-9]", "", number)


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
