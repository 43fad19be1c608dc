"""What a reader may ask for on the page of what they get, beyond lists: a pause, and to be erased."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from plainsail.accounts.models import Membership, Role
from plainsail.contacts.models import Contact, ErasureRequest, MailPause
from plainsail.contacts.services import consent, tasks
from plainsail.contacts.services.consent import Proof
from plainsail.kernel import due
from plainsail.kernel.periods import local_date

WEEKS = (2, 4, 8, 12)
"""How long a pause may be."""
ANSWER_WITHIN = timedelta(days=28)
"""GDPR, art. 12(3): within one month, and February is one."""
PAUSES = "contacts.pauses"


@transaction.atomic
def pause(contact: Contact, *, weeks: int, at: datetime) -> MailPause:
    """No marketing mail for some weeks; what comes out meanwhile is not sent later. Asked again, it runs from now."""
    made: MailPause
    made, _is_new = MailPause.objects.update_or_create(
        contact=contact, defaults={"until": at + timedelta(weeks=weeks), "asked_at": at}
    )
    due.schedule(PAUSES, made.until)
    return made


def go_on(contact: Contact) -> None:
    """The pause ends now."""
    MailPause.objects.filter(contact=contact).delete()


def pause_of(contact: Contact) -> MailPause | None:
    found: MailPause | None = MailPause.objects.filter(contact=contact).first()
    return found


@due.runs(PAUSES)
def end_pauses(*, at: datetime) -> datetime | None:
    """End what is over; returns when the next pause ends."""
    MailPause.objects.filter(until__lte=at).delete()
    following: datetime | None = MailPause.objects.order_by("until").values_list("until", flat=True).first()
    return following


@transaction.atomic
def ask_to_be_erased(contact: Contact, *, ip: str | None, at: datetime) -> ErasureRequest:
    """Mail stops at once and for good; an owner gets the task to erase within the time that the law gives. Once."""
    made: ErasureRequest
    made, is_new = ErasureRequest.objects.get_or_create(contact=contact, defaults={"asked_at": at, "created_at": at})
    if not is_new:
        return made
    consent.withdraw_all(contact, at=at, proof=Proof(source="erasure request", ip=ip))
    business = contact.workspace
    owner = Membership.objects.filter(workspace=business, role=Role.OWNER).select_related("user").order_by("id").first()
    with translation.override(business.locale):
        what = _("Asked to be erased (GDPR): delete what you keep about them, and tell them.")
    tasks.create_by_itself(
        contact,
        what=what,
        due_on=local_date(at + ANSWER_WITHIN, business.timezone),
        assignee=owner.user if owner else None,
        at=at,
    )
    return made


def has_asked_to_be_erased(contact: Contact) -> bool:
    return bool(ErasureRequest.objects.filter(contact=contact).exists())
