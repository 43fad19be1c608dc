"""Automations for tests."""

from __future__ import annotations

import factory

from plainsail.automations.models import Automation
from plainsail.automations.services import editing, flows, publishing
from plainsail.contacts.models import Contact, List, ListMember
from plainsail.contacts.services import consent, tags
from plainsail.contacts.services.addresses import hashed
from plainsail.kernel import clock


class ContactFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Contact

    email = factory.Sequence(lambda number: f"guest-{number}@example.com")
    address_hash = factory.LazyAttribute(lambda made: hashed(made.email))
    first_name = "Maren"


class ListFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = List

    name = "Free lesson"
    slug = factory.Sequence(lambda number: f"free-lesson-{number}")


class AutomationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Automation

    name = "Free lesson welcome"
    draft = factory.LazyFunction(flows.empty)
    edited_at = factory.LazyFunction(clock.now)


def live(flow, *, at=None, name="Free lesson welcome"):
    """An automation that lets people in."""
    made = editing.create(name=name, flow=flow, at=at or clock.now())
    publishing.publish_letting_them_finish(made, at=at or clock.now())
    made.refresh_from_db()
    return made


def joins(topic, contact=None, *, at=None):
    """Somebody confirms to be on a list."""
    contact = contact or ContactFactory()
    at = at or clock.now()
    member, _made = ListMember.objects.get_or_create(
        contact=contact, list=topic, defaults={"state": ListMember.State.PENDING, "changed_at": at}
    )
    ListMember.objects.filter(id=member.id).update(state=ListMember.State.PENDING)
    consent.confirm(member, at=at)
    return contact


def tag(workspace, name="Guest"):
    return tags.named(workspace, name)
