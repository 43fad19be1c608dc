"""Lists that are put away and come back, and those that nobody needs, which are deleted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from plainsail.accounts.tests.factories import program
from plainsail.contacts import queries
from plainsail.contacts.models import ConsentEntry, Contact, Import, List, ListMember
from plainsail.contacts.services import consent, links, lists, membership
from plainsail.contacts.services.uses import InUse
from plainsail.contacts.tests.factories import (
    ContactFactory,
    ImportFactory,
    ListFactory,
    ListMemberFactory,
    ScoreRuleFactory,
    SegmentFactory,
)
from plainsail.kernel.models import EventRow
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing.web import Browser

MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, 9, tzinfo=UTC)
CONTACTS = "/w/juniper/contacts/"


@pytest.fixture
def news(in_juniper):
    return lists.create(in_juniper, name="News", at=MAY, is_default=True)


@pytest.fixture
def reader(news):
    return ListMemberFactory(list=news).contact


def names(rows) -> list[str]:
    return [str(one) for one in rows]


class TestPuttingAway:
    def test_nobody_is_written_to_until_it_comes_back(self, news, reader):
        lists.archive(news, at=JUNE)
        news.refresh_from_db()
        assert queries.may_receive(reader, news).reason == "list_archived"
        assert not Contact.objects.mailable(news).exists()
        assert not Contact.objects.mailable_at_all().exists()
        lists.restore(news)
        assert queries.may_receive(reader, news).allowed
        assert Contact.objects.mailable_at_all().get() == Contact.objects.mailable(news).get() == reader

    def test_what_people_agreed_to_stays(self, news, reader):
        before = list(ListMember.objects.values())
        lists.archive(news, at=JUNE)
        assert list(ListMember.objects.values()) == before
        assert not ConsentEntry.objects.exists()

    def test_another_list_is_the_one_that_forms_join(self, in_juniper, news):
        other = lists.create(in_juniper, name="Other", at=JUNE)
        lists.archive(news, at=JUNE)
        assert lists.default(in_juniper, at=JUNE) == other
        lists.archive(other, at=JUNE)
        made = lists.default(in_juniper, at=JUNE)
        assert (made.name, made.archived_at) == ("Newsletter", None)

    def test_a_page_of_what_somebody_gets_leaves_it_out_and_saving_it_leaves_it_alone(self, in_juniper, news, reader):
        other = ListMemberFactory(contact=reader, list__name="Other").list
        lists.archive(news, at=JUNE)
        path = "/" + links.preferences_url(in_juniper, reader.id).split("/", 3)[3]
        browser = Browser(headers={"host": "juniper.localhost"})
        page = browser.get(path).content.decode()
        assert (str(other.id) in page, str(news.id) in page) == (True, False)
        browser.post(path, {"list": [str(other.id)]})
        assert set(ListMember.objects.values_list("state", flat=True)) == {"subscribed"}
        browser.post(path, {"stop": "1"})
        assert set(ListMember.objects.values_list("state", flat=True)) == {"unsubscribed"}

    def test_links_in_old_mail_still_lead_off_it(self, in_juniper, news, reader):
        lists.archive(news, at=JUNE)
        path = "/" + links.unsubscribe_url(in_juniper, reader.id, news.id).split("/", 3)[3]
        assert Browser(headers={"host": "juniper.localhost"}).post(path).status_code == 200
        assert ListMember.objects.get().state == "unsubscribed"

    def test_an_import_that_puts_people_on_it_keeps_it(self, news):
        made = ImportFactory(state=Import.State.PAUSED, list_ids=[str(news.id)])
        with pytest.raises(InUse, match=r"Import “people\.csv”"):
            lists.archive(news, at=JUNE)
        Import.objects.filter(pk=made.pk).update(state=Import.State.DONE)
        lists.archive(news, at=JUNE)

    def test_segments_and_rules_may_go_on_asking_for_it(self, in_juniper, news, reader):
        segment = SegmentFactory(tree={"field": "list", "op": "is", "value": str(news.id)})
        rule = ScoreRuleFactory(name="Joins", event="contacts.list_joined", field="list_id", value=str(news.id))
        assert [(use.label, use.is_at_work) for use in lists.uses_of(news)] == [
            (f"Segment “{segment.name}”", False),
            (f"Rule for points “{rule.name}”", False),
        ]
        lists.archive(news, at=JUNE)
        assert queries.in_segment(in_juniper, segment, at=JUNE).get() == reader

    def test_a_segment_that_is_watched_notices(self, in_juniper, news, reader, monkeypatch):
        segment = SegmentFactory(tree={"field": "mailable", "op": "is", "value": ""})
        monkeypatch.setattr(membership, "SEGMENT_LISTENERS", [lambda: [segment.id]])
        membership.watch(segment.id, at=MAY)
        membership.look(at=MAY)
        lists.archive(news, at=JUNE)
        membership.look(at=JUNE)
        assert not segment.members.exists()
        assert EventRow.objects.filter(name="contacts.segment_left", contact_id=reader.id).exists()


class TestDeleting:
    def test_one_that_nobody_was_ever_on_goes(self, news):
        lists.delete(news)
        assert not List.objects.exists()

    @pytest.mark.parametrize("state", ListMember.State.values)
    def test_one_that_somebody_was_on_stays(self, news, state):
        ListMemberFactory(list=news, state=state)
        with pytest.raises(lists.HasMembers):
            lists.delete(news)

    def test_the_proof_of_somebody_who_left_the_business_keeps_it(self, news, reader):
        consent.withdraw(reader, news, at=MAY)
        ListMember.objects.all().delete()
        with pytest.raises(lists.HasMembers):
            lists.delete(news)

    def test_what_names_it_keeps_it(self, news):
        SegmentFactory(name="Readers", tree={"field": "list", "op": "is", "value": str(news.id)})
        with pytest.raises(InUse, match="It is still used: Segment “Readers”"):
            lists.delete(news)


class TestScreens:
    def test_a_list_is_put_away_by_a_press_and_back_by_another(self, as_ada, news):
        page = as_ada.post(f"{CONTACTS}lists/{news.id}/archiving/", follow=True).content.decode()
        assert (f"lists/{news.id}/restoration/" in page, "Put away" in page) == (True, True)
        assert "Bring back" in as_ada.get(f"{CONTACTS}lists/{news.id}/").content.decode()
        assert as_ada.post(f"{CONTACTS}lists/{news.id}/restoration/").status_code == 302
        assert List.objects.get().archived_at is None

    def test_it_is_offered_nowhere(self, as_ada, news):
        person = ContactFactory()
        pickers = (f"{CONTACTS}{person.id}/", f"{CONTACTS}bulk/new/", CONTACTS)
        assert all(str(news.id) in as_ada.get(path).content.decode() for path in pickers)
        lists.archive(news, at=JUNE)
        assert not any(str(news.id) in as_ada.get(path).content.decode() for path in pickers)
        values = {"list": news.id, "basis": "Signed at the fair"}
        assert as_ada.post(f"{CONTACTS}{person.id}/lists/", values).status_code == 404
        assert not ListMember.objects.exists()

    def test_who_is_on_it_can_still_be_looked_at(self, as_ada, news, reader):
        lists.archive(news, at=JUNE)
        page = as_ada.get(f"{CONTACTS}?list_id={news.id}")
        assert (names(page.context["page"].rows), "News" in page.content.decode()) == ([str(reader)], True)
        assert "Put away" in as_ada.get(f"{CONTACTS}{reader.id}/").content.decode()

    def test_what_uses_it_is_named_and_linked(self, as_ada, news):
        segment = SegmentFactory(name="Readers", tree={"field": "list", "op": "is", "value": str(news.id)})
        assert as_ada.post(f"{CONTACTS}lists/{news.id}/deletion/").status_code == 302
        page = as_ada.get(f"{CONTACTS}lists/{news.id}/").content.decode()
        assert (f"segments/{segment.id}/" in page, f"lists/{news.id}/deletion/" in page) == (True, False)
        segment.delete()
        assert f"lists/{news.id}/deletion/" in as_ada.get(f"{CONTACTS}lists/{news.id}/").content.decode()
        as_ada.post(f"{CONTACTS}lists/{news.id}/deletion/")
        assert not List.objects.exists()


class TestPrograms:
    @pytest.fixture
    def shop(self, juniper):
        return program(juniper, "contacts:write")

    def test_a_program_puts_a_list_away_and_brings_it_back(self, shop, juniper):
        with workspace(juniper):
            news = ListFactory()
        path = f"lists/{news.id}"
        assert shop.ask("get", path).json()["archived_at"] is None
        assert shop.ask("post", f"{path}/archiving").json()["archived_at"] is not None
        assert shop.ask("post", f"{path}/archiving").status_code == 200
        assert shop.ask("get", "lists").json()["data"] == []
        assert [one["id"] for one in shop.ask("get", "lists?archived=true").json()["data"]] == [str(news.id)]
        assert shop.ask("post", f"{path}/restoration").json()["archived_at"] is None

    def test_a_program_puts_nobody_on_a_list_that_is_put_away(self, shop, juniper):
        with workspace(juniper):
            person, news = ContactFactory(), ListFactory(archived_at=MAY)
        for how in ("basis", "confirmation"):
            body = {"list": str(news.id), "how": how, "wording": "Signed at the fair"}
            answer = shop.ask("post", f"contacts/{person.id}/lists", body)
            assert (answer.status_code, answer.json()["code"]) == (409, "list_archived")

    def test_a_program_deletes_only_what_nobody_needs(self, shop, juniper):
        with workspace(juniper):
            needed, spare = ListMemberFactory().list, ListFactory()
        assert shop.ask("delete", f"lists/{needed.id}").json()["code"] == "list_has_members"
        assert shop.ask("delete", f"lists/{spare.id}").status_code == 204
        assert shop.ask("get", f"lists/{spare.id}").status_code == 404
