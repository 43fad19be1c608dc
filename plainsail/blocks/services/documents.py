"""Reading and writing block documents: loading upgrades and cleans, saving gives plain JSON, `load(save(d)) == d`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.blocks.schema import UNSTORABLE, Errors, Path, clean_props
from plainsail.blocks.services import showing, themes
from plainsail.blocks.sockets import BLOCKS, BlockType, Surface
from plainsail.kernel.errors import Refusal
from plainsail.kernel.ids import new_id

FORMAT = 1
MOST_BLOCKS = 100
MOST_BYTES = 400_000
BLOCK_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")


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

    @property
    def kind(self) -> BlockType | None:
        """Its type, or None where nothing here knows it (a part of Plainsail that was there once)."""
        return BLOCKS.get(self.type)

    @property
    def headline(self) -> str:
        """The section's own headline, for lists of sections."""
        kind = self.kind
        return str(self.props.get(kind.heading, "")) if kind and kind.heading else ""


@dataclass(frozen=True)
class Document:
    """Sections in order, in a theme. Values are treated as immutable: every change makes a new document."""

    theme: dict[str, str]
    blocks: tuple[Block, ...] = ()

    def find(self, block_id: str) -> Block | None:
        return next((block for block in self.blocks if block.id == block_id), None)

    def index(self, block_id: str) -> int:
        """Place of a block; -1 if it isn't there."""
        return next((index for index, block in enumerate(self.blocks) if block.id == block_id), -1)

    def with_blocks(self, blocks: Iterable[Block]) -> Document:
        return replace(self, blocks=tuple(blocks))

    def references(self) -> Iterator[tuple[str, UUID]]:
        """Every other row that this document points to, as (kind, id)."""
        for block in self.blocks:
            if kind := block.kind:
                for name, field in kind.fields.items():
                    yield from field.references(block.props[name])


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
    if raw.get("v") != FORMAT:
        raise InvalidDocument({("v",): _("This document was made by another version of Plainsail.")})
    _check_size(raw)
    if len(raw["blocks"]) > MOST_BLOCKS:
        raise InvalidDocument({("blocks",): _("At most %(most)s sections.") % {"most": MOST_BLOCKS}})
    theme = themes.clean(raw.get("theme", {}), ("theme",), errors)
    blocks = [load_block(each, ("blocks", index), errors) for index, each in enumerate(raw["blocks"])]
    ids = [block.id for block in blocks if block]
    if len(set(ids)) != len(ids):
        errors["blocks",] = _("Two sections have the same id.")
    if errors:
        raise InvalidDocument(errors)
    return Document(theme=theme, blocks=tuple(block for block in blocks if block))


def load_block(raw: object, path: Path, errors: Errors) -> Block | None:
    """Read one block, upgraded and cleaned; what is wrong goes to `errors`."""
    block = _read_block(raw, path, errors)
    if block is None:
        return None
    path, kind = ("blocks", block.id), block.kind
    if kind is None:
        # PostgreSQL stores neither NUL nor lone surrogates; a type that is known has its fields to see to that.
        if UNSTORABLE.search(json.dumps(block.props, ensure_ascii=False).replace("\\u", "\x00")):
            errors[path] = _("This is not a section.")
        return block
    if not 1 <= block.v <= kind.version:
        errors[(*path, "v")] = _("This section was made by a newer version of Plainsail.")
        return None
    props = clean_props(kind.fields, upgrade(kind, block.v, block.props), (*path, "props"), errors)
    return Block(block.id, block.type, kind.version, props, showing.clean(block.shown, (*path, "shown"), errors))


def _read_block(raw: object, path: Path, errors: Errors) -> Block | None:
    """The shape of a block, its settings still as they came."""
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
        "v": FORMAT,
        "theme": dict(document.theme),
        "blocks": [save_block(block) for block in document.blocks],
    }


def save_block(block: Block) -> dict[str, Any]:
    saved = {"id": block.id, "type": block.type, "v": block.v, "props": deepcopy(block.props)}
    return saved if block.shown is None else saved | {"shown": deepcopy(block.shown)}


def make_block(kind: BlockType, props: Mapping[str, Any] | None = None, *, block_id: str = "") -> Block:
    """A new section: the given settings, else what the type's example says. Raises InvalidDocument."""
    errors: Errors = {}
    block_id = block_id or new_block_id()
    cleaned = clean_props(
        kind.fields, kind.example() if props is None else props, ("blocks", block_id, "props"), errors
    )
    if errors:
        raise InvalidDocument(errors)
    return Block(block_id, kind.type, kind.version, cleaned)


def build(theme: Mapping[str, str] | str, blocks: Sequence[tuple[str, Mapping[str, Any]]]) -> Document:
    """A document from (type, settings) pairs, with ids made and defaults filled. Raises InvalidDocument."""
    errors: Errors = {}
    chosen = themes.clean({"name": theme} if isinstance(theme, str) else theme, ("theme",), errors)
    if errors:
        raise InvalidDocument(errors)
    return Document(theme=chosen, blocks=tuple(make_block(BLOCKS[name], props) for name, props in blocks))


def suits(document: Document, surface: Surface) -> bool:
    """May every section of this document stand on a page, or in a mail?"""
    return all(block.kind is None or surface in block.kind.surfaces for block in document.blocks)


def _check_size(raw: Mapping[str, Any]) -> None:
    try:
        size = len(json.dumps(raw))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidDocument({(): _("This is not a page document.")}) from error
    if size > MOST_BYTES:
        raise InvalidDocument({(): _("This page is too large. Split it into two.")})
