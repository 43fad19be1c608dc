"""Reading and writing block documents: loading upgrades and cleans, saving gives plain JSON, `load(save(d)) == d`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import orjson
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.blocks.schema import UNSTORABLE, Errors, Path, clean_props
from plainsail.blocks.services import showing, themes
from plainsail.blocks.sockets import BLOCKS, BlockType, Seed, Surface
from plainsail.kernel.errors import Refusal
from plainsail.kernel.ids import new_id

FORMAT = 2
"""1 had no slots. A document without any is still written as 1, so that an older Plainsail can read it."""
MOST_BLOCKS = 100
"""Sections of a document."""
MOST_IN_ALL = 1000
"""Blocks of a document, with those in slots."""
DEEPEST = 5
"""Blocks inside each other: a section, a row, an element, and some to spare for what others plug in."""
MOST_BYTES = 400_000
BLOCK_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
SLOT_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class InvalidDocument(Refusal):
    """A document can't be read as it is; `errors` says what is wrong under each path, such as `blocks.b1.props.title`."""

    code = "invalid_document"
    message = gettext_lazy("This page can’t be saved as it is.")
    status = 422

    def __init__(self, errors: Mapping[Path, str]) -> None:
        self.errors = {".".join(str(part) for part in path): message for path, message in errors.items()}
        super().__init__(next(iter(self.errors.values()), None))


@dataclass(frozen=True)
class Block:
    """One section. `props` are its settings, complete and clean where its type is known here."""

    id: str
    type: str
    v: int
    props: dict[str, Any]
    shown: dict[str, Any] | None = None
    """Who sees it, in mail: None for everybody, see `showing`."""
    slots: dict[str, tuple[Block, ...]] = field(default_factory=dict)
    """What stands in it, by slot: every slot of its type, where that is known here."""

    @property
    def kind(self) -> BlockType | None:
        """Its type, or None where nothing here knows it (a part of Plainsail that was there once)."""
        return BLOCKS.get(self.type)

    @property
    def headline(self) -> str:
        """The section's own headline, or the first inside it, for lists of sections."""
        return next((words for block in self.walk() if (words := block.own_headline)), "")

    @property
    def own_headline(self) -> str:
        kind = self.kind
        return str(self.props.get(kind.heading, "")) if kind and kind.heading else ""

    def walk(self) -> Iterator[Block]:
        """This block and all inside it, in the order of the page."""
        yield self
        for inside in self.slots.values():
            for block in inside:
                yield from block.walk()


@dataclass(frozen=True)
class Document:
    """Sections in order, in a theme. Values are treated as immutable: every change makes a new document."""

    theme: dict[str, str]
    blocks: tuple[Block, ...] = ()

    def walk(self) -> Iterator[Block]:
        """Every block, those in slots too, in the order of the page."""
        for block in self.blocks:
            yield from block.walk()

    def find(self, block_id: str) -> Block | None:
        """A section, or a block inside one."""
        return next((block for block in self.walk() if block.id == block_id), None)

    def index(self, block_id: str) -> int:
        """Place of a section; -1 if it isn't there."""
        return next((index for index, block in enumerate(self.blocks) if block.id == block_id), -1)

    def with_blocks(self, blocks: Iterable[Block]) -> Document:
        return replace(self, blocks=tuple(blocks))

    def references(self) -> Iterator[tuple[str, UUID]]:
        """Every other row that this document points to, as (kind, id)."""
        for block in self.walk():
            if kind := block.kind:
                for name, each in kind.fields.items():
                    yield from each.references(block.props[name])


def new_block_id() -> str:
    return "b" + new_id().hex[8:]


def load(raw: object) -> Document:
    """Read a stored or imported document: upgrade it to today's versions, check and clean every value.

    Blocks of a type that nothing here knows are kept as they are: work is never lost, they just don't show.
    Raises InvalidDocument, with a message for each path at fault.
    """
    errors: Errors = {}
    if not isinstance(raw, Mapping) or not isinstance(raw.get("blocks"), list):
        raise InvalidDocument({(): _("This is not a page document.")})
    _check_format(raw.get("v"))
    if len(raw["blocks"]) > MOST_BLOCKS:
        raise InvalidDocument({("blocks",): _("At most %(most)s sections.") % {"most": MOST_BLOCKS}})
    _check_size(raw)
    theme = themes.clean(raw.get("theme", {}), ("theme",), errors)
    blocks = [load_block(each, ("blocks", index), errors) for index, each in enumerate(raw["blocks"])]
    document = Document(theme=theme, blocks=tuple(block for block in blocks if block))
    ids = [block.id for block in document.walk()]
    if len(set(ids)) != len(ids):
        errors["blocks",] = _("Two sections have the same id.")
    if len(ids) > MOST_IN_ALL:
        errors["blocks",] = _("At most %(most)s blocks on one page.") % {"most": MOST_IN_ALL}
    if errors:
        raise InvalidDocument(errors)
    return document


def load_block(
    raw: object, path: Path, errors: Errors, *, place: str | None = "section", depth: int = 1
) -> Block | None:
    """Read one block with all inside it, upgraded and cleaned; what is wrong goes to `errors`.

    `place` is what the place it stands in holds (None: anything), `depth` how many blocks it stands in, itself counted.
    """
    block = _read_block(raw, path, errors)
    if block is None:
        return None
    path, kind = ("blocks", block.id), block.kind
    if depth > DEEPEST:
        errors[path] = _("Sections can’t stand this deep inside each other.")
        return None
    assert isinstance(raw, Mapping), "_read_block has seen to that"
    if kind is None:
        # PostgreSQL stores neither NUL nor lone surrogates; a type that is known has its fields to see to that.
        if not is_storable(block.props):
            errors[path] = _("This is not a section.")
        return replace(block, slots=_load_slots(None, raw.get("slots", {}), path, errors, depth))
    if not 1 <= block.v <= kind.version:
        errors[(*path, "v")] = _("This section was made by a newer version of Plainsail.")
        return None
    if place not in (None, kind.place):
        errors[path] = _("This can’t stand here.")
        return None
    props = clean_props(kind.fields, upgrade(kind, block.v, block.props), (*path, "props"), errors)
    shown = showing.clean(block.shown, (*path, "shown"), errors)
    slots = _load_slots(kind, raw.get("slots", {}), path, errors, depth)
    return Block(block.id, block.type, kind.version, props, shown, slots)


def _load_slots(
    kind: BlockType | None, raw: object, path: Path, errors: Errors, depth: int
) -> dict[str, tuple[Block, ...]]:
    """What stands in the slots of a block: in those of its type, or, where that is unknown, in whatever it has."""
    if not isinstance(raw, Mapping) or not all(isinstance(inside, list) for inside in raw.values()):
        errors[(*path, "slots")] = _("This is not a section.")
        return {}
    names = list(kind.slots) if kind else list(raw)
    for name in raw:
        if name not in names or not isinstance(name, str) or not SLOT_NAME.fullmatch(name):
            errors[(*path, "slots", str(name)[:40])] = _("There is no such place in this section.")
            return {}
    slots: dict[str, tuple[Block, ...]] = {}
    for name in names:
        slot, inside = (kind.slots[name] if kind else None), raw.get(name, [])
        most = slot.most if slot else MOST_IN_ALL
        if len(inside) > most:
            errors[(*path, "slots", name)] = _("At most %(most)s entries.") % {"most": most}
            continue
        place = slot.holds if slot else None
        blocks = (
            load_block(each, (*path, "slots", name, at), errors, place=place, depth=depth + 1)
            for at, each in enumerate(inside)
        )
        slots[name] = tuple(block for block in blocks if block)
    return slots


def _read_block(raw: object, path: Path, errors: Errors) -> Block | None:
    """The shape of a block, its settings still as they came, and nothing in its slots."""
    if not isinstance(raw, Mapping):
        errors[path] = _("This is not a section.")
        return None
    block_id, name, version, props = (raw.get(key) for key in ("id", "type", "v", "props"))
    if not isinstance(block_id, str) or not BLOCK_ID.fullmatch(block_id):
        errors[(*path, "id")] = _("A section needs an id.")
    elif not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        errors[("blocks", block_id, "type")] = _("There is no such kind of section.")
    elif isinstance(version, bool) or not isinstance(version, int) or not isinstance(props, Mapping):
        errors["blocks", block_id] = _("This is not a section.")
    else:
        return Block(block_id, name, version, deepcopy(dict(props)), deepcopy(raw.get("shown")))
    return None


def upgrade(kind: BlockType, version: int, props: dict[str, Any]) -> dict[str, Any]:
    """Settings written under an older version of a block type, brought to today's shape step by step."""
    for step in range(version, kind.version):
        props = kind.upgrades[step](deepcopy(props))
    return props


def save(document: Document) -> dict[str, Any]:
    """The document as plain JSON values, to store, send or export."""
    return {
        "v": FORMAT if any(block.slots for block in document.blocks) else 1,
        "theme": dict(document.theme),
        "blocks": [save_block(block) for block in document.blocks],
    }


def save_block(block: Block) -> dict[str, Any]:
    saved: dict[str, Any] = {"id": block.id, "type": block.type, "v": block.v, "props": deepcopy(block.props)}
    if block.shown is not None:
        saved["shown"] = deepcopy(block.shown)
    if block.slots:
        saved["slots"] = {name: [save_block(each) for each in inside] for name, inside in block.slots.items()}
    return saved


def make_block(
    kind: BlockType,
    props: Mapping[str, Any] | None = None,
    *,
    block_id: str = "",
    inside: Mapping[str, Sequence[Seed]] | None = None,
) -> Block:
    """A new section: the given settings and blocks inside, else what the type's example says. Raises InvalidDocument."""
    errors: Errors = {}
    block_id = block_id or new_block_id()
    cleaned = clean_props(
        kind.fields, kind.example() if props is None else props, ("blocks", block_id, "props"), errors
    )
    if errors:
        raise InvalidDocument(errors)
    if inside is None:
        inside = kind.inside() if props is None else {}
    slots = {name: tuple(_sown(seed) for seed in inside.get(name, ())) for name in kind.slots}
    return Block(block_id, kind.type, kind.version, cleaned, slots=slots)


def _sown(seed: Seed) -> Block:
    return make_block(BLOCKS[seed[0]], seed[1], inside=seed[2] if len(seed) == 3 else {})


def renewed(block: Block) -> Block:
    """The same block once more: with ids of its own, for itself and all inside it."""
    slots = {name: tuple(renewed(each) for each in inside) for name, inside in block.slots.items()}
    return replace(block, id=new_block_id(), props=deepcopy(block.props), shown=deepcopy(block.shown), slots=slots)


def build(theme: Mapping[str, str] | str, blocks: Sequence[Seed]) -> Document:
    """A document from (type, settings) pairs, or with a third part for what stands in slots: {slot: [pairs]}.

    Ids are made and defaults filled. Raises InvalidDocument.
    """
    errors: Errors = {}
    chosen = themes.clean({"name": theme} if isinstance(theme, str) else theme, ("theme",), errors)
    if errors:
        raise InvalidDocument(errors)
    return Document(theme=chosen, blocks=tuple(_sown(seed) for seed in blocks))


def suits(document: Document, surface: Surface) -> bool:
    """May every section of this document stand on a page, or in a mail?"""
    return all(block.kind is None or surface in block.kind.surfaces for block in document.walk())


def is_storable(value: object) -> bool:
    """Holds this JSON value nothing that PostgreSQL can't store? (NUL, lone surrogates and the like, also as escapes.)"""
    return not UNSTORABLE.search(json.dumps(value, ensure_ascii=False).replace("\\u", "\x00"))


def _check_format(version: object) -> None:
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise InvalidDocument({("v",): _("This is not a page document.")})
    if version > FORMAT:
        raise InvalidDocument({("v",): _("This page was made by a newer version of Plainsail. Update this one first.")})


def _check_size(raw: Mapping[str, Any]) -> None:
    try:
        size = len(orjson.dumps(raw))
    except TypeError:
        # What orjson won't write (numbers beyond 64 bits, lone surrogates) may still be a document.
        size = _slow_size(raw)
    if size > MOST_BYTES:
        raise InvalidDocument({(): _("This page is too large. Split it into two.")})


def _slow_size(raw: Mapping[str, Any]) -> int:
    try:
        return len(json.dumps(raw))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidDocument({(): _("This is not a page document.")}) from error
