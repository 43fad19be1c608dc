"""Taking a person out of visits, clicks and opens: the numbers stay."""

from __future__ import annotations

from django.db.models import Q

from plainsail.contacts.sockets import Person
from plainsail.tracking.models import Hit, Landing, ParkedLanding, Visitor


def hits(person: Person) -> int:
    """Visits stay without whose they were, and without an address in them. Returns how many rows; reads all months."""
    visitors = list(Visitor.objects.filter(contact_id__in=person.ids).values_list("visitor_id", flat=True))
    Landing.objects.filter(Q(contact_id__in=person.ids) | person.mentioned_in("payload", "url", "path")).delete()
    rows = Hit.objects.filter(Q(contact_id__in=person.ids) | Q(visitor_id__in=visitors))
    for column in ("path", "url", "referrer"):
        Hit.objects.filter(person.mentioned_in(column)).update(**{column: ""})
    return int(rows.update(contact_id=None, visitor_id=None))


def parked(person: Person) -> int:
    """What could not be taken in and speaks of them goes. Returns how many rows."""
    ids = Q()
    for key in person.ids:
        ids |= Q(row__icontains=str(key)) | Q(row__icontains=key.hex)
    return int(ParkedLanding.objects.filter(ids | person.mentioned_in("row", "error")).delete()[0])
