"""Taking a person out of answers that are kept for programs that ask twice."""

from __future__ import annotations

from plainsail.api.models import KeptAnswer
from plainsail.contacts.sockets import Person


def answers(person: Person) -> int:
    """Answers of the last day that speak of them. Returns how many rows; reads all that are kept."""
    wanted = [word.encode() for word in (*person.addresses, *map(str, person.ids))]
    held = [
        key
        for key, content in KeptAnswer.objects.values_list("id", "content").iterator()
        if any(word in bytes(content).lower() for word in wanted)
    ]
    return int(KeptAnswer.objects.filter(id__in=held).delete()[0])
