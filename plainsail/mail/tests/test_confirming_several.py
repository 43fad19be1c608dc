"""One mail asks about all lists that somebody asked for at once, and names them."""

from __future__ import annotations

from datetime import UTC, datetime

from plainsail.contacts.models import ListMember
from plainsail.contacts.services import consent, contacts, lists
from plainsail.contacts.services.consent import Proof

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_what_is_confirmed_is_what_was_asked_for_together(in_juniper):
    first, second, earlier = (lists.create(in_juniper, name=name, at=NOW) for name in ("News", "Offers", "Earlier"))
    grace = contacts.create(email="grace@example.com", fields={}, source="test", at=NOW)
    consent.ask(grace, [earlier], proof=Proof(), at=NOW.replace(hour=9))
    consent.ask(grace, [first, second], proof=Proof(), at=NOW)
    member = ListMember.objects.get(list=first)

    named = [topic.name for topic in consent.lists_asked(member)]
    consent.confirm(member, at=NOW)

    assert named == ["News", "Offers"]
    states = dict(ListMember.objects.values_list("list__name", "state"))
    assert states == {"News": "subscribed", "Offers": "subscribed", "Earlier": "pending"}
