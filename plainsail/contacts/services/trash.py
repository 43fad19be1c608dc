"""Contacts that were deleted can be restored for sixty days; then they are erased for good."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from plainsail.contacts.models import Contact
from plainsail.contacts.services import erasing
from plainsail.contacts.services.contacts import KEPT_FOR, TRASH
from plainsail.kernel import due

logger = logging.getLogger("plainsail.contacts")

AT_ONCE = 50
AGAIN = timedelta(days=1)
"""How long one waits that something stands in the way of: a contract that runs, money that is owed."""


def expect(*, at: datetime) -> None:
    """In the open workspace, somebody was deleted at this moment."""
    due.schedule(TRASH, at + KEPT_FOR)


def days_left(contact: Contact, *, at: datetime) -> int | None:
    """Whole days until a deleted contact is erased; None for one who isn't, or became part of another."""
    if contact.deleted_at is None or contact.merged_into is not None:
        return None
    return max(0, -(-(contact.deleted_at + KEPT_FOR - at) // timedelta(days=1)))


@due.runs(TRASH)
def empty(*, at: datetime) -> datetime | None:
    """Erase who was deleted long enough ago; returns when to look again.

    Who became part of another stays as the way there from old mail. Nobody asked never to be written to, so nothing says so.
    """
    deleted = Contact.objects.filter(deleted_at__isnull=False, merged_into=None).order_by("deleted_at", "id")
    ripe = list(deleted.filter(deleted_at__lte=at - KEPT_FOR)[:AT_ONCE])
    stuck = [one.id for one in ripe if not _erased(one, at=at)]
    following = deleted.exclude(id__in=stuck).values_list("deleted_at", flat=True).first()
    moments = [following + KEPT_FOR] if following else []
    return min([*moments, *([at + AGAIN] if stuck else [])], default=None)


def _erased(contact: Contact, *, at: datetime) -> bool:
    try:
        erasing.erase_deleted(contact, at=at)
    except erasing.NotYet as reasons:
        logger.info("a deleted contact stays", extra={"contact_id": str(contact.id), "reasons": len(reasons.reasons)})
        return False
    return True
