"""Changing a page's draft: operations on a revision, undo and redo, versions. History is only ever added to.

Several people may write at once. A change that was made on an older revision is merged with what came in between where
the two speak of different places; what meets somebody else's change is given back, never written over it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.blocks.services import documents, histories
from plainsail.blocks.services.documents import Document
from plainsail.blocks.sockets import REFERENCES
from plainsail.kernel.errors import Refusal
from plainsail.pages import queries
from plainsail.pages.models import Page, PageRevision

Edited = histories.Edited[Page, PageRevision]


class Stale(Refusal):
    """The change was made on a revision from which there is no way to the newest one."""

    code = "stale"
    message = _("This page was changed somewhere else in the meantime. The newest version is loaded now.")
    status = 409


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
    newest, document = page.revision, page.document
    merged = histories.merge(
        document, changes, steps=steps_since(page, revision), made=made, known=known, surface="page"
    )
    done = merged.rebased
    if made is not None:
        return Edited(page, merged.base, document, merged.met)
    if done.operations:
        _refuse_unknown_references(document, done.document)
        number = _advance(page, done.document, revision=newest, at=written["at"])
        _record(
            page, PageRevision.Kind.EDIT, number=number, operations=done.operations, inverse=done.inverse, **written
        )
    return Edited(page, merged.base, done.document, merged.met)


def undo(page: Page, *, revision: int, by: User | None, at: datetime) -> Edited:
    """Take back this person's newest edit that still stands. Raises Stale, NothingToUndo, ChangedSince."""
    _lock(page)
    number, _redo = queries.undoable(page, by)
    kinds = [PageRevision.Kind.EDIT, PageRevision.Kind.RESTORE, PageRevision.Kind.REDO]
    return _reverse(page, number, kinds, PageRevision.Kind.UNDO, revision=revision, by=by, at=at)


def pass_over(page: Page, *, by: User | None, at: datetime) -> None:
    """Let this person's newest edit stand: it counts as taken back, so that Undo comes to the ones before it."""
    _lock(page)
    number, _redo = queries.undoable(page, by)
    if number:
        following = _advance(page, page.document, revision=page.revision, at=page.edited_at)
        _record(page, PageRevision.Kind.UNDO, by=by, at=at, number=following, of=number)


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
    known = histories.walk_back(page.document, steps_since(page, revision), surface="page")
    step = queries.last_step(page, number, kinds)
    if step is None:
        raise histories.NothingToUndo
    merged = histories.reverse(page.document, step, since=steps_since(page, step.number), surface="page")
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
    return Edited(page, histories.walk_back(now, steps_since(page, revision), surface="page"), now)


def steps_since(page: Page, revision: int) -> list[PageRevision]:
    """The steps after a revision up to the newest, in order. Raises Stale where there is no such way. One query."""
    behind = page.revision - revision
    if behind == 0:
        return []
    if not 0 < behind <= histories.MOST_STEPS_BEHIND:
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


def _lock(page: Page) -> None:
    """Read the draft again and hold it, so that what is merged is merged with the newest."""
    page.refresh_from_db(
        fields=["draft", "revision", "edited_at"], from_queryset=Page.objects.select_for_update(no_key=True)
    )


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
