"""Changing a page's draft: operations on a revision, undo and redo, versions. History is only ever added to.

Several people may write at once. A change that was made on an older revision is merged with what came in between where
the two speak of different places; what meets somebody else's change is given back, never written over it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.blocks.services import documents, operations, rebasing
from plainsail.blocks.services.documents import Document
from plainsail.blocks.sockets import REFERENCES
from plainsail.kernel.errors import Refusal
from plainsail.pages import queries
from plainsail.pages.models import Page, PageRevision

MOST_STEPS_BEHIND = 500
"""How far behind a window may be and still be merged; further back, it has to look first."""


class Stale(Refusal):
    """The change was made on a revision from which there is no way to the newest one."""

    code = "stale"
    message = _("This page was changed somewhere else in the meantime. The newest version is loaded now.")
    status = 409


class NothingToUndo(Refusal):
    """There is no edit of this person to take back, or to bring back."""

    code = "nothing_to_undo"
    message = _("There is nothing to undo.")


class ChangedSince(Refusal):
    """Somebody else has changed the same place since: undoing would take their words away."""

    code = "changed_since"
    message = _("Somebody else has changed this since, so it can’t be undone.")


class UnknownReference(Refusal):
    """A section points to a form, an offer or the like that this business doesn't have."""

    code = "unknown_reference"
    message = _("What was chosen is not there any more. Choose another.")
    status = 422


class NoSuchVersion(Refusal):
    """The page has no version of this number."""

    code = "no_such_version"
    message = _("There is no such version of this page.")
    status = 404


@dataclass(frozen=True)
class Met:
    """An operation that was given back, and the step of somebody else that it met."""

    operation: dict[str, Any]
    step: PageRevision | None


@dataclass(frozen=True)
class Edited:
    """The draft as the window knew it, and as it is now. `page` is up to date; `met` is what was given back."""

    page: Page
    before: Document
    after: Document
    met: list[Met] = field(default_factory=list)


def apply(
    page: Page,
    changes: Sequence[object],
    *,
    revision: int,
    by: User | None,
    at: datetime,
    token: UUID | None = None,
    known: Collection[UUID] = (),
) -> Edited:
    """Apply operations (see `blocks.services.operations`) that were made on `revision` of the draft.

    On the newest revision all or none. On an older one, those that meet no change made since; the others come back in
    `Edited.met`. A `token` that was seen before changes nothing and gives the same answer; `known` are tokens of earlier
    requests that these operations were made upon. Raises Stale, InvalidOperation, InvalidDocument (with the path at
    fault), UnknownReference.
    """
    _lock(page)
    made = PageRevision.objects.filter(page=page, token=token).first() if token else None
    return _apply_once(page, changes, revision, made, known, by=by, at=at, token=token)


def _apply_once(
    page: Page,
    changes: Sequence[object],
    revision: int,
    made: PageRevision | None,
    known: Collection[UUID],
    **written: Any,
) -> Edited:
    """Write the change, unless it was `made` already: then only say again what became of it."""
    newest = page.revision
    # What met others' changes was decided on what stood then, and is said again from the same history.
    steps = steps_since(page, revision)
    between = [step for step in steps if made is None or step.number < made.number]
    base, now = walk_back(page.document, steps), walk_back(page.document, steps[len(between) :])
    if not between:
        done = operations.apply(base, changes, surface="page")
        merged = rebasing.Rebased(done.document, done.operations, done.inverse, [])
    else:
        others = [step for step in between if step.token not in known]
        theirs = rebasing.touched(_all(others, "operations"), _all(others, "inverse"))
        merged = rebasing.rebase(changes, base=base, now=now, theirs=theirs, surface="page")
    met = [Met(operation, _step_met(operation, between)) for operation in merged.refused]
    if made is not None:
        return Edited(page, base, page.document, met)
    if merged.operations:
        _refuse_unknown_references(now, merged.document)
        number = _advance(page, merged.document, revision=newest, at=written["at"])
        _record(
            page,
            PageRevision.Kind.EDIT,
            number=number,
            operations=merged.operations,
            inverse=merged.inverse,
            **written,
        )
    return Edited(page, base, merged.document, met)


def undo(page: Page, *, revision: int, by: User | None, at: datetime) -> Edited:
    """Take back this person's newest edit that still stands. Raises Stale, NothingToUndo, ChangedSince."""
    _lock(page)
    number, _redo = queries.undoable(page, by)
    kinds = [PageRevision.Kind.EDIT, PageRevision.Kind.RESTORE, PageRevision.Kind.REDO]
    return _reverse(page, number, kinds, PageRevision.Kind.UNDO, revision=revision, by=by, at=at)


def redo(page: Page, *, revision: int, by: User | None, at: datetime) -> Edited:
    """Bring back the edit that this person took back last. Raises Stale, NothingToUndo, ChangedSince."""
    _lock(page)
    _undo, number = queries.undoable(page, by)
    return _reverse(page, number, [PageRevision.Kind.UNDO], PageRevision.Kind.REDO, revision=revision, by=by, at=at)


def _reverse(
    page: Page,
    number: int,
    kinds: Sequence[str],
    kind: PageRevision.Kind,
    *,
    revision: int,
    by: User | None,
    at: datetime,
) -> Edited:
    """Apply the inverse of the last of these steps about an edit, on top of what others did since."""
    known = walk_back(page.document, steps_since(page, revision))
    step = queries.last_step(page, number, kinds)
    if step is None:
        raise NothingToUndo
    since = steps_since(page, step.number)
    # This person's own later steps took each other back: what stands in the way can only be somebody else's.
    others = [each for each in since if each.by_id != step.by_id]
    theirs = rebasing.touched(_all(others, "operations"), _all(others, "inverse"))
    base = walk_back(page.document, since)
    if others:
        merged = rebasing.rebase(step.inverse, base=base, now=page.document, theirs=theirs, surface="page")
        if merged.refused:
            raise ChangedSince
    else:
        done = operations.apply(page.document, step.inverse, surface="page")
        merged = rebasing.Rebased(done.document, done.operations, done.inverse, [])
    following = _advance(page, merged.document, revision=page.revision, at=at)
    _record(
        page,
        kind,
        by=by,
        at=at,
        number=following,
        of=number,
        operations=merged.operations,
        inverse=merged.inverse,
    )
    return Edited(page, known, merged.document)


def restore(page: Page, *, number: int, revision: int, by: User | None, at: datetime) -> Edited:
    """Make an earlier version the draft again; what stood there stays in the history, and Undo brings it back.

    Raises Stale, NoSuchVersion.
    """
    version = PageRevision.objects.filter(page=page, number=number).versions().first()
    if version is None:
        raise NoSuchVersion
    _lock(page)
    if page.revision != revision:
        raise Stale
    edited = apply(page, [{"op": "replace", "value": version.document}], revision=revision, by=by, at=at)
    PageRevision.objects.filter(page=page, number=page.revision).update(
        kind=PageRevision.Kind.RESTORE, document=documents.save(edited.after), name=version.name
    )
    return edited


def name_version(page: Page, *, name: str, by: User | None, at: datetime) -> PageRevision:
    """Keep the draft as it is now under a name."""
    return keep(page, PageRevision.Kind.NAMED, name=name, by=by, at=at)


def keep(page: Page, kind: PageRevision.Kind, *, by: User | None, at: datetime, name: str = "") -> PageRevision:
    """Add a version that holds the whole draft to the history. Raises Stale where somebody was quicker."""
    number = _advance(page, page.document, revision=page.revision, at=page.edited_at)
    return _record(page, kind, by=by, at=at, number=number, name=name, document=page.draft)


def seen(page: Page, *, revision: int) -> Edited:
    """What changed since a window's revision; nothing is written. Raises Stale."""
    now = page.document
    return Edited(page, walk_back(now, steps_since(page, revision)), now)


def steps_since(page: Page, revision: int) -> list[PageRevision]:
    """The steps after a revision up to the newest, in order. Raises Stale where there is no such way. One query."""
    behind = page.revision - revision
    if behind == 0:
        return []
    if not 0 < behind <= MOST_STEPS_BEHIND:
        raise Stale
    steps = list(
        PageRevision.objects.filter(page=page, number__gt=revision, number__lte=page.revision)
        .select_related("by")
        .defer("document")
        .order_by("number")
    )
    if len(steps) != behind:
        raise Stale
    return steps


def walk_back(document: Document, steps: Sequence[PageRevision]) -> Document:
    """The document as it was before these steps, given in order."""
    for step in reversed(steps):
        if step.inverse:
            document = operations.apply(document, step.inverse, surface="page").document
    return document


def _lock(page: Page) -> None:
    """Read the draft again and hold it, so that what is merged is merged with the newest."""
    page.refresh_from_db(
        fields=["draft", "revision", "edited_at"], from_queryset=Page.objects.select_for_update(no_key=True)
    )


def _all(steps: Iterable[PageRevision], name: str) -> list[dict[str, Any]]:
    return [operation for step in steps for operation in getattr(step, name)]


def _step_met(operation: dict[str, Any], steps: Sequence[PageRevision]) -> PageRevision | None:
    """The newest of these steps about the same section."""
    block = rebasing.block_of(operation)
    for step in reversed(steps):
        places = rebasing.touched(step.operations, step.inverse)
        if rebasing.meet({(block,)} if block else {()}, places):
            return step
    return None


def _refuse_unknown_references(before: Document, after: Document) -> None:
    wanted: dict[str, set[UUID]] = {}
    for kind, row_id in set(after.references()) - set(before.references()):
        wanted.setdefault(kind, set()).add(row_id)
    for kind, ids in wanted.items():
        known = REFERENCES[kind].cards(ids) if kind in REFERENCES else {}
        if not ids <= set(known):
            raise UnknownReference


def _advance(page: Page, document: Document, *, revision: int, at: datetime) -> int:
    """Write the draft under the next number, unless somebody else was quicker. Raises Stale."""
    draft, number = documents.save(document), revision + 1
    written = Page.objects.filter(id=page.id, revision=revision).update(draft=draft, revision=number, edited_at=at)
    if not written:
        raise Stale
    page.draft, page.revision, page.edited_at = draft, number, at
    return number


def _record(page: Page, kind: PageRevision.Kind, *, by: User | None, at: datetime, **fields: Any) -> PageRevision:
    made: PageRevision = PageRevision.objects.create(page=page, kind=kind, by=by, at=at, **fields)
    return made
