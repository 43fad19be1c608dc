"""What an export of contacts takes along of their visits, opens and clicks."""

from __future__ import annotations

from datetime import UTC, datetime

from plainsail.contacts.sockets import EXPORTED
from plainsail.contacts.tests.factories import ContactFactory
from plainsail.kernel.ids import new_id
from plainsail.tracking.models import Hit
from plainsail.tracking.services.landing import _make_months

MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)


def test_hits_say_what_was_done_and_whether_by_a_person(in_juniper):
    _make_months({(MAY.year, MAY.month)})
    contact = ContactFactory()
    Hit.objects.create(id=new_id(), at=MAY, kind="visit", contact_id=contact.id, path="/glazes", agent="human")
    Hit.objects.create(id=new_id(), at=MAY, kind="visit", path="/elsewhere", agent="human")
    table = EXPORTED["hits"]
    (row,) = table.rows([contact.id])
    assert set(row) == set(table.columns)
    assert (row["kind"], row["path"], row["agent"]) == ("visit", "/glazes", "human")
