"""Keys that are checked a statement at a time hold what foreign keys hold."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from plainsail.contacts.events import ContactCreated
from plainsail.contacts.models import Contact, ContactTag, FieldValue
from plainsail.contacts.tests.factories import ContactFactory, ContactTagFactory, TagFactory
from plainsail.kernel import clock
from plainsail.kernel.events import publish
from plainsail.kernel.tenancy import workspace


def sql(query: str, *parameters: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)


def ask_now() -> None:
    sql("SET CONSTRAINTS ALL IMMEDIATE")


class TestARowThatRefersToNothing:
    def test_is_refused(self, in_juniper):
        with pytest.raises(IntegrityError), transaction.atomic():
            ContactTag.objects.create(tag=TagFactory(), contact_id=uuid4())

    def test_is_refused_among_many_that_do_refer_to_something(self, in_juniper):
        tag = TagFactory()
        rows = [ContactTag(tag=tag, contact=ContactFactory()) for _number in range(3)]
        with pytest.raises(IntegrityError), transaction.atomic():
            ContactTag.objects.bulk_create([*rows, ContactTag(tag=tag, contact_id=uuid4())])
        ContactTag.objects.bulk_create(rows)

    def test_can_not_be_made_by_moving_one_either(self, in_juniper):
        made = ContactTagFactory()
        with pytest.raises(IntegrityError), transaction.atomic():
            ContactTag.objects.filter(pk=made.pk).update(contact_id=uuid4())

    def test_is_refused_where_what_it_refers_to_is_another_businesss(self, juniper, acme):
        with workspace(acme):
            theirs = ContactFactory()
        with workspace(juniper), pytest.raises(IntegrityError), transaction.atomic():
            ContactTag.objects.create(tag=TagFactory(), contact_id=theirs.id)


class TestWhatIsReferredTo:
    def test_can_not_go_alone(self, in_juniper):
        made = ContactTagFactory()
        with pytest.raises(IntegrityError), transaction.atomic():
            sql("DELETE FROM contacts_contact WHERE workspace_id = %s AND id = %s", in_juniper.id, made.contact_id)
            ask_now()

    def test_may_go_first_when_the_rest_goes_in_the_same_transaction(self, in_juniper):
        made = ContactTagFactory()
        with transaction.atomic():
            sql("DELETE FROM contacts_contact WHERE workspace_id = %s AND id = %s", in_juniper.id, made.contact_id)
            sql("DELETE FROM contacts_contacttag WHERE workspace_id = %s AND id = %s", in_juniper.id, made.id)
            ask_now()
        assert not Contact.objects.exists()

    def test_takes_its_rows_along_where_python_deletes_it(self, in_juniper):
        made = ContactTagFactory()
        made.contact.delete()
        ask_now()
        assert not ContactTag.objects.exists()

    def test_is_missed_at_the_commit_after_the_workspace_was_closed(self, transactional_db, juniper):
        with workspace(juniper):
            made = ContactTagFactory()
        with pytest.raises(IntegrityError), workspace(juniper):
            sql("DELETE FROM contacts_contact WHERE workspace_id = %s AND id = %s", juniper.id, made.contact_id)
        with workspace(juniper):
            assert Contact.objects.count() == ContactTag.objects.count() == 1

    def test_is_held_while_somebody_writes_a_row_that_refers_to_it(self, transactional_db, juniper):
        with workspace(juniper):
            tag, contact = TagFactory(), ContactFactory()
        said: list[str] = []

        def delete() -> None:
            try:
                with workspace(juniper):
                    sql("SET LOCAL lock_timeout = '200ms'")
                    Contact.objects.filter(pk=contact.pk).delete()
                said.append("deleted")
            except DatabaseError as error:
                said.append(type(error).__name__)
            finally:
                connection.close()

        with workspace(juniper):
            ContactTag.objects.create(tag=tag, contact=contact)
            thread = threading.Thread(target=delete)
            thread.start()
            thread.join()
        assert said == ["OperationalError"]


class TestAContactOfNoBusiness:
    def test_is_refused(self, db):
        with pytest.raises(IntegrityError), workspace(uuid4()):
            ContactFactory()

    def test_is_not_left_behind_where_a_business_is_deleted(self, in_juniper):
        ContactFactory()
        with pytest.raises(IntegrityError), transaction.atomic():
            sql("DELETE FROM kernel_workspace WHERE id = %s", in_juniper.id)
            ask_now()

    def test_is_not_told_of_either(self, db):
        with pytest.raises(IntegrityError), workspace(uuid4()):
            publish(ContactCreated(contact_id=uuid4(), source="import", at=clock.now()))


def test_the_policy_holds_for_values_as_before(juniper, acme):
    with workspace(acme):
        ContactTagFactory()
    with workspace(juniper):
        assert (ContactTag.objects.count(), FieldValue.objects.count()) == (0, 0)
