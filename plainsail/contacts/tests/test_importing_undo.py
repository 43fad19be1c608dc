"""An import taken back: what came with it goes, and what somebody did since stays."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from plainsail.contacts import queries
from plainsail.contacts.models import ConsentEntry, Contact, ImportedContact, ListMember, Suppression
from plainsail.contacts.services import contacts as people
from plainsail.contacts.services import fields, importing, tags
from plainsail.contacts.services import importing_undo as undoing
from plainsail.contacts.tests.factories import ContactFactory, ListFactory, ListMemberFactory
from plainsail.contacts.tests.test_importing import business, imported
from plainsail.kernel.models import EventRow

__all__ = ["business"]

JUNE = datetime(2026, 6, 1, 9, tzinfo=UTC)
BASIS = {"basis": "Paper forms", "basis_on": date(2025, 3, 1)}
TEXT = "email,first_name,tags\nanna@example.com,Anna,VIP\nbo@example.com,Bo,VIP\n"


def undone(business, made):
    importing.undo(made)
    undoing.take_back.function(workspace_id=business.pk, import_id=made.pk)
    made.refresh_from_db()
    assert made.state == "undone"
    assert not ImportedContact.objects.exists()
    return {name: made.tally[name] for name in ("gone", "kept", "restored", "stuck") if made.tally[name]}


def test_who_came_goes_with_all_that_came_along(business):
    fields.define(business, label="Size", kind="number", at=JUNE)
    made = imported(business, "email,size,tags\nanna@example.com,38,VIP\n", list_ids=[ListFactory().id], **BASIS)
    assert undone(business, made) == {"gone": 1}
    assert not any(model.objects.exists() for model in (Contact, ListMember, ConsentEntry))
    assert not EventRow.objects.exists()


def test_whoever_did_something_since_stays_and_is_named(business):
    made = imported(business, TEXT)
    anna = Contact.objects.get(email="anna@example.com")
    people.update(anna, fields={"city": "Oslo"}, at=JUNE)
    assert undone(business, made) == {"gone": 1, "kept": 1}
    assert list(Contact.objects.values_list("email", flat=True)) == ["anna@example.com"]
    assert made.faults.get().value == "anna@example.com"
    assert not anna.contact_tags.exists()


def test_changed_fields_go_back_and_tags_and_lists_come_off(business):
    topic, size = ListFactory(), fields.define(business, label="Size", kind="number", at=JUNE)
    anna = ContactFactory(email="anna@example.com", first_name="Anne")
    people.update(anna, fields={}, custom={size.key: "37"}, at=datetime(2026, 4, 1, tzinfo=UTC))
    tags.add(anna, tags.named(business, "Old"), at=JUNE)
    text = "email,first_name,city,size,tags\nanna@example.com,Anna,Oslo,38,VIP\n"
    made = imported(business, text, rule="overwrite", list_ids=[topic.id], **BASIS)
    assert undone(business, made) == {"restored": 1}
    anna.refresh_from_db()
    assert (anna.first_name, anna.city) == ("Anne", "")
    assert [str(value) for value in queries.values_of([anna])[anna.id].values()] == ["37"]
    assert [one.tag.name for one in anna.contact_tags.all()] == ["Old"]
    assert not anna.memberships.exists()


def test_what_was_changed_again_since_stays_as_it_is(business):
    anna = ContactFactory(email="anna@example.com", first_name="")
    made = imported(business, TEXT)
    people.update(anna, fields={"first_name": "Annika"}, at=JUNE)
    assert undone(business, made) == {"gone": 1, "stuck": 1}
    anna.refresh_from_db()
    assert anna.first_name == "Annika"


def test_who_waited_for_confirmation_waits_again(business):
    waiting = ListMemberFactory(contact__email="anna@example.com", state="pending")
    made = imported(business, TEXT, list_ids=[waiting.list_id], **BASIS)
    undone(business, made)
    waiting.refresh_from_db()
    assert waiting.state == "pending"


def test_a_bounce_that_the_file_told_of_is_not_forgotten(business):
    made = imported(business, "email,status\nanna@example.com,bounced\n")
    assert undone(business, made) == {"gone": 1}
    assert Suppression.objects.get().reason == "hard_bounce"


def test_a_deleted_contact_is_deleted_again(business):
    anna = ContactFactory(email="anna@example.com", deleted_at=datetime(2026, 1, 1, tzinfo=UTC))
    undone(business, imported(business, TEXT))
    anna.refresh_from_db()
    assert anna.deleted_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_what_never_began_can_not_be_undone(business):
    made = imported(business, TEXT)
    undone(business, made)
    with pytest.raises(importing.NotNow):
        importing.undo(made)
