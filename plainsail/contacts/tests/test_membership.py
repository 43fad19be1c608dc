"""Who comes into a watched segment and who leaves it is told once; of segments that nobody listens to nothing is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from plainsail.contacts.models import ChangedContact, Contact, Segment, SegmentMember
from plainsail.contacts.services import contacts, fields, membership, merging, segments, tags
from plainsail.contacts.sockets import SEGMENT_LISTENERS
from plainsail.contacts.tests.factories import ContactFactory, SegmentFactory, TagFactory
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


MINUTE = timedelta(minutes=1)


class TestMarks:
    def test_a_change_is_seen_at_the_next_look_without_comparing_the_whole(self, germans):
        ann, silent = ContactFactory(), ContactFactory()
        membership.watch(germans.id, at=MAY)
        membership.look(at=MAY)
        contacts.update(ann, fields={"country": "DE"}, at=MAY)
        Contact.objects.filter(pk=silent.pk).update(country="DE")  # nobody is told of it
        membership.look(at=MAY + MINUTE)
        assert told() == [("entered", ann.id)]
        contacts.update(ann, fields={"country": "FR"}, at=MAY)
        membership.look(at=MAY + 2 * MINUTE)
        assert told() == [("entered", ann.id), ("left", ann.id)]

    def test_a_look_takes_them_all_and_leaves_none_itself(self, germans):
        membership.watch(germans.id, at=MAY)
        contacts.create(email="ann@example.com", fields={"country": "DE"}, source="manual", at=MAY)
        assert ChangedContact.objects.exists()
        membership.look(at=MAY)
        assert told() != []
        assert not ChangedContact.objects.exists()

    def test_where_nothing_is_watched_nothing_is_written(self, in_juniper):
        contacts.create(email="ann@example.com", fields={"country": "DE"}, source="manual", at=MAY)
        assert not ChangedContact.objects.exists()

    def test_only_segments_that_read_what_changed_are_asked(self, germans, wanted):
        for number in range(3):
            tagged = SegmentFactory(tree={"field": "company", "op": "is", "value": f"Company {number}"})
            wanted.add(tagged.id)
        for segment_id in wanted:
            membership.watch(segment_id, at=MAY)
        membership.look(at=MAY)
        ann = ContactFactory()
        contacts.update(ann, fields={"city": "Bremen"}, at=MAY)
        with CaptureQueriesContext(connection) as nothing_read:
            membership.look(at=MAY + MINUTE)
        contacts.update(ann, fields={"country": "DE"}, at=MAY)
        with CaptureQueriesContext(connection) as one_reads:
            membership.look(at=MAY + 2 * MINUTE)
        asked = [one["sql"] for one in one_reads if "contacts_segmentmember" in one["sql"]]
        assert len(asked) == 1
        assert not [one for one in nothing_read if "contacts_segmentmember" in one["sql"]]

    def test_one_that_asks_another_segment_reads_what_that_one_reads(self, germans, wanted):
        outer = SegmentFactory(tree={"field": "segment", "op": "is", "value": str(germans.id)})
        wanted.add(outer.id)
        membership.watch(outer.id, at=MAY)
        membership.look(at=MAY)
        ann = ContactFactory()
        contacts.update(ann, fields={"country": "DE"}, at=MAY)
        membership.look(at=MAY + MINUTE)
        assert SegmentMember.objects.get(segment=outer).contact_id == ann.id

    def test_tags_lists_and_own_fields_are_among_what_is_told(self, in_juniper, wanted):
        tag, ann = TagFactory(), ContactFactory()
        tagged = SegmentFactory(tree={"field": "tag", "op": "is", "value": str(tag.id)})
        wanted.add(tagged.id)
        membership.watch(tagged.id, at=MAY)
        membership.look(at=MAY)
        tags.add(ann, tag, at=MAY)
        membership.look(at=MAY + MINUTE)
        assert told() == [("entered", ann.id)]

    def test_somebody_merged_into_another_leaves(self, germans):
        ann, other = ContactFactory(country="DE"), ContactFactory(country="DE")
        membership.watch(germans.id, at=MAY)
        membership.look(at=MAY)
        merging.merge(ann, other, at=MAY)
        membership.look(at=MAY + MINUTE)
        assert told() == [("left", other.id)]

    def test_an_edited_segment_is_compared_as_a_whole(self, germans):
        ann = ContactFactory(country="FR")
        membership.watch(germans.id, at=MAY)
        membership.look(at=MAY)
        tree = {"field": "country", "op": "is", "value": "FR"}
        segments.save(germans.workspace, name=germans.name, tree=tree, at=MAY, segment=germans)
        membership.look(at=MAY + MINUTE)
        assert told() == [("entered", ann.id)]

    def test_those_left_when_nothing_is_watched_any_more_go(self, germans, wanted):
        membership.watch(germans.id, at=MAY)
        contacts.create(email="ann@example.com", fields={}, source="manual", at=MAY)
        wanted.clear()
        membership.look(at=MAY)
        assert not ChangedContact.objects.exists()


class TestTheNextWholeComparison:
    def next_of(self, tree, *, at):
        made = SegmentFactory(tree=tree)
        membership.watch(made.id, at=at)
        membership.compare(Segment.objects.select_related("workspace").get(pk=made.pk), at=at)
        return Segment.objects.get(pk=made.pk).next_at

    def test_is_a_day_off_where_time_changes_nothing(self, in_juniper):
        assert self.next_of({"field": "country", "op": "is", "value": "DE"}, at=MAY) == MAY + DAY

    def test_is_when_the_first_one_falls_out_of_the_days(self, in_juniper):
        ContactFactory(created_at=MAY - 7 * DAY + timedelta(hours=3))
        ContactFactory(created_at=MAY - DAY)
        assert self.next_of({"field": "created", "op": "within", "value": 7}, at=MAY) == MAY + timedelta(hours=3)

    def test_is_midnight_where_days_of_own_fields_are_counted(self, in_juniper):
        fields.define(in_juniper, label="Birthday", kind="date", at=MAY)
        midnight = datetime(2026, 5, 2, tzinfo=ZoneInfo(in_juniper.timezone))
        assert self.next_of({"field": "field:birthday", "op": "ahead", "value": 7}, at=MAY) == midnight

    def test_is_soon_where_something_is_read_that_nobody_announces(self, in_juniper):
        tree = {"all": [{"field": "visited", "op": "has", "value": "", "days": 7}]}
        assert self.next_of(tree, at=MAY) == MAY + membership.UNTOLD

    def test_is_of_the_segment_that_is_asked_too(self, in_juniper):
        ContactFactory(created_at=MAY - 6 * DAY)
        inner = SegmentFactory(tree={"field": "created", "op": "within", "value": 6})
        tree = {"not": {"field": "segment", "op": "is", "value": str(inner.id)}}
        assert self.next_of(tree, at=MAY) == MAY + timedelta(milliseconds=1)
