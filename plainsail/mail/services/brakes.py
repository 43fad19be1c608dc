"""Brakes: too many complaints or dead addresses stop a sender before mailbox providers do.

Gmail asks for less than 0.1 % complaints and turns senders away at 0.3 %; half-way between, nothing more leaves until
somebody looked. Of an import whose addresses are dead more than now and then, the rest had better not be written to.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from plainsail.contacts.models import Import, ImportedContact
from plainsail.mail import queries
from plainsail.mail.models import Delivery, Feedback, Sender
from plainsail.mail.services import senders
from plainsail.mail.services.replies import Cause

WINDOW = timedelta(days=30)
COMPLAINTS = Decimal("0.002")
ENOUGH_DELIVERED = 1000
DEAD_OF_IMPORT = Decimal("0.02")
ENOUGH_TRIED = 100
"""Messages to people of an import before its dead addresses say anything."""
RECENT_IMPORTS = timedelta(days=60)


def look(sender: Sender, kept: Feedback, *, at: datetime) -> None:
    """After something came back: stop the sender if it was too much. Counts only then."""
    if sender.is_paused:
        return
    if kept.kind == Feedback.Kind.COMPLAINT:
        _complaints(sender, at=at)
    elif kept.cause == Cause.HARD and kept.contact_id is not None:
        _import_of(sender, kept, at=at)


def _complaints(sender: Sender, *, at: datetime) -> None:
    # What somebody looked at and let go on is not held against it again.
    since = max(at - WINDOW, sender.resumed_at) if sender.resumed_at else at - WINDOW
    health = queries.health_of(sender, since=since, at=at)
    if health.accepted >= ENOUGH_DELIVERED and health.complaints >= COMPLAINTS * health.accepted:
        facts = {"complaints": health.complaints, "accepted": f"{health.accepted:,}"}
        senders.pause(
            sender,
            reason=_("%(complaints)s of %(accepted)s messages were reported as spam: more than 2 in 1,000.") % facts,
            at=at,
        )


def _import_of(sender: Sender, kept: Feedback, *, at: datetime) -> None:
    brought = ImportedContact.objects.filter(
        contact_id=kept.contact_id, is_created=True, origin__created_at__gt=at - RECENT_IMPORTS
    )
    found = brought.select_related("origin").order_by("-origin__created_at").first()
    if found is None:
        return
    tried, dead = dead_of(found.origin)
    if tried >= ENOUGH_TRIED and dead > DEAD_OF_IMPORT * tried and not _was_let_go(sender, found.origin):
        facts = {"dead": dead, "tried": f"{tried:,}", "name": found.origin.name}
        reason = _("%(dead)s of %(tried)s addresses from the import “%(name)s” don’t exist. Check where it came from.")
        senders.pause(sender, reason=reason % facts, at=at)


def dead_of(origin: Import) -> tuple[int, int]:
    """People of an import who were written to, and those of them whose address is dead. Two index joins."""
    people = ImportedContact.objects.filter(origin=origin, is_created=True).values("contact_id")
    sent = Delivery.objects.filter(contact_id__in=people, state__in=("accepted", "failed"))
    tried = sent.values("contact_id").distinct().count()
    dead = set(
        Feedback.objects.filter(contact_id__in=people, kind=Feedback.Kind.BOUNCE, cause=Cause.HARD).values_list(
            "contact_id", flat=True
        )
    )
    dead |= set(sent.filter(state="failed", cause=Cause.HARD).values_list("contact_id", flat=True))
    return tried, len(dead)


def _was_let_go(sender: Sender, origin: Import) -> bool:
    """Somebody resumed the sender after this import came in: they know."""
    return sender.resumed_at is not None and sender.resumed_at > origin.created_at
