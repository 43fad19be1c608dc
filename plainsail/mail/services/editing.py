"""Changing a mail's words: operations on a revision, undo and redo. History is only ever added to.

Several people may write at once, as at pages: what was made on an older revision is merged with what came in between where
the two speak of different places; what meets somebody else's change is given back, never written over it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from plainsail.accounts.models import User
from plainsail.blocks.services import documents, histories, rebasing
from plainsail.blocks.services.documents import InvalidDocument
from plainsail.contacts.queries import condition_of
from plainsail.kernel.errors import Refusal
from plainsail.mail import queries
from plainsail.mail.models import Email, EmailChange
from plainsail.mail.services import emails, headers, merge_fields
from plainsail.mail.services.emails import Stale
from plainsail.mail.services.merge_fields import Errors

Kind = EmailChange.Kind
Edited = histories.Edited[Email, EmailChange]
HEAD = ("subject", "preheader")


@dataclass(frozen=True)
class Headed:
    """The mail after a change of subject or preview text, and the names of those that somebody else had changed."""

    email: Email
    is_written: bool
    met: list[str]


@transaction.atomic
def apply(
    email: Email,
    changes: Sequence[object],
    *,
    revision: int,
    at: datetime,
    by: User | None = None,
    token: UUID | None = None,
    known: Collection[UUID] = (),
) -> Edited:
    """Apply operations (see `blocks.services.operations`) that were made on `revision` of the mail.

    On the newest revision all or none. On an older one those that meet no change made since; the others come back in
    `Edited.met`. A `token` that was seen before changes nothing and gives the same answer; `known` are tokens of earlier
    requests that these operations were made upon. Raises Stale, OnItsWay, InvalidOperation, InvalidDocument.
    """
    locked = _locked(email)
    made = EmailChange.objects.filter(email=locked, token=token).first() if token else None
    steps = _steps_since(locked, revision)
    document = locked.read()
    merged = histories.merge(document, changes, steps=steps, made=made, known=known, surface="mail")
    done = merged.rebased
    if made is not None:
        return Edited(locked, merged.base, document, merged.met)
    if done.operations:
        if errors := {
            **merge_fields.refusals(document, done.document, merge_fields.names()),
            **_unaskable(done, at=at),
        }:
            raise InvalidDocument(errors)
        _write(locked, Kind.EDIT, done, by=by, at=at, token=token)
    return Edited(locked, merged.base, done.document, merged.met)


@transaction.atomic
def undo(email: Email, *, revision: int, at: datetime, by: User | None = None) -> Edited:
    """Take back this person's newest change that still stands. Raises Stale, OnItsWay, NothingToUndo, ChangedSince."""
    locked = _locked(email)
    number, _redo = queries.undoable(locked, by)
    return _reverse(locked, number, [Kind.EDIT, Kind.REDO], Kind.UNDO, revision=revision, by=by, at=at)


@transaction.atomic
def pass_over(email: Email, *, at: datetime, by: User | None = None) -> None:
    """Let this person's newest change stand: it counts as taken back, so that Undo comes to the ones before it."""
    locked = _locked(email)
    number, _redo = queries.undoable(locked, by)
    if number:
        _write(locked, Kind.UNDO, rebasing.Rebased(locked.read(), [], [], []), by=by, at=at, of=number)


@transaction.atomic
def redo(email: Email, *, revision: int, at: datetime, by: User | None = None) -> Edited:
    """Bring back the change that this person took back last. Raises Stale, OnItsWay, NothingToUndo, ChangedSince."""
    locked = _locked(email)
    _undo, number = queries.undoable(locked, by)
    return _reverse(locked, number, [Kind.UNDO], Kind.REDO, revision=revision, by=by, at=at)


def _reverse(
    email: Email,
    number: int,
    kinds: Sequence[str],
    kind: EmailChange.Kind,
    *,
    revision: int,
    by: User | None,
    at: datetime,
) -> Edited:
    """Apply the inverse of the last of these steps about a change, on top of what others did since."""
    document = email.read()
    seen = histories.walk_back(document, _steps_since(email, revision), surface="mail")
    step = queries.last_change(email, number, kinds)
    if step is None:
        raise histories.NothingToUndo
    merged = histories.reverse(document, step, since=_steps_since(email, step.number), surface="mail")
    _write(email, kind, merged, by=by, at=at, of=number)
    return Edited(email, seen, merged.document)


def seen(email: Email, *, revision: int) -> Edited:
    """What changed since a window's revision; nothing is written. Raises Stale."""
    now = email.read()
    return Edited(email, histories.walk_back(now, _steps_since(email, revision), surface="mail"), now)


@transaction.atomic
def head(
    email: Email,
    *,
    subject: str,
    preheader: str,
    at: datetime,
    by: User | None = None,
    was: dict[str, str] | None = None,
) -> Headed:
    """Change subject and preview text. `was` is what the window knew of them: what it left as it was stays as it is now.

    Where somebody else changed the same one meanwhile theirs stays, and its name comes back. Raises OnItsWay, UnknownField.
    """
    wanted = {name: headers.one_line(text)[:200] for name, text in (("subject", subject), ("preheader", preheader))}
    _refuse_unknown(wanted)
    locked = _locked(email)
    current = {name: getattr(locked, name) for name in HEAD}
    was = {name: (was or current).get(name, current[name]) for name in HEAD}
    meant = {name: text for name, text in wanted.items() if text not in {was[name], current[name]}}
    met = [name for name in meant if current[name] != was[name]]
    written = {name: text for name, text in meant.items() if name not in met}
    if written:
        emails.write(locked, at=at, by=by, fields=written)
    return Headed(locked, bool(written), met)


def _refuse_unknown(wanted: dict[str, str]) -> None:
    known = merge_fields.names()
    for name, text in wanted.items():
        if unknown := merge_fields.unknown(text, known):
            raise emails.UnknownField(merge_fields.unknown_message(unknown), field=name)


def _unaskable(done: rebasing.Rebased, *, at: datetime) -> Errors:
    """Conditions of sections that can't be asked, at the section's own place."""
    errors: Errors = {}
    for operation in done.operations:
        shown = operation.get("value") if operation["op"] == "show" else None
        try:
            condition_of(shown["tree"] if shown and "tree" in shown else {}, at=at)
        except Refusal as refusal:
            errors["blocks", operation["block"], "shown"] = str(refusal)
    return errors


def _locked(email: Email) -> Email:
    """The newest, held, so that what is merged is merged with it. Raises OnItsWay."""
    emails.refuse_if_leaving(email)
    locked: Email = Email.objects.select_for_update(no_key=True).get(id=email.id)
    return locked


def _steps_since(email: Email, revision: int) -> list[EmailChange]:
    """The steps after a revision up to the newest, in order. Raises Stale where there is no such way. One query."""
    behind = email.revision - revision
    if behind == 0:
        return []
    if not 0 < behind <= histories.MOST_STEPS_BEHIND:
        raise Stale
    steps = list(
        EmailChange.objects.filter(email=email, number__gt=revision).select_related("by").order_by("number")[:behind]
    )
    if len(steps) != behind:
        raise Stale
    return steps


def _write(
    email: Email, kind: EmailChange.Kind, done: rebasing.Rebased, *, by: User | None, at: datetime, **fields: Any
) -> None:
    emails.write(
        email,
        kind=kind,
        by=by,
        at=at,
        step={"operations": done.operations, "inverse": done.inverse, **fields},
        fields={"document": documents.save(done.document)},
    )
