"""“Send an e-mail” as a step of an automation. One message for each run, step and visit: the ledger's key says so."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.automations.sockets import Work
from plainsail.contacts.models import Contact, List, ListMember, MailPause
from plainsail.contacts.queries import suppressions_of
from plainsail.contacts.services import lists, sets
from plainsail.kernel.addresses import workspace_url
from plainsail.kernel.errors import Refusal
from plainsail.mail.models import Delivery, Edition, Email, Stream
from plainsail.mail.services import checks, emails, gate, headers, origins, sending, starters

KIND, ACTION = "automation", "mail.send"


class NoPostalAddress(Refusal):
    """A step's mail is marketing as a broadcast is, and the law wants the same at its foot."""

    code = "no_postal_address"
    message = gettext_lazy("Your postal address is missing, and marketing mail must show it.")
    status = 422


class MailNotReady(Refusal):
    """Something in a mail keeps it from leaving, as it would keep a broadcast; the message says what."""

    code = "mail_not_ready"
    status = 422


class DomainNotReady(Refusal):
    """The domain that the mails come from is not set up, and no owner let them through; the message says what is missing."""

    code = "domain_not_ready"
    status = 422


def begin(at: datetime) -> dict[str, Any]:
    """Settings of a new step: a mail of its own with words to start from, about the default list."""
    email = emails.create(starters.letter(), subject="", at=at)
    return {"email": str(email.id), "list": str(lists.default(origins.business(), at=at).id)}


def entitle(config: Mapping[str, Any], subject: str) -> None:
    """Give a step's new mail its subject."""
    Email.objects.filter(id=config["email"]).update(subject=headers.one_line(subject))


def check_live(configs: Sequence[Mapping[str, Any]], at: datetime) -> None:
    """Whether the mails of an automation's steps may leave from now on, as a broadcast's may. A rendering for each of them.

    Raises NoPostalAddress, DomainNotReady, MailNotReady.
    """
    business = origins.business()
    if not business.postal_address.strip():
        raise NoPostalAddress(links=[gate.way_to_address(business)])
    mails = Email.objects.filter(id__in={config["email"] for config in configs}).order_by("created_at", "id")
    if (waiting := gate.held(mails)).mails:
        raise DomainNotReady(gate.worded(waiting.faults[0]), links=[gate.way_to_mails(business, waiting.mails)])
    for mail in mails:
        if found := [check for check in checks.of_mail(mail, at=at) if check.is_blocking]:
            said = _("“%(mail)s”: %(fault)s") % {"mail": mail, "fault": found[0].text}
            raise MailNotReady(said, links=[(_("Open the mail"), workspace_url(business, "mail:email", mail.id))])


def freeze(config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a step that goes live: the mail as it is now. Raises InvalidDocument."""
    email = Email.objects.get(id=config["email"])
    return {**config, "edition": str(emails.freeze(email).id)}


def send(*, contact: Contact, config: Mapping[str, Any], run_key: str, at: datetime) -> str | None:
    """Put the step's mail to a contact into the ledger; it leaves right after the commit.

    Returns None, or why nothing is sent: no consent, a suppressed address, a list or a mail that is gone.
    """
    return send_many([Work(contact.id, run_key)], config, at).get(run_key)


def send_many(work: Sequence[Work], config: Mapping[str, Any], at: datetime) -> dict[str, str]:
    """The same for many, in a few statements; returns by run key why nothing is sent, for those of whom that is so."""
    edition = Edition.objects.filter(id=config["edition"]).first()
    topic = List.objects.filter(id=config["list"]).first()
    if edition is None or topic is None:
        return dict.fromkeys((each.run_key for each in work), _("The mail or its list is gone."))
    people = {each.contact_id for each in work}
    mailable = set(Contact.objects.filter(id__in=people).mailable(topic).values_list("id", flat=True))
    reasons = _reasons(people - mailable, topic)
    rows = [
        Delivery(
            source_kind=KIND,
            source_id=edition.email_id,
            occurrence=each.run_key,
            recipient_key=each.contact_id.hex,
            stream=Stream.MARKETING,
            contact_id=each.contact_id,
            edition=edition,
            list_id=topic.id,
            due_at=at,
            created_at=at,
        )
        for each in work
        if each.contact_id in mailable
    ]
    if rows:
        # The ledger's key says which of them are there already.
        Delivery.objects.bulk_create(rows, ignore_conflicts=True, batch_size=2000)
        sending.wake(edition.email_id, at=at)
    return {
        each.run_key: _("Not sent: %(reason)s") % {"reason": said(reasons[each.contact_id])}
        for each in work
        if each.contact_id in reasons
    }


def _reasons(people: Collection[UUID], topic: List) -> dict[UUID, str]:
    """Why these contacts may not get mail on a list, as `may_receive` says it; four statements."""
    if not people:
        return {}
    contacts = {one.id: one for one in Contact.objects.filter(id__in=people)}
    against, states = suppressions_of(contacts.values()), sets.states_on(topic, people)
    resting = set(MailPause.objects.filter(contact_id__in=people).values_list("contact_id", flat=True))

    def why(contact_id: UUID) -> str:
        contact = contacts.get(contact_id)
        if contact is None or contact.is_deleted:
            return "deleted"
        if contact.address_hash in against:
            return f"suppressed:{against[contact.address_hash]}"
        if contact_id in resting:
            return "paused"
        if topic.archived_at is not None:
            return "list_archived"
        return "pending" if states.get(contact_id) == ListMember.State.PENDING else "not_subscribed"

    return {contact_id: why(contact_id) for contact_id in people}


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
    if reason == "paused":
        return _("they asked for some weeks without mail")
    if reason == "list_archived":
        return _("the list is put away")
    return _("they are not on the list") if reason == "not_subscribed" else _("the contact was deleted")
