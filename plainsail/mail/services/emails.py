"""A mail being written: begun, copied, kept as a template, and frozen as it is sent. Changing its words is `editing`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.blocks.services import documents
from plainsail.blocks.services.documents import Document
from plainsail.contacts.services import uses
from plainsail.kernel.errors import Refusal
from plainsail.mail.models import Broadcast, Edition, Email, EmailChange
from plainsail.mail.services import headers, merge_fields, own_text


class Stale(Refusal):
    """The change was made on a revision that is no longer the newest."""

    code = "stale"
    message = _("This mail was changed somewhere else in the meantime. Here is the newest version.")


class OnItsWay(Refusal):
    """The mail is scheduled or leaving; what goes out is settled."""

    code = "on_its_way"
    message = _("This mail is on its way already. Stop it first to change it.")


class UnknownField(Refusal):
    """A merge field that doesn't exist; the message says which."""

    code = "unknown_field"
    status = 422


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
def keep_text(
    email: Email,
    text: str,
    *,
    seen: str,
    at: datetime,
    conditions: Sequence[Mapping[str, Any]] = (),
    by: User | None = None,
) -> Email:
    """Give the plain-text part words of its own, or none again. `seen` is the fingerprint of what the document made then,
    `conditions` are those of its sections, which the numbers in the text mean (see `own_text`).

    Raises OnItsWay, UnknownField, BadParts.
    """
    refuse_if_leaving(email)
    text = own_text.kept(text, conditions)
    if name := merge_fields.unknown(own_text.without_marks(text), merge_fields.names()):
        raise UnknownField(merge_fields.unknown_message(name), field="text")
    locked: Email = Email.objects.select_for_update(no_key=True).get(id=email.id)
    fields = {"text": text.strip(), "text_seen": seen if text.strip() else ""}
    return write(locked, at=at, by=by, fields=fields)


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


def write(
    email: Email,
    *,
    at: datetime,
    by: User | None,
    fields: Mapping[str, Any],
    kind: EmailChange.Kind = EmailChange.Kind.WORDS,
    step: Mapping[str, Any] | None = None,
) -> Email:
    """Write a locked mail's fields, under its next revision, with the step that says what was done to its document."""
    email.revision, email.edited_at = email.revision + 1, at
    for name, value in fields.items():
        setattr(email, name, value)
    email.save(update_fields=[*fields, "revision", "edited_at"])
    EmailChange.objects.create(email=email, number=email.revision, kind=kind, by=by, at=at, **(step or {}))
    return email
