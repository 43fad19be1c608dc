"""Writing a mail: changes on a revision, undo and redo, and freezing what is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.services import documents, operations
from plainsail.blocks.services.documents import Document, InvalidDocument
from plainsail.blocks.services.operations import Applied
from plainsail.contacts.queries import condition_of
from plainsail.contacts.services import uses
from plainsail.kernel.errors import Refusal
from plainsail.mail.models import Broadcast, Edition, Email, EmailChange
from plainsail.mail.services import headers, merge_fields
from plainsail.mail.services.merge_fields import Errors


class Stale(Refusal):
    """The change was made on a revision that is no longer the newest."""

    code = "stale"
    message = _("This mail was changed somewhere else in the meantime. Here is the newest version.")


class NothingToUndo(Refusal):
    """There is no change to take back, or to bring back."""

    code = "nothing_to_undo"
    message = _("There is nothing to undo.")


class OnItsWay(Refusal):
    """The mail is scheduled or leaving; what goes out is settled."""

    code = "on_its_way"
    message = _("This mail is on its way already. Stop it first to change it.")


class UnknownField(Refusal):
    """A merge field that doesn't exist; the message says which."""

    code = "unknown_field"
    status = 422


@dataclass(frozen=True)
class Edited:
    """The mail, and its document before and after a change."""

    email: Email
    before: Document
    after: Document


def create(document: Document, *, subject: str, at: datetime, preheader: str = "") -> Email:
    """A new mail that starts from a document. Raises InvalidDocument for one with sections that no mail can have."""
    made: Email = Email.objects.create(
        subject=headers.one_line(subject),
        preheader=headers.one_line(preheader),
        document=documents.save(document),
        edited_at=at,
    )
    return made


def stored(document: Document) -> dict[str, Any]:
    """A document as a mail holds it."""
    return documents.save(document)


@transaction.atomic
def apply(email: Email, changes: Sequence[object], *, revision: int, at: datetime) -> Edited:
    """Apply operations (see `blocks.services.operations`) made on `revision`, all or none.

    Raises Stale, OnItsWay, InvalidOperation, InvalidDocument.
    """
    locked = _locked(email, revision)
    before = locked.read()
    done = operations.apply(before, changes, surface="mail")
    if errors := {**merge_fields.refusals(before, done.document, merge_fields.names()), **_unaskable(done, at=at)}:
        raise InvalidDocument(errors)
    number = locked.revision + 1
    EmailChange.objects.create(
        email=locked, number=number, operations=done.operations, inverse=done.inverse, before=locked.undoable
    )
    locked.undoable, locked.undone = number, []
    return _write(locked, before, done.document, at=at)


@transaction.atomic
def undo(email: Email, *, revision: int, at: datetime) -> Edited:
    """Take back the newest change that still stands. Raises Stale, OnItsWay, NothingToUndo."""
    locked = _locked(email, revision)
    change = _change(locked, locked.undoable)
    before = locked.read()
    done = operations.apply(before, change.inverse, surface="mail")
    locked.undoable, locked.undone = change.before, [*locked.undone, change.number]
    return _write(locked, before, done.document, at=at)


@transaction.atomic
def redo(email: Email, *, revision: int, at: datetime) -> Edited:
    """Bring back the change that was taken back last. Raises Stale, OnItsWay, NothingToUndo."""
    locked = _locked(email, revision)
    change = _change(locked, locked.undone[-1] if locked.undone else 0)
    before = locked.read()
    done = operations.apply(before, change.operations, surface="mail")
    locked.undoable, locked.undone = change.number, locked.undone[:-1]
    return _write(locked, before, done.document, at=at)


@transaction.atomic
def head(email: Email, *, subject: str, preheader: str, at: datetime) -> Email:
    """Change subject and preview text. Raises OnItsWay, UnknownField."""
    refuse_if_leaving(email)
    known = merge_fields.names()
    for field, text in (("subject", subject), ("preheader", preheader)):
        if name := merge_fields.unknown(text, known):
            raise UnknownField(merge_fields.unknown_message(name), field=field)
    email.subject, email.preheader = headers.one_line(subject)[:200], headers.one_line(preheader)[:200]
    email.revision += 1
    email.edited_at = at
    email.save(update_fields=["subject", "preheader", "revision", "edited_at"])
    return email


def freeze(email: Email) -> Edition:
    """What is sent: the mail as it is now. The same revision gives the same edition. Raises InvalidDocument."""
    email.read()
    edition: Edition
    edition, _is_new = Edition.objects.get_or_create(
        email=email,
        revision=email.revision,
        defaults={
            "subject": email.subject,
            "preheader": email.preheader,
            "document": email.document,
            "text": email.text,
        },
    )
    return edition


@transaction.atomic
def copy(email: Email, *, at: datetime) -> Email:
    """Another mail that says the same."""
    made = create(email.read(), subject=email.subject, preheader=email.preheader, at=at)
    made.text, made.text_seen = email.text, email.text_seen
    made.save(update_fields=["text", "text_seen"])
    return made


@transaction.atomic
def keep_text(email: Email, text: str, *, seen: str, at: datetime) -> Email:
    """Give the plain-text part words of its own, or none again. `seen` is the fingerprint of what the document made then.

    Raises OnItsWay, UnknownField.
    """
    refuse_if_leaving(email)
    if name := merge_fields.unknown(text, merge_fields.names()):
        raise UnknownField(merge_fields.unknown_message(name), field="text")
    email.text, email.text_seen = text.strip(), seen if text.strip() else ""
    email.revision, email.edited_at = email.revision + 1, at
    email.save(update_fields=["text", "text_seen", "revision", "edited_at"])
    return email


@transaction.atomic
def keep_as_template(email: Email, *, name: str, at: datetime) -> Email:
    """A copy of a mail among the business's own templates, under a name."""
    made = copy(email, at=at)
    made.template_name = headers.one_line(name)[:100]
    made.save(update_fields=["template_name"])
    return made


def drop_template(email: Email) -> None:
    """Take a template away; what was made from it stays. Does nothing to a mail that is none. Raises InUse."""
    uses.refuse(str(email.id))
    Email.objects.filter(id=email.id).exclude(template_name="").delete()


def refuse_if_leaving(email: Email) -> None:
    """Raises OnItsWay where a broadcast of this mail is no draft any more."""
    if email.broadcasts.exclude(state=Broadcast.State.DRAFT).exists():
        raise OnItsWay


def _unaskable(done: Applied, *, at: datetime) -> Errors:
    """Conditions of sections that can't be asked, at the section's own place."""
    errors: Errors = {}
    for operation in done.operations:
        shown = operation.get("value") if operation["op"] == "show" else None
        try:
            condition_of(shown["tree"] if shown and "tree" in shown else {}, at=at)
        except Refusal as refusal:
            errors["blocks", operation["block"], "shown"] = str(refusal)
    return errors


def _locked(email: Email, revision: int) -> Email:
    refuse_if_leaving(email)
    locked: Email = Email.objects.select_for_update().get(id=email.id)
    if locked.revision != revision:
        raise Stale
    return locked


def _change(email: Email, number: int) -> EmailChange:
    change: EmailChange | None = EmailChange.objects.filter(email=email, number=number).first() if number else None
    if change is None:
        raise NothingToUndo
    return change


def _write(email: Email, before: Document, after: Document, *, at: datetime) -> Edited:
    email.document, email.revision, email.edited_at = documents.save(after), email.revision + 1, at
    email.save(update_fields=["document", "revision", "undoable", "undone", "edited_at"])
    return Edited(email, before, after)
