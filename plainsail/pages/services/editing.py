"""Changing a page's draft: operations on a revision, undo and redo, versions. History is only ever added to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.blocks.services import documents, operations
from plainsail.blocks.services.documents import Document
from plainsail.blocks.sockets import REFERENCES
from plainsail.kernel.errors import Refusal
from plainsail.pages.models import Page, PageRevision


class Stale(Refusal):
    """The change was made on a revision that is no longer the newest."""

    code = "stale"
    message = _("This page was changed somewhere else in the meantime. The newest version is loaded now.")
    status = 409


class NothingToUndo(Refusal):
    """There is no edit to take back, or to bring back."""

    code = "nothing_to_undo"
    message = _("There is nothing to undo.")


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
class Edited:
    """The draft before and after a change. `page` is up to date."""

    page: Page
    before: Document
    after: Document


def apply(page: Page, changes: Sequence[object], *, revision: int, by: User | None, at: datetime) -> Edited:
    """Apply operations (see `blocks.services.operations`) that were made on `revision` of the draft, all or none.

    Raises Stale, InvalidOperation, InvalidDocument (with the path at fault), UnknownReference.
    """
    _refuse_stale(page, revision)
    before = page.document
    done = operations.apply(before, changes, surface="page")
    _refuse_unknown_references(before, done.document)
    number = _advance(page, done.document, at=at, undoable=revision + 1, undone=[])
    _record(
        page,
        PageRevision.Kind.EDIT,
        by=by,
        at=at,
        number=number,
        operations=done.operations,
        inverse=done.inverse,
        before=page.undoable,
    )
    page.undoable, page.undone = number, []
    return Edited(page, before, done.document)


def undo(page: Page, *, revision: int, by: User | None, at: datetime) -> Edited:
    """Take back the newest edit that still stands. Raises Stale, NothingToUndo."""
    _refuse_stale(page, revision)
    edit = _edit(page, page.undoable)
    before = page.document
    done = operations.apply(before, edit.inverse, surface="page")
    undone = [*page.undone, edit.number]
    number = _advance(page, done.document, at=at, undoable=edit.before, undone=undone)
    _record(page, PageRevision.Kind.UNDO, by=by, at=at, number=number, operations=done.operations, inverse=done.inverse)
    page.undoable, page.undone = edit.before, undone
    return Edited(page, before, done.document)


def redo(page: Page, *, revision: int, by: User | None, at: datetime) -> Edited:
    """Bring back the edit that was taken back last. Raises Stale, NothingToUndo."""
    _refuse_stale(page, revision)
    edit = _edit(page, page.undone[-1] if page.undone else 0)
    before = page.document
    done = operations.apply(before, edit.operations, surface="page")
    undone = page.undone[:-1]
    number = _advance(page, done.document, at=at, undoable=edit.number, undone=undone)
    _record(page, PageRevision.Kind.REDO, by=by, at=at, number=number, operations=done.operations, inverse=done.inverse)
    page.undoable, page.undone = edit.number, undone
    return Edited(page, before, done.document)


def restore(page: Page, *, number: int, revision: int, by: User | None, at: datetime) -> Edited:
    """Make an earlier version the draft again; what stood there stays in the history, and Undo brings it back.

    Raises Stale, NoSuchVersion.
    """
    version = PageRevision.objects.filter(page=page, number=number).versions().first()
    if version is None:
        raise NoSuchVersion
    edited = apply(page, [{"op": "replace", "value": version.document}], revision=revision, by=by, at=at)
    PageRevision.objects.filter(page=page, number=page.revision).update(
        kind=PageRevision.Kind.RESTORE, document=documents.save(edited.after)
    )
    return edited


def name_version(page: Page, *, name: str, by: User | None, at: datetime) -> PageRevision:
    """Keep the draft as it is now under a name."""
    return keep(page, PageRevision.Kind.NAMED, name=name, by=by, at=at)


def keep(page: Page, kind: PageRevision.Kind, *, by: User | None, at: datetime, name: str = "") -> PageRevision:
    """Add a version that holds the whole draft to the history. Raises Stale where somebody was quicker."""
    number = _advance(page, page.document, at=page.edited_at, undoable=page.undoable, undone=page.undone)
    return _record(page, kind, by=by, at=at, number=number, name=name, document=page.draft)


def _refuse_stale(page: Page, revision: int) -> None:
    if page.revision != revision:
        raise Stale


def _refuse_unknown_references(before: Document, after: Document) -> None:
    wanted: dict[str, set[UUID]] = {}
    for kind, row_id in set(after.references()) - set(before.references()):
        wanted.setdefault(kind, set()).add(row_id)
    for kind, ids in wanted.items():
        known = REFERENCES[kind].cards(ids) if kind in REFERENCES else {}
        if not ids <= set(known):
            raise UnknownReference


def _edit(page: Page, number: int) -> PageRevision:
    edit: PageRevision | None = PageRevision.objects.filter(page=page, number=number).first() if number else None
    if edit is None:
        raise NothingToUndo
    return edit


def _advance(page: Page, document: Document, *, at: datetime, undoable: int, undone: list[int]) -> int:
    """Write the draft under the next number, unless somebody else was quicker. Raises Stale."""
    draft, number = documents.save(document), page.revision + 1
    written = Page.objects.filter(id=page.id, revision=page.revision).update(
        draft=draft, revision=number, undoable=undoable, undone=undone, edited_at=at
    )
    if not written:
        raise Stale
    page.draft, page.revision, page.edited_at = draft, number, at
    return number


def _record(page: Page, kind: PageRevision.Kind, *, by: User | None, at: datetime, **fields: Any) -> PageRevision:
    made: PageRevision = PageRevision.objects.create(page=page, kind=kind, by=by, at=at, **fields)
    return made
