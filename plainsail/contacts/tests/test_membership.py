"""Who comes into a watched segment and who leaves it is told once; of segments that nobody listens to nothing is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plainsail.contacts.models import Contact, Segment, SegmentMember
from plainsail.contacts.services import membership
from plainsail.contacts.sockets import SEGMENT_LISTENERS
from plainsail.contacts.tests.factories import ContactFactory, SegmentFactory
from plainsail.kernel.models import EventRow

MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def wanted(monkeypatch):
    """Segments that somebody listens to."""
    ids = set()
    monkeypatch.setitem(SEGMENT_LISTENERS._entries, "test", lambda: ids)
    return ids


@pytest.fixture
def germans(in_juniper, wanted):
    made = SegmentFactory(tree={"field": "country", "op": "is", "value": "DE"})
    wanted.add(made.id)
    return made


def told():
    rows = EventRow.objects.filter(name__startswith="contacts.segment_").order_by("at", "name")
    return [(row.name.removeprefix("contacts.segment_"), row.contact_id) for row in rows]


def test_who_is_in_it_already_has_not_entered(germans):
    ContactFactory(country="DE")
    membership.watch(germans.id, at=MAY)
    membership.look(at=MAY + DAY)
    assert told() == []
    assert SegmentMember.objects.count() == 1


def test_coming_and_going_is_told_once_each(germans):
    membership.watch(germans.id, at=MAY)
    ann = ContactFactory(country="DE")
    for days in (1, 2):
        membership.look(at=MAY + DAY * days)
    assert told() == [("entered", ann.id)]
    Contact.objects.update(country="FR")
    for days in (3, 4):
        membership.look(at=MAY + DAY * days)
    assert told() == [("entered", ann.id), ("left", ann.id)]


def test_time_alone_makes_somebody_leave(in_juniper, wanted):
    lately = SegmentFactory(tree={"field": "created", "op": "within", "value": 7})
    wanted.add(lately.id)
    ann = ContactFactory(created_at=MAY)
    membership.watch(lately.id, at=MAY)
    membership.look(at=MAY + DAY * 6)
    assert told() == []
    membership.look(at=MAY + DAY * 8)
    assert told() == [("left", ann.id)]


def test_who_is_deleted_leaves(germans):
    ann = ContactFactory(country="DE")
    membership.watch(germans.id, at=MAY)
    Contact.objects.update(deleted_at=MAY)
    membership.look(at=MAY + DAY)
    assert told() == [("left", ann.id)]


def test_what_nobody_listens_to_any_more_is_forgotten(germans, wanted):
    ContactFactory(country="DE")
    membership.watch(germans.id, at=MAY)
    wanted.clear()
    assert membership.look(at=MAY + DAY) is None
    assert (SegmentMember.objects.count(), Segment.objects.get().watched_at, told()) == (0, None, [])


def test_a_segment_that_can_t_be_understood_any_more_is_let_be(germans):
    ContactFactory(country="DE")
    membership.watch(germans.id, at=MAY)
    Segment.objects.update(tree={"field": "field:gone", "op": "is", "value": "x"})
    assert membership.look(at=MAY + DAY) == MAY + DAY + membership.EVERY
    assert (told(), SegmentMember.objects.count()) == ([], 1)
