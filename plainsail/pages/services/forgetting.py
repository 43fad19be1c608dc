"""Taking a person out of what forms brought: that one was sent stays, what it said goes."""

from __future__ import annotations

from django.db.models import Q

from plainsail.contacts.sockets import Person
from plainsail.pages.models import Submission, Unfinished


def submissions(person: Person) -> int:
    """Rows lose what was written and from where. Returns how many."""
    rows = Submission.objects.filter(Q(contact_id__in=person.ids) | person.mentioned_in("values", "path"))
    return int(rows.update(values={}, ip=None, user_agent="", contact=None, path="", campaign={}))


def unfinished(person: Person) -> int:
    """Forms that the person began and never sent. Returns how many."""
    gone, _detail = Unfinished.objects.filter(person.mentioned_in("values", "path")).delete()
    return int(gone)
