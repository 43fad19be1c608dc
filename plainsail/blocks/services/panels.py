"""The settings form of a section, made from its schema: each field kind has a template `blocks/fields/<kind>.html`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import floor
from typing import Any
from uuid import UUID

from django.template.loader import render_to_string
from django.utils.formats import number_format
from django.utils.safestring import SafeString

from plainsail.blocks.pictures import PICTURES
from plainsail.blocks.schema import (
    Choice,
    Field,
    Image,
    Items,
    LongText,
    Number,
    Reference,
    Text,
    Words,
)
from plainsail.blocks.services import outlines, themes
from plainsail.blocks.services.documents import Block, Document
from plainsail.blocks.sockets import BLOCKS, REFERENCES, BlockType, Surface
from plainsail.files.services import library
from plainsail.kernel.addresses import workspace_url


@dataclass(frozen=True, kw_only=True)
class Control:
    """One input of a panel. `path` is the setting's place in the section, dotted; `id` is unique on the screen."""

    kind: str
    label: Words
    help: Words
    path: str
    id: str
    value: Any
    error: str = ""
    options: Sequence[tuple[str, Words]] = ()
    items: Sequence[Sequence[Control]] = ()
    noun: Words = ""
    limit: int = 0
    rows: int = 0
    least: int = 0
    most: int = 0
    pictures: Sequence[Any] = field(default_factory=list)
    shown: str = ""
    advice: themes.Advice | None = None

    @property
    def ratio(self) -> str:
        """The contrast as one says it: `4.4` for 4.49, so that what is too little never looks like enough."""
        return number_format(floor(self.advice.ratio * 10) / 10, 1) if self.advice else ""

    own: Any = None
    """The picture of the business's own that is chosen, as `library.PictureCard`, and where it is cut."""
    own_url: str = ""


def controls(block: Block, *, errors: Mapping[str, str] | None = None) -> list[Control]:
    """The inputs for a section's settings. `errors` by dotted path inside the section. One query for each kind of row offered."""
    kind = block.kind
    return _controls(kind.fields, block.props, "", errors or {}) if kind else []


def theme_controls(document: Document) -> list[Control]:
    """The inputs for a document's theme."""
    colours = themes.day(document.theme)
    return [
        replace(control, shown=colours[name], advice=themes.advice(document.theme, name))
        if control.kind == "own_colour"
        else control
        for name, control in zip(themes.FIELDS, _controls(themes.FIELDS, document.theme, "theme.", {}), strict=True)
    ]


def render_panel(
    block: Block,
    *,
    anchors: Sequence[str] = (),
    errors: Mapping[str, str] | None = None,
    surface: Surface = "page",
    below: SafeString | str = "",
    way: Sequence[Block] = (),
) -> SafeString:
    """The panel of a block: its name, copy and delete, and an input for each setting; in mail with a way to merge fields.

    `below` is what the surface's own editor asks about a section, `way` what a block stands in, from the section inwards.
    """
    context = {
        "block": block,
        "kind": block.kind,
        "controls": controls(block, errors=errors),
        "anchors": anchors,
        "merges": surface == "mail",
        "links": surface == "page",
        "below": below,
        "way": way,
        "places": outlines.places_of(block),
    }
    return render_to_string("blocks/panel.html", context)


def render_theme_panel(document: Document, *, surface: Surface = "page") -> SafeString:
    """The panel that chooses colours, fonts, corners and spacing."""
    return render_to_string("blocks/theme_panel.html", {"controls": theme_controls(document), "surface": surface})


def section_list(document: Document, *, chosen: str, surface: Surface = "page") -> SafeString:
    """The list of a document's sections at the editor's left, with what stands inside them."""
    return render_to_string("blocks/section_list.html", {"document": document, "chosen": chosen, "surface": surface})


def anchors(document: Document) -> list[str]:
    """The targets inside a page that a link may lead to: `#form`, `#pricing` …"""
    seen: dict[str, int] = {}
    for block in document.blocks:
        seen[block.type] = seen.get(block.type, 0) + 1
    return [
        f"#{name}" if number == 1 else f"#{name}-{number}"
        for name, many in seen.items()
        for number in range(1, many + 1)
    ]


def targets(document: Document) -> list[tuple[str, str]]:
    """The same targets with what stands there in words: the section's headline, or its kind."""
    names = anchors(document)
    by_type: dict[str, list[str]] = {}
    for name in names:
        by_type.setdefault(name.removeprefix("#").rsplit("-", 1)[0] if name[-1].isdigit() else name[1:], []).append(
            name
        )
    blocks: dict[str, list[Block]] = {}
    for block in document.blocks:
        blocks.setdefault(block.type, []).append(block)
    return [
        (name, block.headline or (str(block.kind.label) if block.kind else block.type))
        for kind, standing in blocks.items()
        for name, block in zip(by_type.get(kind, []), standing, strict=False)
    ]


def palette(surface: Surface, *, place: str = "section") -> list[BlockType]:
    """The sections that may be added, in order; or what may stand in the slots that hold `place`."""
    return [kind for kind in BLOCKS if surface in kind.surfaces and kind.place == place]


def _controls(
    fields: Mapping[str, Field], props: Mapping[str, Any], prefix: str, errors: Mapping[str, str]
) -> list[Control]:
    return [_control(each, name, props[name], prefix, errors) for name, each in fields.items()]


def _control(each: Field, name: str, value: Any, prefix: str, errors: Mapping[str, str]) -> Control:
    path = f"{prefix}{name}"
    return Control(
        kind=each.kind,
        label=each.label,
        help=each.help,
        path=path,
        id="set-" + path.replace(".", "-"),
        value=value,
        error=errors.get(path, ""),
        **_details(each, value, path, errors),
    )


def _own_picture(value: Mapping[str, Any]) -> dict[str, Any]:
    """What the panel shows of a picture of the business's own: its card, and where it is cut."""
    chosen = value.get("file")
    file = library.find_picture(UUID(chosen)) if chosen else None
    if file is None:
        return {}
    return {"own": library.card(file), "own_url": workspace_url(file.workspace, "files:file", file.id)}


def _details(each: Field, value: Any, path: str, errors: Mapping[str, str]) -> dict[str, Any]:
    """What the template of a kind needs beside the value."""
    details: dict[str, Any] = {}
    match each:
        case Items():
            items = [_controls(each.fields, item, f"{path}.{at}.", errors) for at, item in enumerate(value)]
            details = {"items": items, "noun": each.noun, "most": each.most}
        case Choice():
            details = {"options": each.choices}
        case Reference():
            kind = REFERENCES.get(each.to)
            details = {"options": [(str(option.id), option.label) for option in kind.options()] if kind else []}
        case Image():
            details = {"pictures": list(PICTURES.values()), **_own_picture(value)}
        case Number():
            details = {"least": each.least, "most": each.most}
        case LongText():
            details = {"limit": each.limit, "rows": each.rows}
        case Text():
            details = {"limit": each.limit}
    return details
