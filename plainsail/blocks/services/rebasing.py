"""Changes that were made on an older document, brought onto the newest one: what doesn't meet is merged, the rest is given back.

Two changes meet where they speak of the same place: the same setting of a section, its position, or a section of which
one of them takes everything away. Positions are translated: a section goes behind the one that it was put behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plainsail.blocks.services import operations
from plainsail.blocks.services.documents import Document
from plainsail.blocks.services.operations import InvalidOperation, Operation
from plainsail.blocks.sockets import Surface

Place = tuple[str, ...]
"""`("b1", "heading")`, `("b1", "#place")`, `("b1",)` for all of a section, `("#theme",)`, `()` for the whole document."""

POSITION, SHOWN, INSIDE = "#place", "#shown", "#inside"


@dataclass(frozen=True)
class Rebased:
    """The document with all that fitted, in full and with its inverse, and the operations that met others' changes."""

    document: Document
    operations: list[dict[str, Any]]
    inverse: list[dict[str, Any]]
    refused: list[dict[str, Any]]


def touched(changes: Iterable[Operation], inverse: Iterable[Operation] = ()) -> set[Place]:
    """The places that operations speak of. With their inverse, those inside of deleted sections too."""
    places = {place for operation in changes for place in _places(operation)}
    # What a deletion took away stands in the operation that brings it back.
    back = [operation for operation in inverse if operation.get("op") in ("add", "replace")]
    return places | {(block_id,) for operation in back for block_id in _ids(operation.get("block"))}


def meet(these: set[Place], those: set[Place]) -> bool:
    """Does one set speak of a place of the other, or of something around it?"""
    return any(one[: len(other)] == other or other[: len(one)] == one for one in these for other in those)


def rebase(changes: object, *, base: Document, now: Document, theirs: set[Place], surface: Surface) -> Rebased:
    """Operations that were made on `base` brought onto `now`; `theirs` are the places that changed in between.

    An operation that meets one of theirs is given back, and so are the later ones on the same section. Raises
    InvalidOperation and InvalidDocument for what wasn't possible on `base` either. Cost: two whole checks of the
    document for each operation.
    """
    if not isinstance(changes, Sequence) or not 1 <= len(changes) <= operations.MOST_OPERATIONS:
        raise InvalidOperation
    done: list[dict[str, Any]] = []
    inverse: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    lost: set[Place] = set()
    for change in changes:
        mine = operations.apply(base, [change], surface=surface)
        places = touched(mine.operations, mine.inverse)
        moved = [_translated(each, base, now) for each in mine.operations]
        base = mine.document
        try:
            if meet(places, theirs | lost):
                raise InvalidOperation
            applied = operations.apply(now, moved, surface=surface)
        except InvalidOperation:
            refused += mine.operations
            lost |= {place[:1] for place in places}
            continue
        now = applied.document
        done += applied.operations
        inverse = applied.inverse + inverse
    return Rebased(now, done, inverse, refused)


def block_of(operation: Operation) -> str:
    """Id of the section that an operation is about; empty for the theme or the whole."""
    block = operation.get("block")
    return str(block.get("id", "")) if isinstance(block, Mapping) else str(block or "")


def _places(operation: Operation) -> Iterator[Place]:
    verb, block = operation.get("op"), block_of(operation)
    match verb:
        case "set" | "add_item" | "delete_item" | "move_item":
            yield block, str(operation["path"][0])
        case "move":
            yield block, POSITION
        case "show":
            yield block, SHOWN
        case "delete":
            yield (block,)
        case "theme":
            yield ("#theme",)
        case "replace":
            yield ()
    # Where something is put into: it must still be there.
    for name in ("into", "parent"):
        if isinstance(operation.get(name), str) and operation[name]:
            yield operation[name], INSIDE, block


def _ids(value: object) -> Iterator[str]:
    """The ids of a stored section and of whatever stands in it."""
    if isinstance(value, Mapping):
        if isinstance(value.get("id"), str) and "type" in value:
            yield value["id"]
        for each in value.values():
            yield from _ids(each)
    elif isinstance(value, list):
        for each in value:
            yield from _ids(each)


def _translated(operation: dict[str, Any], base: Document, now: Document) -> dict[str, Any]:
    """The same operation with its position as it is in the newest document."""
    key = {"add": "at", "move": "to"}.get(operation["op"])
    if key is None or any(operation.get(name) for name in ("into", "parent")):
        return operation
    moving = block_of(operation)
    if key == "to" and base.index(moving) < 0:
        return operation  # inside another block, where it counts
    before = [block.id for block in base.blocks if block.id != moving][: operation[key]]
    standing = [block.id for block in now.blocks if block.id != moving]
    at = next((standing.index(each) + 1 for each in reversed(before) if each in standing), 0)
    return {**operation, key: at}
