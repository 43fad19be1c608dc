"""Taking a person out of the ways into the customer page."""

from __future__ import annotations

from plainsail.contacts.sockets import Person
from plainsail.portal.models import SignInLink


def links(person: Person) -> int:
    """Links to sign in that went to one of their addresses. Returns how many rows."""
    return int(SignInLink.objects.filter(email__in=person.addresses).delete()[0])
