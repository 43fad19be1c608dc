"""Taking a person out of the ledger of mail: that something was sent stays, to whom goes."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from plainsail.contacts.sockets import Person
from plainsail.kernel.crypto import keyed_hash
from plainsail.mail.models import Delivery, Feedback, SealedBody

BATCH = 1000


def bodies(person: Person) -> int:
    """What still waits in an envelope is thrown away. Returns how many rows; before `deliveries`, which forgets whose they are."""
    return int(SealedBody.objects.filter(delivery__in=_of(person).values("id")).delete()[0])


def deliveries(person: Person) -> int:
    """Rows lose contact, address, subject and reply; what still waits is left out. Returns how many rows.

    The key that makes a message go once becomes a code, so that it stays unique and leads to nobody.
    """
    rows = _of(person)
    rows.filter(state=Delivery.State.QUEUED).update(state=Delivery.State.EXCLUDED, cause="erased")
    found = list(rows.only("id", "recipient_key"))
    for row in found:
        row.recipient_key = keyed_hash("mail.erased", f"{row.id}")
        row.contact_id, row.address, row.subject, row.reply = None, "", "", ""
    names = ["recipient_key", "contact_id", "address", "subject", "reply"]
    Delivery.objects.bulk_update(found, names, batch_size=BATCH)
    return len(found)


def feedback(person: Person) -> int:
    """What came back about their mail stays as a number: not whose it was, and not what it said. Returns how many rows."""
    rows = Feedback.objects.filter(contact_id__in=person.ids)
    return int(rows.update(contact_id=None, words="", excerpt=""))


def _of(person: Person) -> QuerySet[Delivery]:
    found: QuerySet[Delivery] = Delivery.objects.filter(Q(contact_id__in=person.ids) | Q(address__in=person.addresses))
    return found
