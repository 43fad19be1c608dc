"""Changes to a document as pure functions: each gives the new document and the operation that takes it back.

A browser sends these as JSON objects:

- `{"op": "set", "block": id, "path": ["items", 0, "title"], "value": …}`
- `{"op": "move", "block": id, "to": index}`
- `{"op": "add", "type": name, "at": index}` (or `"block": {…}` in full, as the inverse of `delete` has it)
- `{"op": "copy", "block": id}` · `{"op": "delete", "block": id}`
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
from plainsail.blocks.services import showing, themes
from plainsail.blocks.services.documents import (
    BLOCK_ID,
    MOST_BLOCKS,
    Block,
    Document,
    InvalidDocument,
    load_block,
    make_block,
    new_block_id,
    save,
    save_block,
    suits,
)
from plainsail.blocks.services.documents import load as load_document
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
    at = document.index(_block_id(operation))
    if at < 0:
        raise InvalidOperation
    to = _index(operation, "to", len(document.blocks) - 1)
    blocks = list(document.blocks)
    block = blocks.pop(at)
    blocks.insert(to, block)
    target = {"op": "move", "block": block.id}
    return document.with_blocks(blocks), {**target, "to": to}, {**target, "to": at}


def _add(document: Document, operation: Operation, surface: Surface) -> Step:
    block = _new_block(operation, surface)
    if document.find(block.id) or len(document.blocks) >= MOST_BLOCKS:
        raise InvalidOperation
    return _insert(document, block, _index(operation, "at", len(document.blocks)))


def _copy(document: Document, operation: Operation, surface: Surface) -> Step:
    at = document.index(_block_id(operation))
    if at < 0 or len(document.blocks) >= MOST_BLOCKS:
        raise InvalidOperation
    original = document.blocks[at]
    return _insert(
        document,
        replace(original, id=new_block_id(), props=deepcopy(original.props), shown=deepcopy(original.shown)),
        at + 1,
    )


def _delete(document: Document, operation: Operation, surface: Surface) -> Step:
    at = document.index(_block_id(operation))
    if at < 0:
        raise InvalidOperation
    blocks = list(document.blocks)
    block = blocks.pop(at)
    back = {"op": "add", "at": at, "block": save_block(block)}
    return document.with_blocks(blocks), {"op": "delete", "block": block.id}, back


def _show(document: Document, operation: Operation, surface: Surface) -> Step:
    block, _kind = _block(document, operation)
    if block.type in ("mail_footer", "footer"):
        raise InvalidOperation  # whose page it is, and how mail ends, is owed to everybody
    errors: Errors = {}
    shown = showing.clean(operation.get("value"), ("blocks", block.id, "shown"), errors)
    if surface == "mail" and "visit" in (shown or {}):
        raise InvalidOperation  # a mail is not visited
    if errors:
        raise InvalidDocument(errors)
    changed = replace(block, shown=shown)
    target = {"op": "show", "block": block.id}
    blocks = (changed if each.id == block.id else each for each in document.blocks)
    return document.with_blocks(blocks), {**target, "value": shown}, {**target, "value": block.shown}


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


def _insert(document: Document, block: Block, at: int) -> Step:
    blocks = list(document.blocks)
    blocks.insert(at, block)
    full = {"op": "add", "at": at, "block": save_block(block)}
    return document.with_blocks(blocks), full, {"op": "delete", "block": block.id}


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
    block = load_block(whole, ("blocks",), errors)
    if errors or block is None:
        raise InvalidDocument(errors)
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
    changed = replace(block, props=props)
    return document.with_blocks(changed if each.id == block.id else each for each in document.blocks)
