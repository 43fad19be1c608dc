"""Many contacts at once, and back again; deleted ones wait sixty days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plainsail.accounts.models import Membership, Role
from plainsail.contacts.models import (
    BulkAction,
    ConsentEntry,
    Contact,
    ContactTag,
    ListMember,
    Suppression,
)
from plainsail.contacts.services import acting, contacts, merging, scoring, tags, trash
from plainsail.contacts.services.acting import Chosen
from plainsail.contacts.sockets import ERASURE_OBSTACLES
from plainsail.contacts.tests.factories import ContactFactory, ListFactory, ListMemberFactory, SegmentFactory
from plainsail.kernel import clock
from plainsail.kernel.models import EventRow
from plainsail.kernel.testing import run_jobs

MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)
CONTACTS = "/w/juniper/contacts/"
EVERYBODY = Chosen()


@pytest.fixture
def people(in_juniper, monkeypatch):
    """Five, in chunks of two."""
    monkeypatch.setattr(acting, "CHUNK", 2)
    return [ContactFactory(country="DE" if number < 3 else "FR") for number in range(5)]


def done(action) -> BulkAction:
    run_jobs()
    action.refresh_from_db()
    return action


def undone(action) -> BulkAction:
    acting.undo(action, at=MAY)
    return done(action)


def test_a_tag_comes_on_all_in_a_segment_and_off_those_who_got_it(people, in_juniper):
    tags.add(people[0], tags.named(in_juniper, "Guest"), at=MAY)
    germans = SegmentFactory(tree={"field": "country", "op": "is", "value": "DE"})
    made = done(acting.tag(in_juniper, Chosen(segment_id=str(germans.id)), name="guest", by=None, at=MAY))
    assert (made.state, made.rows_total, made.rows_done, made.changed) == ("done", 3, 3, 2)
    assert ContactTag.objects.count() == 3
    assert undone(made).state == "undone"
    assert ContactTag.objects.get().contact == people[0]


def test_whom_the_action_takes_out_of_the_filter_are_all_reached(people, in_juniper):
    tag = tags.named(in_juniper, "Guest")
    tags.add_to_many(people, tag, at=MAY)
    made = done(acting.untag(in_juniper, Chosen(tag_id=str(tag.id)), tag=tag, by=None, at=MAY))
    assert (made.changed, ContactTag.objects.count()) == (5, 0)
    undone(made)
    assert ContactTag.objects.count() == 5


def test_those_who_left_a_list_stay_away_and_each_other_has_a_proof(people, in_juniper):
    topic = ListFactory()
    ListMemberFactory(list=topic, contact=people[0], state="unsubscribed")
    ListMemberFactory(list=topic, contact=people[1], state="pending")
    made = done(acting.join(in_juniper, EVERYBODY, topic=topic, basis="Signed at the fair", by=None, at=MAY))
    assert made.changed == 4
    assert set(ConsentEntry.objects.values_list("wording", "source")) == {("Signed at the fair", "bulk")}
    assert ListMember.objects.filter(state="subscribed").count() == ConsentEntry.objects.count() == 4
    with pytest.raises(acting.NotNow):
        acting.undo(made, at=MAY)


def test_points_are_given_and_taken_back_beside_what_was_earned(people, in_juniper, ada):
    scoring.set_by_hand(people[0], score=7, note="", author=ada, at=MAY)
    made = done(acting.score(in_juniper, Chosen(ids=(people[0].id, people[1].id)), points=5, by=ada, at=MAY))
    assert sorted(Contact.objects.values_list("score", flat=True)) == [0, 0, 0, 5, 12]
    undone(made)
    assert sorted(Contact.objects.values_list("score", flat=True)) == [0, 0, 0, 0, 7]


def test_deleting_all_is_told_of_each_and_undone(people, in_juniper):
    made = done(acting.delete(in_juniper, EVERYBODY, by=None, at=MAY))
    assert not Contact.objects.alive().exists()
    assert EventRow.objects.filter(name="contacts.contact_deleted").count() == 5
    undone(made)
    assert Contact.objects.alive().count() == 5


def test_restoring_leaves_out_who_became_part_of_another(people, in_juniper):
    merging.merge(people[0], people[1], at=MAY)
    contacts.delete(people[2], at=clock.now())
    made = done(acting.restore(in_juniper, Chosen(state="deleted"), by=None, at=MAY))
    assert made.changed == 1
    assert Contact.objects.alive().count() == 4


def test_a_job_that_comes_twice_does_nothing_twice(people, in_juniper):
    made = done(acting.score(in_juniper, EVERYBODY, points=5, by=None, at=MAY))
    acting.work.function(workspace_id=in_juniper.pk, action_id=made.id)
    assert set(Contact.objects.values_list("score", flat=True)) == {5}


class TestScreens:
    def test_those_ticked_are_shown_and_changed(self, as_ada, people):
        page = as_ada.get(f"{CONTACTS}bulk/new/?ids={people[0].id}&ids={people[1].id}&ids=garbage")
        assert page.context["number"] == 2
        answer = as_ada.post(
            f"{CONTACTS}bulk/new/?ids={people[0].id}&ids={people[1].id}", {"kind": "tag", "tag": "Press"}
        )
        run_jobs()
        page = as_ada.get(answer["Location"])
        assert (page.context["action"].changed, "Undo" in page.content.decode()) == (2, True)
        assert as_ada.post(f"{answer['Location']}undoing/").status_code == 302
        run_jobs()
        assert not ContactTag.objects.exists()
        assert "Press" in as_ada.get(f"{CONTACTS}bulk/").content.decode()

    @pytest.mark.parametrize(
        ("given", "fault"),
        [
            ({"kind": "tag"}, "tag"),
            ({"kind": "untag", "tag": "none"}, "tag"),
            ({"kind": "join", "basis": "x"}, "list"),
            ({"kind": "score"}, "points"),
            ({"kind": "score", "points": "many"}, "points"),
            ({"kind": "restore"}, "kind"),
            ({}, "kind"),
        ],
    )
    def test_what_lacks_is_told_at_the_field(self, as_ada, people, given, fault):
        page = as_ada.post(f"{CONTACTS}bulk/new/", given)
        assert (page.status_code, list(page.context["form"].errors)) == (422, [fault])
        assert not BulkAction.objects.exists()

    def test_a_list_without_a_basis_is_refused(self, as_ada, people):
        page = as_ada.post(f"{CONTACTS}bulk/new/", {"kind": "join", "list": ListFactory().id})
        assert list(page.context["form"].errors) == ["basis"]

    def test_whoever_may_only_look_changes_nobody(self, as_ben, ben, people):
        Membership.objects.filter(user=ben).update(role=Role.VIEWER)
        assert as_ben.post(f"{CONTACTS}bulk/new/", {"kind": "delete"}).status_code == 403
        assert 'name="ids"' not in as_ben.get(CONTACTS).content.decode()

    def test_deleted_people_are_listed_with_their_days_left(self, as_ada, people):
        contacts.delete(people[0], at=MAY)
        page = as_ada.get(f"{CONTACTS}?state=deleted")
        assert [one for one, _days in page.context["rows"]] == [people[0]]
        assert page.context["whole"] == "state=deleted"


class TestTrash:
    def test_a_deleted_contact_is_erased_after_sixty_days_and_not_before(self, people):
        contacts.delete(people[0], at=MAY)
        assert [trash.days_left(people[0], at=MAY + days * DAY) for days in (0, 1, 59, 60, 61)] == [60, 59, 1, 0, 0]
        assert trash.empty(at=MAY + 59 * DAY) == MAY + 60 * DAY
        assert Contact.objects.count() == 5
        assert trash.empty(at=MAY + 60 * DAY) is None
        assert Contact.objects.count() == 4
        assert not Suppression.objects.exists()

    def test_who_came_back_stays(self, people):
        contacts.delete(people[0], at=MAY)
        contacts.restore(people[0], at=MAY + DAY)
        assert trash.empty(at=MAY + 100 * DAY) is None
        assert Contact.objects.count() == 5

    def test_what_is_not_settled_is_looked_at_again_a_day_later(self, people, monkeypatch):
        contacts.delete(people[0], at=MAY)
        monkeypatch.setitem(ERASURE_OBSTACLES._entries, "test", lambda person: ["A contract still runs."])
        later = MAY + 60 * DAY
        assert trash.empty(at=later) == later + DAY
        assert Contact.objects.count() == 5
