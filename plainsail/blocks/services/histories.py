"""A document's steps as whoever keeps them has them: walked back, merged with, taken back. Nothing is read or written here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from plainsail.blocks.services import operations, rebasing
from plainsail.blocks.services.documents import Document
from plainsail.blocks.services.rebasing import Rebased
from plainsail.blocks.sockets import Surface
from plainsail.kernel.errors import Refusal

MOST_STEPS_BEHIND = 500
"""How far behind a window may be and still be merged; further back, it has to look first."""


class NothingToUndo(Refusal):
    """There is no edit of this person to take back, or to bring back."""

    code = "nothing_to_undo"
    message = _("There is nothing to undo.")


class ChangedSince(Refusal):
    """Somebody else has changed the same place since: undoing would take their words away."""

    code = "changed_since"
    message = _("Somebody else has changed this since, so it stays. Undo again takes back what you did before it.")


class Step(Protocol):
    """One step of a history: whose it is, what it did to the document, and what takes that back."""

    number: Any
    by: Any
    by_id: Any
    at: Any
    token: Any
    operations: Any
    inverse: Any


R = TypeVar("R")
S = TypeVar("S", bound=Step)


@dataclass(frozen=True)
class Met(Generic[S]):
    """An operation that was given back, and the step of somebody else that it met."""

    operation: dict[str, Any]
    step: S | None


@dataclass(frozen=True)
class Merged(Generic[S]):
    """The document as the window knew it, what of its changes fitted, and what met others' steps."""

    base: Document
    rebased: Rebased
    met: list[Met[S]] = field(default_factory=list)


@dataclass(frozen=True)
class Edited(Generic[R, S]):
    """What holds the document, up to date; the document as the window knew it and as it is now, and what was given back."""

    row: R
    before: Document
    after: Document
    met: list[Met[S]] = field(default_factory=list)


def walk_back(document: Document, steps: Sequence[Step], *, surface: Surface) -> Document:
    """The document as it was before these steps, given in order."""
    for step in reversed(steps):
        if step.inverse:
            document = operations.apply(document, step.inverse, surface=surface).document
    return document


def merge(
    document: Document,
    changes: Sequence[object],
    *,
    steps: Sequence[S],
    made: S | None,
    known: Collection[UUID],
    surface: Surface,
) -> Merged[S]:
    """Changes that were made before `steps` brought onto the document as it is after them.

    Where the same request `made` a step already, it meets what it met then. Steps whose token is `known` are the
    window's own. Raises InvalidOperation, InvalidDocument.
    """
    # What met others' changes was decided on what stood then, and is said again from the same history.
    between = [step for step in steps if made is None or step.number < made.number]
    base = walk_back(document, steps, surface=surface)
    now = walk_back(document, steps[len(between) :], surface=surface)
    if not between:
        done = operations.apply(base, changes, surface=surface)
        return Merged(base, Rebased(done.document, done.operations, done.inverse, []))
    others = [step for step in between if step.token not in known]
    rebased = rebasing.rebase(changes, base=base, now=now, theirs=touched(others), surface=surface)
    return Merged(base, rebased, [Met(operation, _step_met(operation, between)) for operation in rebased.refused])


def reverse(document: Document, step: Step, *, since: Sequence[Step], surface: Surface) -> Rebased:
    """What takes a step back, on top of all that was done `since`. Raises ChangedSince."""
    # This person's own later steps took each other back: what stands in the way can only be somebody else's.
    others = [each for each in since if each.by_id != step.by_id]
    if not others:
        done = operations.apply(document, step.inverse, surface=surface)
        return Rebased(done.document, done.operations, done.inverse, [])
    base = walk_back(document, since, surface=surface)
    merged = rebasing.rebase(step.inverse, base=base, now=document, theirs=touched(others), surface=surface)
    if merged.refused:
        raise ChangedSince
    return merged


def touched(steps: Iterable[Step]) -> set[rebasing.Place]:
    """The places that these steps speak of."""
    steps = list(steps)
    return rebasing.touched(
        [operation for step in steps for operation in step.operations],
        [operation for step in steps for operation in step.inverse],
    )


def undoable(steps: Iterable[tuple[int, str, int | None]]) -> tuple[int, int]:
    """Numbers of the edits that Undo takes back and Redo brings back next; 0 where there is none.

    Of one person's steps, newest first, each as number, kind (`undo`, `redo`, or an edit's) and the number of the edit that
    it is about. From before that number was written down nothing can be said: there it ends.
    """
    stands: dict[int, bool] = {}
    redo, brought_back, is_fresh = 0, 0, True
    for number, kind, of in steps:
        if kind not in {"undo", "redo"}:
            if stands.get(number, True):
                return number, redo
            is_fresh = False
        elif of is None:
            break
        else:
            stands.setdefault(of, kind == "redo")
            if is_fresh and not redo:
                redo, brought_back = _next_redo(kind, of, brought_back)
    return 0, redo


def _next_redo(kind: str, of: int, brought_back: int) -> tuple[int, int]:
    """What Redo brings back, as far as this step says: an Undo that no later Redo answered."""
    if kind == "redo":
        return 0, brought_back + 1
    return (0, brought_back - 1) if brought_back else (of, 0)


def _step_met(operation: dict[str, Any], steps: Sequence[S]) -> S | None:
    """The newest of these steps about the same section."""
    block = rebasing.block_of(operation)
    for step in reversed(steps):
        if rebasing.meet({(block,)} if block else {()}, touched([step])):
            return step
    return None
