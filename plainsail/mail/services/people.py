"""Contacts as mail sees them: who may get a message now, and what a mail may say about them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from plainsail.contacts.models import Contact, List, Suppression
from plainsail.contacts.queries import values_of
from plainsail.contacts.services import links, suppression
from plainsail.contacts.services.addresses import hashed, normalise
from plainsail.kernel.models import Workspace
from plainsail.mail.models import Delivery
from plainsail.mail.services import headers, merge_fields
from plainsail.mail.services.compiling import Recipient
from plainsail.mail.services.ledger import Outcome

State = Delivery.State

DEAD = (Suppression.Reason.HARD_BOUNCE, Suppression.Reason.COMPLAINT)


@dataclass(frozen=True)
class Sorted:
    """Deliveries whose contacts may get them, with what is said to each; and outcomes for all the others."""

    recipients: dict[UUID, Recipient]
    outcomes: list[Outcome]


def sort(deliveries: Collection[Delivery], *, business: Workspace) -> Sorted:
    """Ask consent and suppression again for claimed marketing messages, in four statements however many they are."""
    contacts = {
        contact.id: contact for contact in Contact.objects.filter(id__in=[each.contact_id for each in deliveries])
    }
    own = values_of(contacts.values())
    allowed = _allowed(deliveries)
    refused = [
        contact for contact in contacts.values() if contact.id not in {contact_id for contact_id, _list in allowed}
    ]
    suppressed = _suppressed(refused)
    recipients: dict[UUID, Recipient] = {}
    outcomes: list[Outcome] = []
    for delivery in deliveries:
        contact = contacts.get(delivery.contact_id) if delivery.contact_id else None
        if contact is None or (contact.id, delivery.list_id) not in allowed:
            outcomes.append(_left_out(delivery, contact, suppressed))
            continue
        try:
            said = merge_fields.values(contact, own[contact.id])
            recipients[delivery.id] = recipient(delivery.id, contact, delivery.list_id, business=business, values=said)
        except headers.Unmailable:
            outcomes.append(Outcome(delivery_id=delivery.id, state=State.FAILED, cause="unmailable"))
    return Sorted(recipients, outcomes)


def recipient(
    delivery_id: UUID, contact: Contact, list_id: UUID | None, *, business: Workspace, values: Mapping[str, str]
) -> Recipient:
    """One contact's own part of a mail; `values` are what merge fields say about them. Raises Unmailable."""
    unsubscribe = links.unsubscribe_url(business, contact.id, list_id)
    return Recipient(
        delivery_id=delivery_id,
        contact_id=contact.id,
        name=contact.name,
        address=headers.recipient(contact.email),
        values=values,
        unsubscribe_url=unsubscribe,
        preferences_url=links.preferences_url(business, contact.id),
        one_click_url=unsubscribe,
    )


def dead_addresses(addresses: Iterable[str]) -> set[str]:
    """Those of these addresses that no mail at all goes to: they bounced for good, or complained. One statement."""
    hashes = {address: hashed(normalise(address)) for address in addresses}
    against = set(
        Suppression.objects.filter(address_hash__in=hashes.values(), reason__in=DEAD).values_list(
            "address_hash", flat=True
        )
    )
    return {address for address, known in hashes.items() if known in against}


def suppress(delivery: Delivery, *, at: datetime) -> None:
    """The server says that there is no such mailbox: write there no more."""
    contact = Contact.objects.filter(id=delivery.contact_id).first() if delivery.contact_id else None
    address = contact.email if contact is not None and not delivery.address else delivery.address
    if address:
        suppression.add_address(address, reason=Suppression.Reason.HARD_BOUNCE, at=at)


def _allowed(deliveries: Collection[Delivery]) -> set[tuple[UUID, UUID | None]]:
    """(contact, list) pairs with consent and an address that may be written to."""
    by_list: dict[UUID | None, list[UUID | None]] = {}
    for delivery in deliveries:
        by_list.setdefault(delivery.list_id, []).append(delivery.contact_id)
    allowed: set[tuple[UUID, UUID | None]] = set()
    for topic in List.objects.filter(id__in=[each for each in by_list if each]):
        mailable = Contact.objects.filter(id__in=by_list[topic.id]).mailable(topic)
        allowed |= {(contact_id, topic.id) for contact_id in mailable.order_by().values_list("id", flat=True)}
    return allowed


def _suppressed(contacts: Collection[Contact]) -> dict[str, str]:
    """Address hash to the reason that stands against it."""
    if not contacts:
        return {}
    hashes = [contact.address_hash for contact in contacts]
    return dict(Suppression.objects.filter(address_hash__in=hashes).values_list("address_hash", "reason"))


def _left_out(delivery: Delivery, contact: Contact | None, suppressed: dict[str, str]) -> Outcome:
    if contact is None or contact.is_deleted:
        return Outcome(delivery_id=delivery.id, state=State.EXCLUDED, cause="no_contact")
    if reason := suppressed.get(contact.address_hash):
        return Outcome(delivery_id=delivery.id, state=State.SUPPRESSED, cause=reason)
    return Outcome(delivery_id=delivery.id, state=State.EXCLUDED, cause="no_consent")
