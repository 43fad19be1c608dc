"""The numbers beside tags and lists are kept while people come and go, and are those that counting would give."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from plainsail.contacts import queries
from plainsail.contacts.models import Contact, ContactTag, ListMember, Tally
from plainsail.contacts.tests.factories import ContactFactory, ListFactory, TagFactory
from plainsail.kernel.ids import new_id
from plainsail.kernel.tenancy import workspace


def shown(business) -> tuple[dict[object, int], dict[object, tuple[int, int]]]:
    tags = {tag.id: tag.uses for tag in queries.tags_with_uses(business)}
    return tags, {topic.id: (topic.subscribed, topic.pending) for topic in queries.lists_with_members(business)}


def counted(business) -> tuple[dict[object, int], dict[object, tuple[int, int]]]:
    uses = Counter(ContactTag.objects.values_list("tag_id", flat=True))
    states = Counter(ListMember.objects.values_list("list_id", "state"))
    lists = business.lists.values_list("id", flat=True)
    return (
        {tag.id: uses[tag.id] for tag in business.tags.all()},
        {one: (states[one, "subscribed"], states[one, "pending"]) for one in lists},
    )


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_they_are_what_counting_gives(juniper, in_juniper, seed):
    chance = random.Random(seed)  # which deeds come is all it decides
    people = [ContactFactory() for _number in range(6)]
    tags, topics = [TagFactory() for _ in range(2)], [ListFactory() for _ in range(2)]

    def tag_some():
        rows = [ContactTag(tag=chance.choice(tags), contact=one) for one in chance.sample(people, 3)]
        ContactTag.objects.bulk_create(rows, ignore_conflicts=True)

    def subscribe_some():
        topic, state = chance.choice(topics), chance.choice(ListMember.State.values)
        rows = [ListMember(list=topic, contact=one, state=state, changed_at=one.created_at) for one in people[:4]]
        ListMember.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["workspace", "list", "contact"], update_fields=["state"]
        )

    deeds = [
        tag_some,
        subscribe_some,
        lambda: ContactTag.objects.filter(tag=tags[0], contact__in=people[:2]).delete(),
        lambda: ListMember.objects.filter(list=topics[0]).update(state=chance.choice(ListMember.State.values)),
        lambda: ListMember.objects.filter(contact__in=people[3:5]).delete(),
        lambda: Contact.objects.filter(id=people[5].id).delete(),
        lambda: tags[1].delete() if tags[1].pk else None,
    ]
    for deed in chance.choices(deeds, weights=[6, 6, 2, 3, 2, 1, 1], k=30):
        people = [one for one in people if Contact.objects.filter(id=one.id).exists()] + [
            ContactFactory() for _ in range(6 - Contact.objects.count())
        ]
        tags = [tag if tag.pk and business_has(tag) else TagFactory() for tag in tags]
        deed()
        assert shown(juniper) == counted(juniper)


def business_has(tag) -> bool:
    return type(tag).objects.filter(pk=tag.pk).exists()


def test_many_changes_are_merged_on_the_way(juniper, in_juniper):
    tag, person = TagFactory(), ContactFactory()
    for _number in range(600):
        ContactTag.objects.create(tag=tag, contact=person)
        ContactTag.objects.filter(tag=tag).delete()
    ContactTag.objects.create(tag=tag, contact=person)
    assert shown(juniper)[0] == {tag.id: 1}
    assert Tally.objects.count() < 900


@pytest.mark.django_db(transaction=True)
def test_those_who_tag_at_the_same_time_lose_no_number(juniper):
    with workspace(juniper):
        tag = TagFactory()
        people = [ContactFactory() for _number in range(120)]

    def put_on(some) -> None:
        for one in some:
            with workspace(juniper):
                ContactTag.objects.bulk_create([ContactTag(id=new_id(), tag=tag, contact=one)])
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put_on, [people[start::4] for start in range(4)]))
    with workspace(juniper):
        assert shown(juniper)[0] == {tag.id: 120}


def test_a_business_sees_its_own_numbers_only(juniper, acme):
    with workspace(juniper):
        ContactTag.objects.create(tag=TagFactory(), contact=ContactFactory())
    with workspace(acme):
        assert not Tally.objects.exists()


def test_the_page_asks_as_little_for_a_tag_of_many_as_for_one_of_few(juniper, in_juniper, django_assert_num_queries):
    for _number in range(3):
        ContactTag.objects.create(tag=TagFactory(), contact=ContactFactory())
    with django_assert_num_queries(1):
        assert [tag.uses for tag in queries.tags_with_uses(juniper)] == [1, 1, 1]
