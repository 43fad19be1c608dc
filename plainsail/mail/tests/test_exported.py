"""What an export of contacts takes along of the mail that they were sent."""

from __future__ import annotations

from datetime import UTC, datetime

from plainsail.contacts.sockets import EXPORTED
from plainsail.contacts.tests.factories import ContactFactory
from plainsail.kernel.ids import new_id
from plainsail.mail.models import Delivery

MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)


def test_mail_says_what_was_sent_and_what_became_of_it(in_juniper):
    contact, other = ContactFactory(), ContactFactory()
    sent, _theirs = (
        Delivery.objects.create(
            stream="marketing",
            source_kind="broadcast",
            source_id=new_id(),
            recipient_key=one.id.hex,
            contact_id=one.id,
            subject="Glazes",
            state=Delivery.State.ACCEPTED,
            due_at=MAY,
            settled_at=MAY,
            clicked_at=MAY,
        )
        for one in (contact, other)
    )
    table = EXPORTED["mail"]
    (row,) = table.rows([contact.id])
    assert set(row) == set(table.columns)
    assert (row["contact_id"], row["id"], row["subject"]) == (contact.id, sent.id, "Glazes")
    assert (row["state"], row["clicked_at"]) == ("accepted", MAY)
