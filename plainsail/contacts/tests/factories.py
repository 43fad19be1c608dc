"""People, lists, tags and segments for tests. Made inside an open workspace."""

from __future__ import annotations

from datetime import timedelta

import factory

from plainsail.contacts.models import (
    BulkAction,
    Contact,
    ContactExport,
    ContactTag,
    Erasure,
    Import,
    List,
    ListMember,
    Note,
    ScoreLevel,
    ScoreRule,
    Segment,
    Tag,
    Task,
)
from plainsail.contacts.services.addresses import hashed
from plainsail.kernel import clock


class ContactFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Contact

    email = factory.Sequence(lambda number: f"person{number}@people.example.com")
    address_hash = factory.LazyAttribute(lambda made: hashed(made.email))
    first_name = "Maren"


class ListFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = List

    name = factory.Sequence(lambda number: f"Topic {number}")
    slug = factory.Sequence(lambda number: f"topic-{number}")


class ListMemberFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ListMember

    list = factory.SubFactory(ListFactory)
    contact = factory.SubFactory(ContactFactory)
    state = ListMember.State.SUBSCRIBED
    changed_at = factory.LazyFunction(clock.now)


class TagFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Tag

    name = factory.Sequence(lambda number: f"Guest {number}")
    slug = factory.Sequence(lambda number: f"guest-{number}")


class ContactTagFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ContactTag

    tag = factory.SubFactory(TagFactory)
    contact = factory.SubFactory(ContactFactory)


class SegmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Segment

    name = factory.Sequence(lambda number: f"People {number}")
    tree = factory.LazyFunction(dict)


class ImportFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Import

    name = "people.csv"
    state = Import.State.DONE
    started_at = factory.LazyFunction(clock.now)
    tally = factory.LazyFunction(lambda: {"created": 3, "changed": 1, "unchanged": 0, "repeated": 0, "refused": 1})


class ContactExportFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ContactExport

    rows_total = 3


class NoteFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Note

    contact = factory.SubFactory(ContactFactory)
    text = "Likes the blue glaze."
    at = factory.LazyFunction(clock.now)


class TaskFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Task

    contact = factory.SubFactory(ContactFactory)
    what = "Call back"


class ScoreRuleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ScoreRule

    name = "Tagged"
    event = "contacts.tag_added"
    points = 5


class ScoreLevelFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ScoreLevel

    name = "Hot"
    points = factory.Sequence(lambda number: 50 + number)


class BulkActionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = BulkAction

    kind = BulkAction.Kind.TAG
    state = BulkAction.State.DONE
    label = "Guest"
    changed = 3


class ErasureFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Erasure

    address_hash = "0" * 40
    erased_at = factory.LazyFunction(clock.now)
    certificate = factory.LazyFunction(lambda: {"rows": {"contacts.contact": 1}, "kept": []})
    kept_until = factory.LazyFunction(lambda: clock.now() + timedelta(days=1000))
