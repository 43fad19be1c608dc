"""Where blocks stand in a document: among its sections, or in the slots of other blocks. Every change makes a new document."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from plainsail.blocks.services.documents import Block, Document


@dataclass(frozen=True)
class Holder:
    """What holds blocks in order: a slot of the block `parent`, or, where both are empty, the document itself."""

    parent: str = ""
    slot: str = ""


SECTIONS = Holder()


def holder_of(document: Document, block_id: str) -> tuple[Holder, int] | None:
    """What a block stands in, and its place there; None if it isn't in the document."""
    if (at := document.index(block_id)) >= 0:
        return SECTIONS, at
    for parent in document.walk():
        for slot, inside in parent.slots.items():
            for at, block in enumerate(inside):
                if block.id == block_id:
                    return Holder(parent.id, slot), at
    return None


def held(document: Document, holder: Holder) -> tuple[Block, ...] | None:
    """The blocks in a holder; None if there is no such holder."""
    if holder == SECTIONS:
        return document.blocks
    parent = document.find(holder.parent)
    return parent.slots.get(holder.slot) if parent else None


def with_held(document: Document, holder: Holder, blocks: Iterable[Block]) -> Document:
    """The document with other blocks in a holder that it has."""
    if holder == SECTIONS:
        return document.with_blocks(blocks)
    parent = document.find(holder.parent)
    assert parent is not None, "asked for with held() before"
    return with_block(document, replace(parent, slots={**parent.slots, holder.slot: tuple(blocks)}))


def with_block(document: Document, changed: Block) -> Document:
    """The document with a block in place of the one of the same id."""
    return document.with_blocks(_swapped(document.blocks, changed))


def _swapped(blocks: tuple[Block, ...], changed: Block) -> tuple[Block, ...]:
    return tuple(changed if block.id == changed.id else _with_inside(block, changed) for block in blocks)


def _with_inside(block: Block, changed: Block) -> Block:
    if not block.slots:
        return block
    return replace(block, slots={name: _swapped(inside, changed) for name, inside in block.slots.items()})
