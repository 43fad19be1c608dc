"""Which browser belongs to which contact: learned from forms and from links in mail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from plainsail.contacts.models import Contact
from plainsail.kernel.passers import is_passing
from plainsail.tracking.models import Agent, Hit, Visitor

A_DAY = timedelta(days=1)
LOOK_BACK = timedelta(days=90)
"""Earlier visits of a browser that becomes known are its contact's, this far back."""


def owners(visitor_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Visitor id to contact id, for those that are known."""
    return dict(Visitor.objects.filter(visitor_id__in=list(visitor_ids)).values_list("visitor_id", "contact_id"))


def link(visitor_id: UUID | None, contact_id: UUID, *, at: datetime) -> None:
    """This browser is this contact's; its recent visits join the contact's timeline. The latest contact wins.

    The number of a day is no browser's: see `join`.
    """
    if visitor_id is None or is_passing(visitor_id):
        return
    Visitor.objects.update_or_create(visitor_id=visitor_id, defaults={"contact_id": contact_id, "linked_at": at})
    recent = Hit.objects.filter(visitor_id=visitor_id, contact_id=None, at__gte=at - LOOK_BACK)
    recent.update(contact_id=contact_id)


def join(seen_as: UUID, visitor_id: UUID, contact_id: UUID, *, at: datetime) -> None:
    """The visits of today that were told apart by the number of a day become those of the browser that is known from now on,
    and of its contact, who sent a form under that number.

    Somebody else behind the same address may have made some of them. From then on they are told apart: one has a cookie.
    """
    if is_passing(seen_as):
        today = Hit.objects.filter(visitor_id=seen_as, contact_id=None, at__gte=at - A_DAY, at__lte=at)
        today.update(contact_id=contact_id, visitor_id=visitor_id)


def learn_from_clicks(hits: Sequence[Hit], *, at: datetime) -> None:
    """A person who followed a link in a mail is that mail's contact, as long as the contact is still there."""
    pairs = {
        hit.visitor_id: hit.contact_id
        for hit in hits
        if hit.kind == "click" and hit.agent == Agent.HUMAN and hit.visitor_id and hit.contact_id
    }
    if not pairs:
        return
    there = set(Contact.objects.filter(id__in=pairs.values()).values_list("id", flat=True))
    for visitor_id, contact_id in pairs.items():
        if contact_id in there:
            link(visitor_id, contact_id, at=at)
