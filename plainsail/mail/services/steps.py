"""“Send an e-mail” as a step of an automation. One message for each run, step and visit: the ledger's key says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from plainsail.contacts.models import Contact, List
from plainsail.contacts.queries import may_receive
from plainsail.contacts.services import lists
from plainsail.mail.models import Delivery, Edition, Email, Stream
from plainsail.mail.services import emails, origins, sending, starters

KIND = "automation"


def begin(at: datetime) -> dict[str, Any]:
    """Settings of a new step: a mail of its own with words to start from, about the default list."""
    email = emails.create(starters.letter(), subject="", at=at)
    return {"email": str(email.id), "list": str(lists.default(origins.business(), at=at).id)}


def freeze(config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a step that goes live: the mail as it is now. Raises InvalidDocument."""
    email = Email.objects.get(id=config["email"])
    return {**config, "edition": str(emails.freeze(email).id)}


def send(*, contact: Contact, config: Mapping[str, Any], run_key: str, at: datetime) -> str | None:
    """Put the step's mail to a contact into the ledger; it leaves right after the commit.

    Returns None, or why nothing is sent: no consent, a suppressed address, a list or a mail that is gone.
    """
    edition = Edition.objects.filter(id=config["edition"]).first()
    topic = List.objects.filter(id=config["list"]).first()
    if edition is None or topic is None:
        return _("The mail or its list is gone.")
    verdict = may_receive(contact, topic)
    if not verdict.allowed:
        return _("Not sent: %(reason)s") % {"reason": said(verdict.reason)}
    source_id: UUID = edition.email_id
    _delivery, is_new = Delivery.objects.get_or_create(
        source_kind=KIND,
        source_id=source_id,
        occurrence=run_key,
        recipient_key=contact.id.hex,
        defaults={
            "stream": Stream.MARKETING,
            "contact_id": contact.id,
            "edition": edition,
            "list_id": topic.id,
            "due_at": at,
            "created_at": at,
        },
    )
    if is_new:
        sending.wake(source_id, at=at)
    return None


def again(config: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
    """Settings of a copied step: a mail of its own that says the same, so that changing one leaves the other alone."""
    email = Email.objects.filter(id=config.get("email")).first()
    kept = {key: value for key, value in config.items() if key != "edition"}
    return kept if email is None else {**kept, "email": str(emails.copy(email, at=at).id)}


def said(reason: str) -> str:
    """Why somebody may not get mail, in words."""
    if reason.startswith("suppressed"):
        return _("the address is blocked")
    if reason == "pending":
        return _("they have not confirmed the list yet")
    return _("they are not on the list") if reason == "not_subscribed" else _("the contact was deleted")
