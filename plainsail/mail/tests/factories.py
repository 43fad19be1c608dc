"""Mail for tests."""

from __future__ import annotations

import factory

from plainsail.blocks.services import documents
from plainsail.contacts.models import Contact, List, ListMember
from plainsail.contacts.services.addresses import hashed
from plainsail.kernel import clock
from plainsail.kernel.crypto import encrypt
from plainsail.mail.models import Broadcast, Carrier, Email, Sender, SendingDomain


def document(text="<p>Dear {{first_name|friend}}, the kiln is on.</p>", link="https://juniper.example/course"):
    """A short mail with a text and a button."""
    return documents.build("juniper", [("text", {"text": text}), ("button", {"button": "Read on", "link": link})])


class SenderFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Sender

    name = "Juniper Pottery Studio"
    address = "hello@juniper.example"
    is_default = True


class EmailFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Email

    subject = "News from the kiln"
    preheader = "Four bowls and a teapot"
    document = factory.LazyFunction(lambda: documents.save(document()))
    edited_at = factory.LazyFunction(clock.now)


class ContactFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Contact

    email = factory.Sequence(lambda number: f"reader-{number}@example.com")
    address_hash = factory.LazyAttribute(lambda made: hashed(made.email))
    first_name = "Maren"
    last_name = "Thiessen"


class ListFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = List

    name = "Newsletter"
    slug = factory.Sequence(lambda number: f"newsletter-{number}")


def subscriber(topic, **fields):
    """A contact who is on a list, confirmed."""
    contact = ContactFactory(**fields)
    ListMember.objects.create(contact=contact, list=topic, state=ListMember.State.SUBSCRIBED, changed_at=clock.now())
    return contact


class BroadcastFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Broadcast

    email = factory.SubFactory(EmailFactory)
    sender = factory.SubFactory(SenderFactory)
    list = factory.SubFactory(ListFactory)
    edited_at = factory.LazyFunction(clock.now)


class SendingDomainFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SendingDomain

    domain = factory.Sequence(lambda number: f"kiln-{number}.example")
    findings = factory.LazyFunction(
        lambda: [{"key": "spf", "tone": "bad", "code": "spf_missing", "seen": "", "facts": {"name": "kiln.example"}}]
    )
    checked_at = factory.LazyFunction(clock.now)


class CarrierFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Carrier

    kind = "postmark"
    name = factory.Sequence(lambda number: f"account {number}")
    sealed = factory.LazyFunction(lambda: encrypt("mail.carrier", '{"server_token": "key", "message_stream": ""}'))
