"""A large business made of invented people."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest

from plainsail.cli import people, seeding
from plainsail.contacts import queries
from plainsail.contacts.models import ConsentEntry, Contact, ContactTag, Engagement, ListMember
from plainsail.kernel.tenancy import workspace
from plainsail.tracking.models import Hit

MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)


def sow(juniper, contacts, events, **options):
    return seeding.seed(juniper.slug, contacts=contacts, events=events, seed=1, at=MAY, **options)


def people_of(number, *, of="juniper"):
    random = Random(f"{of} 1 people 0")
    return list(people.people(0, number, tags=seeding.TAGS, since=MAY - people.YEAR, until=MAY, random=random))


def by_email(row):
    return row[1]


@pytest.fixture
def small_rounds(monkeypatch):
    monkeypatch.setattr(seeding, "AT_ONCE", 40)


@pytest.mark.django_db(transaction=True)
class TestSeeding:
    def test_makes_as_many_as_asked_each_with_tags_and_the_proof_of_its_standing(self, juniper, small_rounds):
        told = []
        made = sow(juniper, 100, 250, progress=told.append)
        with workspace(juniper):
            assert (Contact.objects.count(), ContactTag.objects.count(), Hit.objects.count()) == (100, 200, 250)
            assert ListMember.objects.count() == ConsentEntry.objects.count() > 60
            assert made.rows == 100 * 4 + 2 * ListMember.objects.count() + 250 == told[-1]
            on_list = ListMember.objects.filter(state="subscribed").select_related("contact", "list").first()
            assert queries.may_receive(on_list.contact, on_list.list).allowed
            assert not Contact.objects.exclude(email__endswith=".example").exists()
            assert Engagement.objects.exclude(visited_at=None).exists()
            for hit in Hit.objects.all():
                assert MAY - people.YEAR <= hit.at <= MAY

    def test_gives_the_same_people_and_deeds_for_the_same_number(self, juniper, acme):
        ours, again, theirs = sow(juniper, 30, 60), people_of(30), people_of(30, of="acme")
        assert ours.contacts == 30
        with workspace(juniper):
            rows = Contact.objects.order_by("email").values_list("id", "email", "score", "city")
            assert list(rows) == sorted(((one.id, one.email, one.score, one.city) for one in again), key=by_email)
        assert not {one.id for one in theirs} & {one.id for one in again}

    def test_goes_on_where_it_ended(self, juniper, small_rounds):
        sow(juniper, 50, 0)
        sow(juniper, 50, 20)
        with workspace(juniper):
            assert (Contact.objects.count(), Hit.objects.count()) == (100, 20)

    def test_a_business_that_there_is_not_is_refused(self, juniper):
        with pytest.raises(seeding.NoSuchBusiness):
            seeding.seed("nobody", contacts=1, events=0, seed=1, at=MAY)
