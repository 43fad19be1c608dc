"""When somebody last changed is kept beside them: with the contact, with the profile, with tags and lists."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from plainsail.contacts.models import Contact, LastChange
from plainsail.contacts.services import contacts, tags
from plainsail.contacts.tests.factories import ContactFactory, TagFactory

pytestmark = pytest.mark.django_db
MAY = datetime(2027, 5, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def changed_at(contact):
    return LastChange.objects.get(contact=contact).at


@pytest.fixture
def maren(in_juniper):
    return ContactFactory(updated_at=MAY)


def test_it_begins_with_the_contact(maren):
    assert changed_at(maren) == MAY


def test_it_moves_with_the_profile_and_with_nothing_else_that_the_row_says(maren):
    contacts.update(maren, fields={"city": "Husum"}, at=MAY + DAY)
    assert changed_at(maren) == MAY + DAY
    tags.add(maren, TagFactory(), at=MAY + 2 * DAY)
    Contact.objects.filter(id=maren.id).update(score=5)
    assert changed_at(maren) == MAY + 2 * DAY


def test_a_tag_moves_it_and_leaves_the_contacts_own_row_alone(maren):
    tags.add(maren, TagFactory(), at=MAY + DAY)
    maren.refresh_from_db()
    assert (changed_at(maren), maren.updated_at) == (MAY + DAY, MAY)


def test_it_goes_with_the_contact_also_where_the_database_deletes_it(maren):
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM contacts_contact WHERE workspace_id = %s AND id = %s", [maren.workspace_id, maren.id]
        )
    assert not LastChange.objects.exists()


def test_keys_tied_in_sets_are_asked_about_changed_rows_only_where_they_change(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE '%%tie_update' AND tgattr = ''", [])
        assert cursor.fetchall() == []
