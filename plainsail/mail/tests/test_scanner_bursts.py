"""A program that follows every link is seen only at the last one: what its first clicks were counted for is taken back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from plainsail.contacts.models import Engagement
from plainsail.kernel.ids import new_id
from plainsail.mail.models import Delivery, LinkClick, Tally
from plainsail.mail.services import reporting
from plainsail.mail.tests.factories import BroadcastFactory, ListFactory, subscriber
from plainsail.tracking.models import Agent, Hit, Landing
from plainsail.tracking.services import agents, landing

pytestmark = pytest.mark.django_db
NOON = datetime.fromisoformat("2026-11-23T12:00:00+00:00")
SECOND = timedelta(seconds=1)
PERSON = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"


@pytest.fixture
def delivery(in_juniper):
    reader = subscriber(ListFactory(name="Kiln news"))
    broadcast = BroadcastFactory(started_at=NOON - timedelta(hours=1), accepted=1)
    return Delivery.objects.create(
        source_kind="broadcast",
        source_id=broadcast.id,
        contact_id=reader.id,
        recipient_key=str(reader.id),
        state=Delivery.State.ACCEPTED,
        stream="marketing",
        due_at=NOON - timedelta(hours=1),
        settled_at=NOON - timedelta(hours=1),
    )


def clicked(delivery, url, at):
    row = Landing(
        id=new_id(),
        workspace_id=delivery.workspace_id,
        kind="click",
        host="",
        path="",
        referrer="",
        url=url,
        at=at,
        user_agent=PERSON,
        ip="198.51.100.7",
        payload={},
        delivery_id=delivery.id,
        contact_id=delivery.contact_id,
    )
    landing.record([row], at=at)


def counted(delivery):
    broadcast = delivery_source(delivery)
    found = reporting.report(broadcast)
    return broadcast.clicked, sum(row.people for row in found.links), sum(row.clicks for row in found.links)


def delivery_source(delivery):
    return delivery.workspace.broadcasts.get(id=delivery.source_id)


def test_a_burst_turns_the_clicks_before_it_into_a_programs(delivery):
    for number in range(4):
        clicked(delivery, f"https://juniper.example/{number}", NOON + number * SECOND)
    assert counted(delivery) == (1, 4, 4)

    clicked(delivery, "https://juniper.example/4", NOON + 4 * SECOND)

    assert set(Hit.objects.values_list("agent", "reason")) == {("scanner", "many_links_at_once")}
    assert counted(delivery) == (0, 0, 0)
    delivery.refresh_from_db()
    assert delivery.clicked_at is None
    assert not LinkClick.objects.exists()
    assert sum(Tally.objects.filter(kind=Tally.Kind.HOUR).values_list("clicked", flat=True)) == 0
    assert Engagement.objects.get(contact_id=delivery.contact_id).clicked_at is None


def test_what_the_reader_followed_themselves_still_counts(delivery):
    for number in range(5):
        clicked(delivery, f"https://juniper.example/{number}", NOON + number * SECOND)
    later = NOON + timedelta(hours=2)
    clicked(delivery, "https://juniper.example/1", later)
    assert counted(delivery) == (1, 1, 1)
    delivery.refresh_from_db()
    assert delivery.clicked_at == later


def test_a_reader_who_came_before_the_program_keeps_their_click(delivery):
    before = NOON - timedelta(minutes=30)
    clicked(delivery, "https://juniper.example/1", before)
    for number in range(5):
        clicked(delivery, f"https://juniper.example/{number}", NOON + number * SECOND)
    assert counted(delivery) == (1, 1, 1)
    delivery.refresh_from_db()
    assert delivery.clicked_at == before
    assert Engagement.objects.get(contact_id=delivery.contact_id).clicked_at == before


def test_what_came_just_before_the_hidden_link_was_followed_was_the_same_program(delivery):
    clicked(delivery, "https://juniper.example/1", NOON)
    assert Hit.objects.get().agent == Agent.HUMAN
    clicked(delivery, f"https://juniper.example/?{agents.HIDDEN}", NOON + SECOND)
    assert sorted(Hit.objects.values_list("reason", flat=True)) == ["beside_hidden_link", "hidden_link"]
    assert counted(delivery) == (0, 0, 0)
