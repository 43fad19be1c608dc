"""Taking a person out of tables that stay: events, faults of imports, rows of visits that aren't sorted yet."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from plainsail.contacts.models import BulkAction, ChangedContact, ContactExport, ImportFault
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


def marks(person: Person) -> int:
    """That something was told of them which watched segments have not looked at yet. Returns how many rows."""
    return int(ChangedContact.objects.filter(changed_id__in=person.ids).delete()[0])


def consents(person: Person) -> int:
    """They go with the contact; what they say is kept with the proof of the erasure."""
    return 0


NOBODY = str(UUID(int=0))


def bulk_actions(person: Person) -> int:
    """Whom somebody looked for or ticked. Returns how many rows."""
    return _unasked(BulkAction, person)


def exports(person: Person) -> int:
    """Whom somebody looked for when they took contacts along. Returns how many rows."""
    return _unasked(ContactExport, person)


def _unasked(model: type[BulkAction | ContactExport], person: Person) -> int:
    """What was asked, without what names the person.

    Nobody's id stands in for theirs: an action that is under way would be about everybody if none were left.
    """
    theirs = {str(key) for key in person.ids}
    named = Q()
    for word in {*theirs, *person.words}:
        named |= Q(asked__icontains=word)
    rows = list(model._default_manager.filter(named))
    for row in rows:
        asked = dict(row.asked)
        if "ids" in asked:
            asked["ids"] = [NOBODY if key in theirs else key for key in asked["ids"]]
        if "text" in asked:
            asked["text"] = person.scrubbed(asked["text"])
        row.asked = asked
    model._default_manager.bulk_update(rows, ["asked"])
    return len(rows)
