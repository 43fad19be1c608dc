"""Taking a person out of tables that stay: events, faults of imports, rows of visits that aren't sorted yet."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from plainsail.contacts.models import ImportFault
from plainsail.contacts.sockets import Person
from plainsail.kernel.models import EventRow, PendingEvent


def events(person: Person) -> int:
    """Events stay as numbers, without the person; who was still to hear of them doesn't. Returns how many rows."""
    rows = EventRow.objects.filter(contact_id__in=person.ids)
    PendingEvent.objects.filter(event__in=rows.values("id")).delete()
    EventRow.objects.exclude(contact_id__in=person.ids).filter(person.mentioned_in("payload")).update(payload={})
    return int(rows.update(payload={}, contact_id=None))


def faults(person: Person) -> int:
    """What imports could not take of the rows with the person's address, whichever cell it was. Returns how many rows."""
    named = ImportFault.objects.filter(person.mentioned_in("value"))
    same_row = named.filter(origin=OuterRef("origin"), row=OuterRef("row"))
    return int(ImportFault.objects.filter(Exists(same_row)).delete()[0])


def consents(person: Person) -> int:
    """They go with the contact; what they say is kept with the proof of the erasure."""
    return 0
