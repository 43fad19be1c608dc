"""Changes to a document as pure functions: each gives the new document and the operation that takes it back.

A browser sends these as JSON objects:

- `{"op": "set", "block": id, "path": ["items", 0, "title"], "value": …}`
- `{"op": "move", "block": id, "to": index}`
- `{"op": "add", "type": name, "at": index}` (or `"block": {…}` in full, as the inverse of `delete` has it)
- `{"op": "copy", "block": id}` · `{"op": "delete", "block": id}`
- `move` and `add` take `"parent": id, "slot": name` as well, for a place inside another block; `move` without stays where
  it is and counts there
- `{"op": "show", "block": id, "value": who sees it, see `showing`; null for everybody}`
- `{"op": "theme", "value": {…}}` · `{"op": "replace", "value": {a whole document}}`
- `{"op": "add_item" | "delete_item" | "move_item", "block": id, "path": ["items"], "at": index, "to": index, "value": {…}}`

What comes back in `Applied.operations` is complete (ids chosen, values cleaned), so applying it again gives the same document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.blocks.schema import Errors, Field, Items, Path, clean_props
from plainsail.blocks.services import showing, themes, trees
from plainsail.blocks.services.documents import (
    BLOCK_ID,
    MOST_BLOCKS,
    Block,
    Document,
    InvalidDocument,
    load_block,
    make_block,
    renewed,
    save,
    save_block,
    suits,
)
from plainsail.blocks.services.documents import load as load_document
from plainsail.blocks.services.trees import Holder
from plainsail.blocks.sockets import BLOCKS, BlockType, Surface
from plainsail.kernel.errors import Refusal

Operation = Mapping[str, Any]
MOST_OPERATIONS = 50


class InvalidOperation(Refusal):
    """The document has no such place, or the operation is no operation."""

    code = "invalid_operation"
    message = gettext_lazy("That change doesn’t fit this page. Reload it and try again.")
    status = 422


@dataclass(frozen=True)
class Applied:
    """The document after the operations, the operations in full, and those that take them back, in order."""

    document: Document
    operations: list[dict[str, Any]]
    inverse: list[dict[str, Any]]


Step = tuple[Document, dict[str, Any], dict[str, Any]]
"""New document, the operation in full, its inverse."""


def apply(document: Document, operations: Sequence[object], *, surface: Surface) -> Applied:
    """Apply operations in order, all or none.

    Raises InvalidOperation for what is no operation on this document, InvalidDocument for values that a field refuses.
    """
    if isinstance(operations, str | bytes) or not isinstance(operations, Sequence):
        raise InvalidOperation
    if not 1 <= len(operations) <= MOST_OPERATIONS:
        raise InvalidOperation
    done: list[dict[str, Any]] = []
    inverse: list[dict[str, Any]] = []
    for operation in operations:
        if not isinstance(operation, Mapping):
            raise InvalidOperation
        verb = operation.get("op")
        step = STEPS.get(verb) if isinstance(verb, str) else None
        if step is None:
            raise InvalidOperation
        document, full, back = step(document, operation, surface)
        done.append(full)
        inverse.insert(0, back)
    load_document(save(document))  # size, number of sections, unique ids: what no single step can see
    return Applied(document, done, inverse)


def _set(document: Document, operation: Operation, surface: Surface) -> Step:
    block, kind = _block(document, operation)
    path = _path(operation)
    props = deepcopy(block.props)
    holder, key, field = _place(kind, props, path)
    errors: Errors = {}
    value = field.clean(operation.get("value"), ("blocks", block.id, "props", *path), errors)
    if errors:
        raise InvalidDocument(errors)
    before = holder[key]
    holder[key] = value
    target = {"op": "set", "block": block.id, "path": list(path)}
    return _with_props(document, block, props), {**target, "value": value}, {**target, "value": before}


def _move(document: Document, operation: Operation, surface: Surface) -> Step:
    block_id = _block_id(operation)
    found, block = trees.holder_of(document, block_id), document.find(block_id)
    if found is None or block is None:
        raise InvalidOperation
    source, at = found
    target = _holder(operation, source)
    if target != source and any(each.id == target.parent for each in block.walk()):
        raise InvalidOperation  # nothing stands inside itself
    without = trees.with_held(document, source, (each for each in _held(document, source) if each.id != block_id))
    there = list(_held(without, target))
    if target != source:
        _refuse_misplaced(without, block, target)
    to = _index(operation, "to", len(there))
    there.insert(to, block)
    is_inside = {source, target} != {trees.SECTIONS}
    full = {"op": "move", "block": block_id, **_where(target, written=is_inside), "to": to}
    back = {"op": "move", "block": block_id, **_where(source, written=is_inside), "to": at}
    return trees.with_held(without, target, there), full, back


def _add(document: Document, operation: Operation, surface: Surface) -> Step:
    block = _new_block(operation, surface)
    holder = _holder(operation, trees.SECTIONS)
    ids = {each.id for each in document.walk()}
    if any(each.id in ids for each in block.walk()):
        raise InvalidOperation
    _refuse_misplaced(document, block, holder)
    return _insert(document, block, holder, _index(operation, "at", len(_held(document, holder))))


def _copy(document: Document, operation: Operation, surface: Surface) -> Step:
    block_id = _block_id(operation)
    found, block = trees.holder_of(document, block_id), document.find(block_id)
    if found is None or block is None:
        raise InvalidOperation
    holder, at = found
    _refuse_misplaced(document, block, holder)
    return _insert(document, renewed(block), holder, at + 1)


def _delete(document: Document, operation: Operation, surface: Surface) -> Step:
    block_id = _block_id(operation)
    found, block = trees.holder_of(document, block_id), document.find(block_id)
    if found is None or block is None:
        raise InvalidOperation
    holder, at = found
    rest = (each for each in _held(document, holder) if each.id != block_id)
    back = {"op": "add", **_where(holder), "at": at, "block": save_block(block)}
    return trees.with_held(document, holder, rest), {"op": "delete", "block": block_id}, back


def _show(document: Document, operation: Operation, surface: Surface) -> Step:
    block, _kind = _block(document, operation)
    if block.type in ("mail_footer", "footer") or document.index(block.id) < 0:
        raise InvalidOperation  # whose page it is, and how mail ends, is owed to everybody; and sections are shown whole
    errors: Errors = {}
    shown = showing.clean(operation.get("value"), ("blocks", block.id, "shown"), errors)
    if surface == "mail" and "visit" in (shown or {}):
        raise InvalidOperation  # a mail is not visited
    if errors:
        raise InvalidDocument(errors)
    target = {"op": "show", "block": block.id}
    changed = trees.with_block(document, replace(block, shown=shown))
    return changed, {**target, "value": shown}, {**target, "value": block.shown}


def _theme(document: Document, operation: Operation, surface: Surface) -> Step:
    errors: Errors = {}
    theme = themes.clean(operation.get("value"), ("theme",), errors)
    if errors:
        raise InvalidDocument(errors)
    before = dict(document.theme)
    return replace(document, theme=theme), {"op": "theme", "value": theme}, {"op": "theme", "value": before}


def _replace(document: Document, operation: Operation, surface: Surface) -> Step:
    whole = load_document(operation.get("value"))
    if not suits(whole, surface):
        raise InvalidOperation
    return whole, {"op": "replace", "value": save(whole)}, {"op": "replace", "value": save(document)}


def _add_item(document: Document, operation: Operation, surface: Surface) -> Step:
    block, props, items, field, target = _items(document, operation)
    if len(items) >= field.most:
        raise InvalidOperation(_("There can’t be more entries here."))
    at = _index(operation, "at", len(items))
    errors: Errors = {}
    value = operation.get("value", field.blank)
    item = clean_props(field.fields, value, ("blocks", block.id, "props", *target["path"], at), errors)
    if errors:
        raise InvalidDocument(errors)
    items.insert(at, item)
    changed = _with_props(document, block, props)
    return (
        changed,
        {**target, "op": "add_item", "at": at, "value": deepcopy(item)},
        {**target, "op": "delete_item", "at": at},
    )


def _delete_item(document: Document, operation: Operation, surface: Surface) -> Step:
    block, props, items, _field, target = _items(document, operation)
    at = _index(operation, "at", len(items) - 1)
    item = items.pop(at)
    changed = _with_props(document, block, props)
    return changed, {**target, "op": "delete_item", "at": at}, {**target, "op": "add_item", "at": at, "value": item}


def _move_item(document: Document, operation: Operation, surface: Surface) -> Step:
    block, props, items, _field, target = _items(document, operation)
    at, to = _index(operation, "at", len(items) - 1), _index(operation, "to", len(items) - 1)
    items.insert(to, items.pop(at))
    changed = _with_props(document, block, props)
    return (
        changed,
        {**target, "op": "move_item", "at": at, "to": to},
        {**target, "op": "move_item", "at": to, "to": at},
    )


STEPS: dict[str, Callable[[Document, Operation, Surface], Step]] = {
    "set": _set,
    "move": _move,
    "add": _add,
    "copy": _copy,
    "delete": _delete,
    "show": _show,
    "theme": _theme,
    "replace": _replace,
    "add_item": _add_item,
    "delete_item": _delete_item,
    "move_item": _move_item,
}


def _insert(document: Document, block: Block, holder: Holder, at: int) -> Step:
    blocks = list(_held(document, holder))
    blocks.insert(at, block)
    full = {"op": "add", **_where(holder), "at": at, "block": save_block(block)}
    return trees.with_held(document, holder, blocks), full, {"op": "delete", "block": block.id}


def _holder(operation: Operation, default: Holder) -> Holder:
    """Where an operation says that a block shall stand."""
    if "parent" not in operation:
        return default
    parent, slot = operation["parent"], operation.get("slot", "")
    if not isinstance(parent, str) or not isinstance(slot, str):
        raise InvalidOperation
    return Holder(parent, slot)


def _held(document: Document, holder: Holder) -> tuple[Block, ...]:
    blocks = trees.held(document, holder)
    if blocks is None:
        raise InvalidOperation
    return blocks


def _where(holder: Holder, *, written: bool = False) -> dict[str, str]:
    """A holder as operations name it; the document itself goes without saying."""
    return {"parent": holder.parent, "slot": holder.slot} if written or holder != trees.SECTIONS else {}


def _refuse_misplaced(document: Document, block: Block, holder: Holder) -> None:
    """Is there room for one more there, and does it hold such blocks? A block of an unknown type may stand anywhere."""
    many = len(_held(document, holder))
    parent = document.find(holder.parent)
    slot = parent.kind.slots[holder.slot] if parent and parent.kind else None
    holds = slot.holds if slot else "section" if parent is None else None
    if block.kind is not None and holds not in (None, block.kind.place):
        raise InvalidOperation(_("This can’t stand here."))
    if many >= (slot.most if slot else MOST_BLOCKS):
        raise InvalidOperation(_("There can’t be more entries here."))


def _new_block(operation: Operation, surface: Surface) -> Block:
    whole = operation.get("block")
    name = whole.get("type") if isinstance(whole, Mapping) else operation.get("type")
    kind = BLOCKS.get(name) if isinstance(name, str) else None
    if isinstance(whole, Mapping):
        return _whole_block(whole, kind, surface)
    if kind is None or surface not in kind.surfaces:
        raise InvalidOperation
    return make_block(kind)


def _whole_block(whole: Mapping[str, Any], kind: BlockType | None, surface: Surface) -> Block:
    # A type that nothing here knows is let through: it comes back when its deletion is undone.
    if kind is not None and surface not in kind.surfaces:
        raise InvalidOperation
    errors: Errors = {}
    block = load_block(whole, ("blocks",), errors, place=None)
    if errors or block is None:
        raise InvalidDocument(errors)
    if any(each.kind is not None and surface not in each.kind.surfaces for each in block.walk()):
        raise InvalidOperation
    return block


def _block_id(operation: Operation) -> str:
    block_id = operation.get("block")
    if not isinstance(block_id, str) or not BLOCK_ID.fullmatch(block_id):
        raise InvalidOperation
    return block_id


def _block(document: Document, operation: Operation) -> tuple[Block, BlockType]:
    block = document.find(_block_id(operation))
    kind = block.kind if block else None
    if block is None or kind is None:
        raise InvalidOperation
    return block, kind


def _path(operation: Operation) -> Path:
    path = operation.get("path")
    if not isinstance(path, list) or not 1 <= len(path) <= 9:
        raise InvalidOperation
    if not all(isinstance(part, str) or (isinstance(part, int) and not isinstance(part, bool)) for part in path):
        raise InvalidOperation
    return tuple(path)


def _place(kind: BlockType, props: dict[str, Any], path: Path) -> tuple[Any, str, Field]:
    """Where a path leads inside a block's settings: what holds the value, its key there, and its field."""
    fields: Mapping[str, Field] = kind.fields
    holder: dict[str, Any] = props
    while True:
        name, rest = path[0], path[1:]
        if not isinstance(name, str) or name not in fields:
            raise InvalidOperation
        field = fields[name]
        if not rest:
            return holder, name, field
        items = holder[name]
        if not isinstance(field, Items) or not isinstance(rest[0], int) or len(rest) < 2:
            raise InvalidOperation
        if not 0 <= rest[0] < len(items):
            raise InvalidOperation
        holder, fields, path = items[rest[0]], field.fields, rest[1:]


def _items(
    document: Document, operation: Operation
) -> tuple[Block, dict[str, Any], list[dict[str, Any]], Items, dict[str, Any]]:
    block, kind = _block(document, operation)
    path = _path(operation)
    props = deepcopy(block.props)
    holder, key, field = _place(kind, props, path)
    if not isinstance(field, Items):
        raise InvalidOperation
    return block, props, holder[key], field, {"block": block.id, "path": list(path)}


def _index(operation: Operation, key: str, most: int) -> int:
    index = operation.get(key)
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index <= most:
        raise InvalidOperation
    return index


def _with_props(document: Document, block: Block, props: dict[str, Any]) -> Document:
    return trees.with_block(document, replace(block, props=props))
