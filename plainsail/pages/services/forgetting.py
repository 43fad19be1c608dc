"""Taking a person out of what forms brought: that one was sent stays, what it said goes."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from plainsail.contacts.sockets import Person
from plainsail.pages.models import SplitSale, Submission, Unfinished

NOBODY = UUID(int=0)


def submissions(person: Person) -> int:
    """Rows lose what was written and from where. Returns how many."""
    rows = Submission.objects.filter(Q(contact_id__in=person.ids) | person.mentioned_in("values", "path"))
    return int(rows.update(values={}, ip=None, user_agent="", contact=None, path="", campaign={}))


def unfinished(person: Person) -> int:
    """Forms that the person began and never sent. Returns how many."""
    gone, _detail = Unfinished.objects.filter(person.mentioned_in("values", "path")).delete()
    return int(gone)


def split_sales(person: Person) -> int:
    """Sales stay with their variant; whose they were goes. Returns how many."""
    return int(SplitSale.objects.filter(contact_id__in=person.ids).update(contact_id=NOBODY))
