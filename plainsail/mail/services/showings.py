"""The control that says who sees a section of a mail: everybody, those who meet one condition, or all the others.

One condition is enough here; who needs more of them makes a segment and chooses it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from plainsail.blocks.services.documents import Block, Document
from plainsail.blocks.services.showing import condition_of
from plainsail.contacts.queries import field_of, offered
from plainsail.contacts.sockets import SegmentField
from plainsail.kernel.models import Workspace

Words = str | Promise
REST = "rest"


@dataclass(frozen=True, kw_only=True)
class Showing:
    """What the control shows. `who` is empty for everybody, `rest`, or the key of the field that is asked."""

    who: str
    groups: Sequence[tuple[Words, Sequence[tuple[str, Words]]]]
    can_be_rest: bool
    operators: Sequence[tuple[str, Words]] = ()
    op: str = ""
    kind: str = "none"
    value: str = ""
    choices: Sequence[tuple[str, Words]] | None = None
    currency: str = ""
    is_gone: bool = False

    @property
    def asks_value(self) -> bool:
        return self.kind != "none"


def showing(
    workspace: Workspace, document: Document, block: Block, *, who: str | None = None, op: str | None = None
) -> Showing:
    """The control for a section as it is, or with another field or comparison that is only being chosen yet."""
    tree: Mapping[str, Any] = (block.shown or {}).get("tree", {})
    chosen = who if who is not None else _who(block)
    groups, can_be_rest = _groups(workspace), _can_be_rest(document, block)
    if chosen in ("", REST):
        return Showing(who=chosen, groups=groups, can_be_rest=can_be_rest)
    known = field_of(chosen)
    if known is None:
        return Showing(who="", groups=groups, can_be_rest=can_be_rest, is_gone=True)
    same = chosen == tree.get("field")
    asked = op or (str(tree.get("op", "")) if same else "")
    asked = asked if asked in known.operators else next(iter(known.operators))
    value = str(tree.get("value", "")) if same and known.kind_of(str(tree.get("op"))) == known.kind_of(asked) else ""
    return Showing(
        who=chosen,
        groups=groups,
        can_be_rest=can_be_rest,
        operators=list(known.operators.items()),
        op=asked,
        kind=known.kind_of(asked),
        value=value,
        choices=_choices(known, asked, workspace),
        currency=known.currency,
    )


def _who(block: Block) -> str:
    if block.shown is None:
        return ""
    return REST if REST in block.shown else str(block.shown["tree"].get("field", "?"))


def _can_be_rest(document: Document, block: Block) -> bool:
    index = document.index(block.id)
    return index > 0 and condition_of(document.blocks, index - 1) is not None


def _choices(known: SegmentField, op: str, workspace: Workspace) -> Sequence[tuple[str, Words]] | None:
    return known.choices(workspace) if known.choices and known.kind_of(op) not in ("none", "days") else None


def _groups(workspace: Workspace) -> list[tuple[Words, list[tuple[str, Words]]]]:
    found: dict[str, list[tuple[str, Words]]] = {}
    for key, field in offered(workspace):
        found.setdefault(str(field.group) or _("More"), []).append((key, field.label))
    return list(found.items())
