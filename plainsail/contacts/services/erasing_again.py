"""A restored backup knows people who were erased since it was made: they are erased again before anybody is served."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction

from plainsail.contacts.models import Contact
from plainsail.contacts.services import erased_list, erasing
from plainsail.kernel import clock, due
from plainsail.kernel.erasures import ErasedPerson
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import workspace

logger = logging.getLogger(__name__)
AGAIN = "contacts.erased_again"
"""Kind of due work: somebody is back from a backup, and something stood in the way of erasing them."""


def replay() -> None:
    """After a restore: erase again whoever is on the list and is there nevertheless; and complete the list.

    A transaction for each business. Who can't be erased yet is tried again every day, and told in the log.
    """
    at = clock.now()
    for business in Workspace.objects.exclude(name="").order_by("id"):
        with workspace(business):
            erased_list.complete()
            if following := again(at=at):
                due.schedule(AGAIN, following)


@due.runs(AGAIN, also_when_closed=True)
def again(*, at: datetime) -> datetime | None:
    """Erase whoever is on the list and was there before; returns when to try again where something stands in the way."""
    gone = {one.address_hash: one for one in erased_list.own()}
    found = Contact.objects.filter(address_hash__in=gone).order_by("id")
    # Somebody who came back by themselves after it is here of their own will.
    back = [one for one in found if one.created_at < gone[one.address_hash].at]
    is_done = True
    # Whoever was merged into another goes with them.
    for contact in sorted(back, key=lambda one: one.merged_into is not None):
        if Contact.objects.filter(pk=contact.pk).exists():
            is_done &= _is_erased(contact, gone[contact.address_hash])
    return None if is_done else at + timedelta(days=1)


def _is_erased(contact: Contact, entry: ErasedPerson) -> bool:
    told = {"workspace_id": contact.workspace_id, "contact_id": contact.id}
    try:
        with transaction.atomic():
            erasing.erase_restored(contact, is_suppressed=entry.is_suppressed, at=entry.at)
    except erasing.NotYet as refusal:
        logger.warning("a restored person waits to be erased again", extra=told | {"in_the_way": str(refusal)})
        return False
    logger.warning("a restored person is erased again", extra=told)
    return True
