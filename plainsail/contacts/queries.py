"""Questions about contacts: may they be written to, and why not; what happened to them."""

from __future__ import annotations

from dataclasses import dataclass

from plainsail.contacts.models import Contact, List, ListMember, Suppression


@dataclass(frozen=True)
class Verdict:
    """Whether a message may go out, and if not, why: `deleted`, `suppressed:<reason>`, `not_subscribed`, `pending`."""

    allowed: bool
    reason: str = ""


def may_receive(contact: Contact, topic: List | None) -> Verdict:
    """Whether a contact may get a message: about a list (marketing), or None for one about their own business with us.

    The one answer for broadcast, automation and export; `ContactQuerySet.mailable` is its set form. Transactional mail
    needs no consent, but no mail goes to an address that does not exist or that complained.
    """
    if contact.is_deleted:
        return Verdict(allowed=False, reason="deleted")
    found = Suppression.objects.filter(address_hash=contact.address_hash).first()
    if found is not None and (topic is not None or found.reason != Suppression.Reason.UNSUBSCRIBED):
        return Verdict(allowed=False, reason=f"suppressed:{found.reason}")
    if topic is None:
        return Verdict(allowed=True)
    member = ListMember.objects.filter(contact=contact, list=topic).first()
    if member is None or member.state == ListMember.State.UNSUBSCRIBED:
        return Verdict(allowed=False, reason="not_subscribed")
    return Verdict(allowed=member.state == ListMember.State.SUBSCRIBED, reason="" if member.state == "subscribed" else "pending")
