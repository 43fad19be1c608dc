"""Addresses that are not written to."""

from __future__ import annotations

from datetime import datetime

from plainsail.contacts.models import Contact, Suppression
from plainsail.contacts.services.addresses import hashed, normalise

Reason = Suppression.Reason
STRENGTH = (Reason.UNSUBSCRIBED, Reason.MANUAL, Reason.SOFT_BOUNCES, Reason.HARD_BOUNCE, Reason.COMPLAINT)
"""Of two reasons the later in this order stays. A wish can be taken back, and a complaint never is."""
SAID = (Reason.UNSUBSCRIBED, Reason.MANUAL, Reason.COMPLAINT)
"""Reasons that are about the person, whatever their address."""
BOUNCED = (Reason.SOFT_BOUNCES, Reason.HARD_BOUNCE, Reason.COMPLAINT)


def add(contact: Contact, *, reason: Suppression.Reason, at: datetime) -> None:
    """Stop all mail to a contact's address. A bounce or a complaint replaces a mere wish, never the other way round."""
    _store(contact.address_hash, reason, at=at)


def add_address(address: str, *, reason: Suppression.Reason, at: datetime) -> None:
    """The same for an address that is no contact's. Raises BadAddress."""
    _store(hashed(normalise(address)), reason, at=at)


def _store(address_hash: str, reason: Suppression.Reason, *, at: datetime) -> None:
    found, is_new = Suppression.objects.get_or_create(address_hash=address_hash, defaults={"reason": reason, "at": at})
    if not is_new and reason in BOUNCED and STRENGTH.index(reason) > STRENGTH.index(Reason(found.reason)):
        found.reason, found.at = reason, at
        found.save(update_fields=["reason", "at"])


def lift_own_wish(contact: Contact) -> None:
    """A person who once said “never” and now confirms is heard; a bounce or a complaint stays."""
    Suppression.objects.filter(address_hash=contact.address_hash, reason=Reason.UNSUBSCRIBED).delete()


def is_suppressed(contact: Contact) -> bool:
    """Whether nothing may be written to a contact's address."""
    return of(contact) is not None


def of(contact: Contact) -> Suppression | None:
    """Why nothing may be written to a contact's address, and since when; None where it may."""
    found: Suppression | None = Suppression.objects.filter(address_hash=contact.address_hash).first()
    return found
