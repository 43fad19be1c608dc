"""What differs between two documents, section by section and setting by setting, in words for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Literal

from django.utils.translation import gettext as _

from plainsail.blocks.pictures import PICTURES
from plainsail.blocks.schema import Bool, Choice, Field, Image, Items, Reference, RichText
from plainsail.blocks.services import rebasing, themes
from plainsail.blocks.services.documents import Block, Document
from plainsail.blocks.sockets import REFERENCES
from plainsail.blocks.templatetags.blocks import as_text

Mark = Literal["same", "gone", "new"]
MOST_WORDS = 4000
"""Longer texts are shown one after the other instead of word by word: comparing takes time with the square of their length."""


@dataclass(frozen=True)
class Setting:
    """A setting that differs: its name, and its words before and after, marked piece by piece."""

    label: str
    pieces: Sequence[tuple[Mark, str]]


@dataclass(frozen=True, kw_only=True)
class Change:
    """A section that is new, gone, changed or somewhere else; or the look of the whole (without id)."""

    kind: Literal["added", "removed", "changed", "moved"]
    block_id: str
    label: str
    headline: str = ""
    settings: Sequence[Setting] = field(default_factory=list)


def compare(before: Document, after: Document) -> list[Change]:
    """What happened to each section on the way from one document to another, in the order of the newer one."""
    changes: list[Change] = []
    if before.theme != after.theme:
        looks = _differences(themes.FIELDS, before.theme, after.theme, "")
        changes.append(Change(kind="changed", block_id="", label=_("Look of the page"), settings=list(looks)))
    moved = _moved(before, after)
    for block in after.blocks:
        old = before.find(block.id)
        if old is None:
            changes.append(_change("added", block))
        elif settings := _settings(old, block):
            changes.append(_change("changed", block, settings))
        elif block.id in moved:
            changes.append(_change("moved", block))
    changes += [_change("removed", block) for block in before.blocks if after.find(block.id) is None]
    return changes


@dataclass(frozen=True)
class Described:
    """An operation in words: which section, which setting, what it is to say and what it says in a document."""

    section: str
    setting: str
    mine: str
    theirs: str
    is_gone: bool


def describe(operation: Mapping[str, Any], *, before: Document, now: Document) -> Described:
    """An operation that met another: what it wanted, and what stands there now. `before` knows sections that are gone."""
    block_id = rebasing.block_of(operation)
    here, once = now.find(block_id), before.find(block_id)
    block = here or once
    if block is None or block.kind is None:
        return Described(_("Look of the page"), "", "", "", is_gone=False)
    name = _label(block)
    path = operation.get("path") or []
    field_ = block.kind.fields.get(path[0]) if path else None
    if field_ is None:
        return Described(name, _VERBS.get(operation["op"], lambda: "")(), "", "", is_gone=here is None)
    whole = block.props[path[0]]
    mine = words(field_, whole) if operation["op"] != "set" else _said(field_, path[1:], operation["value"])
    theirs = words(field_, here.props[path[0]]) if here else ""
    return Described(name, str(field_.label), mine, theirs, is_gone=here is None)


_VERBS = {
    "move": lambda: _("Position"),
    "delete": lambda: _("Delete"),
    "show": lambda: _("Who sees it"),
}


def words(field_: Field, value: Any) -> str:  # noqa: PLR0911  # one answer for each kind of field
    """A setting's value as somebody would read it out."""
    match field_:
        case Items():
            return "\n".join(_item(field_, item, at) for at, item in enumerate(value))
        case RichText():
            return as_text(value)
        case Choice():
            return next((str(label) for key, label in field_.choices if key == value), str(value))
        case Bool():
            return _("Yes") if value else _("No")
        case Image():
            return " · ".join(part for part in (_shown(value), value.get("alt", "")) if part)
        case Reference():
            return _named(field_.to, value, otherwise=value)
    return str(value)


def _shown(image: Mapping[str, Any]) -> str:
    """What a picture is called."""
    if image.get("file"):
        return _named("picture", image["file"], otherwise=_("Picture"))
    drawing = PICTURES.get(image.get("picture", ""))
    return str(drawing.label) if drawing else image.get("url", "")


def _named(to: str, row_id: str, *, otherwise: str) -> str:
    """What a row is called that a setting points to; `otherwise` where it is none of those that are offered."""
    kind = REFERENCES.get(to)
    options = {str(option.id): option.label for option in kind.options()} if kind and row_id else {}
    return str(options.get(row_id, otherwise))


def _said(field_: Field, path: Sequence[Any], value: Any) -> str:
    for part in path:
        if isinstance(field_, Items) and isinstance(part, str):
            field_ = field_.fields[part]
    return words(field_, value)


def _item(field_: Items, item: Mapping[str, Any], at: int) -> str:
    said = [words(each, item[name]) for name, each in field_.fields.items()]
    return f"{at + 1}. " + " · ".join(part for part in said if part)


def _change(kind: Any, block: Block, settings: Sequence[Setting] = ()) -> Change:
    return Change(kind=kind, block_id=block.id, label=_label(block), headline=block.headline, settings=settings)


def _label(block: Block) -> str:
    return str(block.kind.label) if block.kind else block.type


def _moved(before: Document, after: Document) -> set[str]:
    """Sections that left their place, where all that only made room for them count as still."""
    ids = [block.id for block in before.blocks if after.find(block.id)]
    now = [block.id for block in after.blocks if before.find(block.id)]
    matcher = SequenceMatcher(a=ids, b=now, autojunk=False)
    still = {now[at] for match in matcher.get_matching_blocks() for at in range(match.b, match.b + match.size)}
    return set(now) - still


def _settings(old: Block, new: Block) -> list[Setting]:
    if new.kind is None or old.type != new.type:
        return [] if old.props == new.props else [Setting(_("Content"), [])]
    return list(_differences(new.kind.fields, old.props, new.props, ""))


def _differences(
    fields: Mapping[str, Field], old: Mapping[str, Any], new: Mapping[str, Any], prefix: str
) -> Iterator[Setting]:
    for name, each in fields.items():
        if old.get(name) == new.get(name):
            continue
        label = f"{prefix}{each.label}"
        was, now = old.get(name, each.empty), new.get(name, each.empty)
        if isinstance(each, Items) and len(was) == len(now):
            for at, (one, other) in enumerate(zip(was, now, strict=True)):
                yield from _differences(each.fields, one, other, f"{label} {at + 1} · ")
        else:
            yield Setting(label, pieces(words(each, was), words(each, now)))


def pieces(before: str, after: str) -> list[tuple[Mark, str]]:
    """Two texts as one, with what went and what came marked word by word."""
    if len(before) + len(after) > MOST_WORDS:
        whole: list[tuple[Mark, str]] = [("gone", before), ("new", after)]
        return [each for each in whole if each[1]]
    old, new = before.replace("\n", " \n ").split(" "), after.replace("\n", " \n ").split(" ")
    found: list[tuple[Mark, str]] = []
    for tag, a, b, c, d in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(("same", " ".join(old[a:b])))
            continue
        if gone := " ".join(old[a:b]):
            found.append(("gone", gone))
        if came := " ".join(new[c:d]):
            found.append(("new", came))
    return found
