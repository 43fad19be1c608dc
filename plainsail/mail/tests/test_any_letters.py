"""Addresses with letters beyond ASCII before the @: written to as they are, or not at all, and the books say why."""

from __future__ import annotations

import pytest
from aiosmtpd.smtp import SMTP

from plainsail.contacts.models import Suppression
from plainsail.mail.models import Delivery
from plainsail.mail.services import carrying
from plainsail.mail.tests import plugin
from plainsail.mail.tests.factories import BroadcastFactory, ListFactory, subscriber
from plainsail.mail.tests.test_broadcasts import books, send
from plainsail.mail.tests.test_carriers import carried

pytestmark = pytest.mark.django_db
Fate = Delivery.State


@pytest.fixture
def news(in_juniper):
    return ListFactory(name="Kiln news", is_default=True)


def test_a_name_of_any_letters_is_written_to_as_it_is_and_by_no_server_that_cannot(news, outbox, monkeypatch):
    broadcast = BroadcastFactory(list=news)
    subscriber(news, email="müller@xn--bcher-kva.example", first_name="Käthe")
    subscriber(news, email="maren@example.com")
    send(broadcast)
    assert sorted(outbox.recipients) == ["maren@example.com", "müller@xn--bcher-kva.example"]
    assert "müller@xn--bcher-kva.example".encode() in next(raw for raw in outbox.raw if b"ller@" in raw)
    monkeypatch.setattr(plugin._Controller, "factory", lambda self: SMTP(self.handler, hostname="mail.test"))
    again = send(BroadcastFactory(list=news, sender=broadcast.sender))
    assert books(again) == {"accepted": 1, "failed": 1}
    assert "SMTPUTF8" in Delivery.objects.get(source_id=again.id, state=Fate.FAILED).reply
    assert not Suppression.objects.exists()


def test_no_service_is_given_an_address_that_it_might_alter(news, service_of, outbox):
    service = service_of("postmark")
    _carrier, sender = carried("postmark")
    subscriber(news, email="müller@example.com")
    subscriber(news, email="maren@example.com")
    broadcast = send(BroadcastFactory(list=news, sender=sender))
    assert books(broadcast) == {"accepted": 1, "failed": 1}
    assert len(service.requests) == 1
    refused = Delivery.objects.get(state="failed")
    assert (refused.reply, refused.cause) == (carrying.NO_SUCH_LETTERS, "message_fault")
    assert not Suppression.objects.exists()
