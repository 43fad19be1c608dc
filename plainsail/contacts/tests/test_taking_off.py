"""Whom the business takes off a list: that is no word of theirs, and can be taken back until they say one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from plainsail.contacts import queries
from plainsail.contacts.models import ConsentEntry, ListMember, Suppression
from plainsail.contacts.services import acting, consent, lists, merging, sets, suppression
from plainsail.contacts.services.acting import Chosen
from plainsail.contacts.tests.factories import ListMemberFactory
from plainsail.contacts.tests.test_importing import business, imported
from plainsail.kernel.models import EventRow
from plainsail.kernel.testing import run_jobs

__all__ = ["business"]

MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, 9, tzinfo=UTC)
CONTACTS = "/w/juniper/contacts/"


@pytest.fixture
def news(in_juniper):
    return lists.create(in_juniper, name="News", at=MAY)


@pytest.fixture
def reader(news):
    return ListMemberFactory(list=news).contact


class TestTakingOff:
    def test_it_is_no_word_of_the_person(self, news, reader):
        assert sets.take_off(news, [reader.id], source="manual", at=MAY) == {reader.id}
        member = ListMember.objects.get()
        assert (member.state, member.is_taken_off) == ("unsubscribed", True)
        assert ConsentEntry.objects.get().act == "taken_off"
        assert EventRow.objects.get(name="contacts.list_left").payload["is_own_word"] is False
        assert not queries.may_receive(reader, news).allowed

    def test_it_can_be_taken_back_and_nobody_joined_by_that(self, news, reader):
        sets.take_off(news, [reader.id], source="manual", at=MAY)
        assert sets.put_back(news, [reader.id], source="manual", at=JUNE) == {reader.id}
        assert queries.may_receive(reader, news).allowed
        assert ConsentEntry.objects.order_by("-at").first().act == "put_back"
        assert not EventRow.objects.filter(name="contacts.list_joined").exists()
        assert sets.put_back(news, [reader.id], source="manual", at=JUNE) == set()

    def test_who_had_not_confirmed_has_not_confirmed_afterwards(self, news):
        member = ListMemberFactory(list=news, state="pending")
        sets.take_off(news, [member.contact_id], source="manual", at=MAY)
        sets.put_back(news, [member.contact_id], source="manual", at=JUNE)
        member.refresh_from_db()
        assert (member.state, member.taken_from) == ("pending", "")

    def test_who_says_no_meanwhile_is_not_put_back(self, in_juniper, news, reader):
        sets.take_off(news, [reader.id], source="manual", at=MAY)
        assert consent.withdraw(reader, news, at=JUNE)
        assert ConsentEntry.objects.order_by("-at").first().act == "withdrawn"
        assert sets.put_back(news, [reader.id], source="manual", at=JUNE) == set()
        assert EventRow.objects.filter(name="contacts.list_left").count() == 1

    def test_who_may_not_be_written_to_is_not_put_back(self, news, reader):
        sets.take_off(news, [reader.id], source="manual", at=MAY)
        suppression.add(reader, reason=Suppression.Reason.HARD_BOUNCE, at=MAY)
        assert sets.put_back(news, [reader.id], source="manual", at=JUNE) == set()

    def test_who_joins_again_and_leaves_has_left(self, in_juniper, news, reader):
        sets.take_off(news, [reader.id], source="manual", at=MAY)
        consent.opt_in(in_juniper, email=reader.email, list=news, wording="Yes", at=MAY)
        consent.confirm(ListMember.objects.get(), at=MAY)
        consent.withdraw(reader, news, at=JUNE)
        assert not ListMember.objects.get().is_taken_off

    def test_it_takes_nobody_off_who_is_the_same_person(self, news, reader):
        other = ListMemberFactory(list=news).contact
        sets.take_off(news, [other.id], source="manual", at=MAY)
        merging.merge(reader, other, at=JUNE)
        assert queries.may_receive(reader, news).allowed

    def test_a_contacts_page_tells_both_apart(self, as_ada, news, reader):
        home = f"{CONTACTS}{reader.id}/"
        page = as_ada.post(f"{home}lists/{news.id}/removal/", follow=True).content.decode()
        assert (page.count(f"lists/{news.id}/return/") > 0, "Taken off" in page) == (True, True)
        page = as_ada.post(f"{home}lists/{news.id}/return/", follow=True).content.decode()
        assert ("Subscribed" in page, f"lists/{news.id}/leaving/" in page) == (True, True)
        page = as_ada.post(f"{home}lists/{news.id}/leaving/", follow=True).content.decode()
        assert ("Unsubscribed" in page, f"lists/{news.id}/return/" in page) == (True, False)
        as_ada.post(f"{home}lists/{news.id}/return/")
        assert ListMember.objects.get().state == "unsubscribed"


class TestTakingManyOff:
    def test_all_come_off_and_back_but_those_who_left_or_were_taken_off_since(self, in_juniper, news, monkeypatch):
        monkeypatch.setattr(acting, "CHUNK", 2)
        states = ("subscribed", "subscribed", "subscribed", "pending", "unsubscribed")
        people = [ListMemberFactory(list=news, state=state).contact for state in states]
        made = acting.leave(in_juniper, Chosen(list_id=""), topic=news, by=None, at=MAY)
        run_jobs()
        made.refresh_from_db()
        assert (made.changed, made.can_be_undone) == (4, True)
        assert set(ConsentEntry.objects.values_list("act", "source")) == {("taken_off", "bulk")}
        consent.withdraw(people[0], news, at=JUNE)
        sets.put_back(news, [people[1].id], source="manual", at=JUNE)
        sets.take_off(news, [people[1].id], source="manual", at=JUNE)
        acting.undo(made, at=JUNE)
        run_jobs()
        found = dict(ListMember.objects.values_list("contact_id", "state"))
        assert [found[one.id] for one in people] == [
            *("unsubscribed", "unsubscribed", "subscribed", "pending", "unsubscribed")
        ]

    def test_it_is_chosen_among_the_actions(self, as_ada, news, reader):
        page = as_ada.post(f"{CONTACTS}bulk/new/", {"kind": "leave"})
        assert list(page.context["form"].errors) == ["list"]
        answer = as_ada.post(f"{CONTACTS}bulk/new/", {"kind": "leave", "list": news.id})
        run_jobs()
        page = as_ada.get(answer["Location"]).content.decode()
        assert ("none of them has unsubscribed" in page, "Undo" in page) == (True, True)
        assert ListMember.objects.get().is_taken_off


def test_an_import_that_says_somebody_left_ends_the_way_back(business, news, reader):
    sets.take_off(news, [reader.id], source="manual", at=MAY)
    imported(business, f"email,status\n{reader.email},unsubscribed\n")
    assert not ListMember.objects.get().is_taken_off
    assert sets.put_back(news, [reader.id], source="manual", at=JUNE) == set()
