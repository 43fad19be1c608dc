"""Lists, segments and the people on them, as staff work with them."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from plainsail.accounts.models import Membership, Role
from plainsail.contacts import queries
from plainsail.contacts.models import ConsentEntry, List, ListMember, Segment
from plainsail.contacts.services import acting, consent, sets, suppression, tags, wishes
from plainsail.contacts.tests.factories import (
    ContactFactory,
    ListFactory,
    ListMemberFactory,
    SegmentFactory,
    TagFactory,
)
from plainsail.kernel.testing import run_jobs

MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)
CONTACTS = "/w/juniper/contacts/"
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def as_viewer(as_ben, ben, in_juniper):
    Membership.objects.filter(user=ben).update(role=Role.VIEWER)
    return as_ben


class TestLists:
    def test_a_list_is_made_and_shows_how_many_get_its_mail(self, as_ada, in_juniper):
        assert as_ada.post(f"{CONTACTS}lists/", {"name": "Letters"}).status_code == 302
        ListMemberFactory(list=List.objects.get(), state="pending")
        for _number in range(7):
            ListMemberFactory(list=List.objects.get())
        page = as_ada.get(f"{CONTACTS}lists/")
        assert [(one.name, one.subscribed, one.pending) for one in page.context["lists"]] == [("Letters", 7, 1)]

    @pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\0b"])
    def test_a_list_without_a_fit_name_is_refused_at_the_field(self, as_ada, in_juniper, name):
        page = as_ada.post(f"{CONTACTS}lists/", {"name": name})
        assert (page.status_code, bool(page.context["form"].errors["name"])) == (422, True)
        assert not List.objects.exists()

    def test_a_list_is_called_differently_and_keeps_its_people(self, as_ada, in_juniper):
        member = ListMemberFactory(list__name="Newslettr", list__slug="newslettr")
        edit = f"{CONTACTS}lists/{member.list_id}/"
        assert "Newslettr" in as_ada.get(edit).content.decode()
        assert as_ada.post(edit, {"name": " ", "description": "x"}).status_code == 422
        assert as_ada.post(edit, {"name": "Newsletter", "description": "Once a month"}).status_code == 302
        found = List.objects.get()
        assert (found.name, found.description, found.slug) == ("Newsletter", "Once a month", "newslettr")
        assert queries.may_receive(member.contact, found).allowed

    def test_whoever_may_only_look_changes_no_list(self, as_viewer, in_juniper):
        topic = ListFactory()
        assert as_viewer.get(f"{CONTACTS}lists/{topic.id}/").status_code == 403
        assert f"lists/{topic.id}/" not in as_viewer.get(f"{CONTACTS}lists/").content.decode()

    def test_two_lists_of_one_name_have_addresses_of_their_own(self, as_ada, in_juniper):
        for _time in range(2):
            as_ada.post(f"{CONTACTS}lists/", {"name": "Letters"})
        assert set(List.objects.values_list("slug", flat=True)) == {"letters", "letters-2"}

    def test_whoever_may_only_look_sees_lists_and_makes_none(self, as_viewer, in_juniper):
        for path in ("lists/", "segments/"):
            assert as_viewer.get(CONTACTS + path).status_code == 200
            assert as_viewer.post(CONTACTS + path, {"name": "Mine"}).status_code == 403
        assert not List.objects.exists()
        assert not Segment.objects.exists()


class TestJoiningByHand:
    def test_the_basis_is_kept_as_the_proof(self, as_ada, in_juniper):
        contact, topic = ContactFactory(), ListFactory()
        as_ada.post(f"{CONTACTS}{contact.id}/lists/", {"list": topic.id, "basis": "Signed at the fair"})
        proof = ConsentEntry.objects.get()
        assert (proof.act, proof.wording, proof.source) == ("imported", "Signed at the fair", "manual")
        assert queries.may_receive(contact, topic).allowed
        assert "Signed at the fair" in as_ada.get(f"{CONTACTS}{contact.id}/").content.decode()

    @pytest.mark.parametrize("values", [{}, {"list": "garbage", "basis": "x"}, {"basis": "x"}])
    def test_without_a_list_or_a_basis_nobody_is_put_on_one(self, as_ada, in_juniper, values):
        contact = ContactFactory()
        assert as_ada.post(f"{CONTACTS}{contact.id}/lists/", values).status_code == 302
        assert not ListMember.objects.exists()

    def test_a_list_alone_is_no_basis(self, as_ada, in_juniper):
        contact, topic = ContactFactory(), ListFactory()
        as_ada.post(f"{CONTACTS}{contact.id}/lists/", {"list": topic.id, "basis": "  "})
        assert not ListMember.objects.exists()

    def test_a_list_of_another_business_is_not_found(self, as_ada, acme, juniper, in_workspace):
        with in_workspace(acme):
            foreign = ListFactory()
        with in_workspace(juniper):
            contact = ContactFactory()
            answer = as_ada.post(f"{CONTACTS}{contact.id}/lists/", {"list": foreign.id, "basis": "x"})
            assert answer.status_code == 404
            assert not ListMember.objects.exists()

    def test_who_left_is_not_put_back(self, as_ada, in_juniper):
        member = ListMemberFactory()
        leaving = f"{CONTACTS}{member.contact_id}/lists/{member.list_id}/leaving/"
        for _time in range(2):
            assert as_ada.post(leaving).status_code == 302
        as_ada.post(f"{CONTACTS}{member.contact_id}/lists/", {"list": member.list_id, "basis": "They said so"})
        member.refresh_from_db()
        assert member.state == "unsubscribed"
        assert [entry.act for entry in ConsentEntry.objects.all()] == ["withdrawn"]
        assert list(as_ada.get(f"{CONTACTS}{member.contact_id}/").context["joinable"]) == []


class TestWhyNoMailGoes:
    """A contact's page says what `may_receive` says: the badge of a list alone would promise mail that never comes."""

    @pytest.mark.parametrize(
        ("reason", "words"),
        [
            ("unsubscribed", "Gets no marketing mail"),
            ("complaint", "Reported as spam (1 May 2026)."),
            ("hard_bounce", "Once you change the address to one that works, mail goes there."),
            ("soft_bounces", "Gets no mail at all"),
        ],
    )
    def test_a_blocked_address_is_told_with_its_reason(self, as_ada, in_juniper, reason, words):
        member = ListMemberFactory()
        suppression.add(member.contact, reason=suppression.Reason(reason), at=MAY)
        page = as_ada.get(f"{CONTACTS}{member.contact_id}/").content.decode()
        assert words in page
        assert "No more marketing mail" not in page

    def test_a_pause_is_told_with_its_end(self, as_ada, in_juniper):
        contact = ContactFactory()
        wishes.pause(contact, weeks=4, at=MAY)
        page = as_ada.get(f"{CONTACTS}{contact.id}/").content.decode()
        assert "They asked for no marketing mail until 29 May 2026." in page

    def test_who_asks_on_the_phone_never_to_be_written_to_is_taken_at_their_word(self, as_ada, in_juniper):
        member = ListMemberFactory()
        page = as_ada.post(f"{CONTACTS}{member.contact_id}/lists/leaving/", follow=True).content.decode()
        assert "Gets no marketing mail" in page
        assert [(one.act, one.source) for one in ConsentEntry.objects.all()] == [("withdrawn", "manual")]
        assert queries.may_receive(member.contact, member.list).reason == "suppressed:unsubscribed"
        assert queries.may_receive(member.contact, None).allowed

    @pytest.mark.parametrize("reason", ["unsubscribed", "complaint", "hard_bounce"])
    def test_nobody_puts_them_on_a_list_for_them(self, as_ada, in_juniper, reason):
        contact, topic = ContactFactory(), ListFactory()
        suppression.add(contact, reason=suppression.Reason(reason), at=MAY)
        answer = as_ada.post(f"{CONTACTS}{contact.id}/lists/", {"list": topic.id, "basis": "They said so"}, follow=True)
        assert "must join it themselves" in answer.content.decode()
        assert sets.join_list(topic, [contact.id], basis="Flow", source="flow", at=MAY) == set()
        done = acting.join(in_juniper, acting.Chosen(), topic=topic, basis="Fair", by=None, at=MAY)
        acting.work.function(workspace_id=in_juniper.pk, action_id=done.id)
        assert not contact.memberships.exists()
        assert not ConsentEntry.objects.exists()

    def test_nobody_who_may_only_look_takes_people_off(self, as_viewer, in_juniper):
        member = ListMemberFactory()
        assert as_viewer.post(f"{CONTACTS}{member.contact_id}/lists/leaving/").status_code == 403
        assert "No more marketing mail" not in as_viewer.get(f"{CONTACTS}{member.contact_id}/").content.decode()

    def test_a_proof_says_from_which_form_and_which_version_of_it(self, as_ada, in_juniper):
        proof = consent.Proof(wording="Yes", source="form:1", form_version=3, ip="203.0.113.7")
        contact = ContactFactory(source="import")
        consent.ask(contact, [ListFactory()], proof=proof, at=MAY)
        page = as_ada.get(f"{CONTACTS}{contact.id}/").content.decode()
        assert "A form, version 3 203.0.113.7" in page
        assert re.search(r"Source</dt>\s*<dd[^>]*>A file", page)

    def test_who_was_put_on_a_list_by_hand_is_not_said_to_have_confirmed(self, as_ada, in_juniper):
        contact = ContactFactory()
        consent.add_with_basis(contact, ListFactory(name="Kiln news"), basis="Signed", source="manual", at=MAY)
        page = as_ada.get(f"{CONTACTS}{contact.id}/").content.decode()
        assert "Joined “Kiln news”" in page

    def test_a_proof_names_its_list(self, as_ada, in_juniper):
        contact = ContactFactory()
        consent.add_with_basis(contact, ListFactory(name="Kiln news"), basis="Signed", source="manual", at=MAY)
        shown = as_ada.get(f"{CONTACTS}{contact.id}/").content.decode()
        assert re.search(r"Kiln news<br>“Signed”", shown)


class TestSegments:
    @pytest.fixture
    def segment(self, in_juniper):
        return SegmentFactory(name="Friends")

    def at(self, segment) -> str:
        return f"{CONTACTS}segments/{segment.id}/"

    def test_a_segment_is_named_first_and_then_given_conditions(self, as_ada, in_juniper):
        answer = as_ada.post(f"{CONTACTS}segments/", {"name": "Friends"})
        assert answer["Location"] == self.at(Segment.objects.get())
        assert as_ada.post(f"{CONTACTS}segments/", {"name": "Friends"}).status_code == 422

    def test_conditions_are_added_and_removed_without_being_saved(self, as_ada, segment):
        page = as_ada.post(self.at(segment), {"name": "Friends", "match": "all", "add": "root", "new-root": "country"})
        assert [row["field"] for row in page.context["root"]["rows"]] == ["country"]
        rows = {
            "field-0": "country",
            "op-0": "is",
            "value-0": "DE",
            "field-1": "score",
            "op-1": "below",
            "value-1": "3",
        }
        page = as_ada.post(self.at(segment), rows | {"name": "Friends", "match": "all", "remove": "0"})
        assert [(row["field"], row["value"]) for row in page.context["root"]["rows"]] == [("score", "3")]
        segment.refresh_from_db()
        assert segment.tree == {}

    def test_the_count_is_of_those_who_meet_the_conditions_as_they_stand(self, as_ada, segment):
        tag = TagFactory()
        german, french, _other = ContactFactory(country="DE"), ContactFactory(country="FR"), ContactFactory()
        tags.add(german, tag, at=MAY)
        rows = {"field-0": "tag", "op-0": "is", "value-0": str(tag.id), "field-1": "country", "op-1": "is"}
        for match, number in (("all", 0), ("any", 2)):
            values = rows | {"name": "Friends", "match": match, "value-1": "fr", "count": "1"}
            assert as_ada.post(self.at(segment), values).context["count"] == number
        assert as_ada.get(self.at(segment)).context["count"] == 3
        assert french.country == "FR"

    def test_sources_are_offered_in_words_and_one_that_nobody_has_any_more_stays_chosen(self, as_ada, segment):
        ContactFactory(source="Market stall")
        ContactFactory(source="form:0190")
        values = {"name": "Fair", "match": "all", "field-0": "source", "op-0": "is", "value-0": "Spring fair"}
        page = as_ada.post(self.at(segment), values | {"count": "1"})
        (row,) = page.context["root"]["rows"]
        offered = {value: str(label) for value, label in row["choices"]}
        assert offered.items() >= {
            ("manual", "Added by hand"),
            ("form", "Any form"),
            ("Market stall", "Market stall"),
            ("Spring fair", "Spring fair"),
        }
        page = as_ada.post(self.at(segment), values | {"op-0": "contains", "count": "1"})
        assert page.context["root"]["rows"][0]["choices"] is None

    def test_what_was_saved_is_drawn_again_and_filters_the_list_of_people(self, as_ada, segment):
        german, _french = ContactFactory(country="DE"), ContactFactory(country="FR")
        values = {"name": "Germans", "match": "any", "field-0": "country", "op-0": "is", "value-0": "de"}
        assert as_ada.post(self.at(segment), values).status_code == 302
        page = as_ada.get(self.at(segment))
        assert [(row["op"], row["value"]) for row in page.context["root"]["rows"]] == [("is", "de")]
        assert page.context["form"]["match"].value() == "any"
        found = as_ada.get(f"{CONTACTS}?segment_id={segment.id}").context["page"].rows
        assert [one.id for one in found] == [german.id]

    @pytest.mark.parametrize(
        "condition",
        [
            ("tag", "is", ""),
            ("list", "is", "garbage"),
            ("score", "at_least", "many"),
            ("score", "like", "1"),
            ("password", "is", "x"),
        ],
    )
    def test_a_condition_that_says_nothing_is_refused_and_nothing_is_saved(self, as_ada, segment, condition):
        values = dict(zip(("field-0", "op-0", "value-0"), condition, strict=True))
        page = as_ada.post(self.at(segment), {"name": "Friends", "match": "all"} | values)
        assert (page.status_code, page.context["count"]) == (422, None)
        segment.refresh_from_db()
        assert segment.tree == {}

    @pytest.mark.parametrize("value", ["\0", "9" * 300, "-" * 5000, "’; DROP TABLE"])
    def test_odd_values_break_nothing(self, as_ada, segment, value):
        for field, op in (("country", "is"), ("score", "at_least"), ("tag", "is")):
            values = {"name": "Friends", "match": "all", "field-0": field, "op-0": op, "value-0": value}
            assert as_ada.post(self.at(segment), values).status_code in {302, 422}
            assert as_ada.get(self.at(segment)).status_code == 200

    def test_groups_too_deep_to_be_drawn_are_counted_but_never_flattened(self, as_ada, segment):
        nested = {"all": [{"any": [{"all": [{"any": [{"all": [{"field": "country", "op": "is", "value": "DE"}]}]}]}]}]}
        Segment.objects.filter(id=segment.id).update(tree=nested)
        ContactFactory(country="DE")
        assert as_ada.get(self.at(segment)).context["count"] == 1
        assert as_ada.post(self.at(segment), {"name": "Friends", "match": "all"}).status_code == 409
        segment.refresh_from_db()
        assert segment.tree == nested

    def nested(self, **more):
        """Score below 3, and any of: in Germany, in France; as the builder posts it."""
        return {
            "name": "Friends",
            "match": "all",
            "field-0": "score",
            "op-0": "below",
            "value-0": "3",
            "depth-0": "0",
            "match-1": "any",
            "depth-1": "0",
            "field-2": "country",
            "op-2": "is",
            "value-2": "DE",
            "depth-2": "1",
            "field-3": "country",
            "op-3": "is",
            "value-3": "FR",
            "depth-3": "1",
        } | more

    def test_groups_are_saved_and_drawn_again_as_they_were(self, as_ada, segment):
        assert as_ada.post(self.at(segment), self.nested()).status_code == 302
        segment.refresh_from_db()
        country = {"field": "country", "op": "is"}
        assert segment.tree == {
            "all": [
                {"field": "score", "op": "below", "value": "3"},
                {"any": [country | {"value": "DE"}, country | {"value": "FR"}]},
            ]
        }
        root = as_ada.get(self.at(segment)).context["root"]
        assert [(row["kind"], row["index"]) for row in root["rows"]] == [("condition", 0), ("group", 1)]
        assert [row["value"] for row in root["rows"][1]["rows"]] == ["DE", "FR"]

    @pytest.mark.parametrize("match", ["none", "not_all"])
    def test_not_is_said_in_words_and_kept(self, as_ada, segment, match):
        assert as_ada.post(self.at(segment), self.nested(**{"match": match, "match-1": match})).status_code == 302
        page = as_ada.get(self.at(segment))
        assert page.context["form"]["match"].value() == match
        assert page.context["root"]["rows"][1]["match"] == match

    def test_a_group_goes_with_all_that_is_in_it(self, as_ada, segment):
        root = as_ada.post(self.at(segment), self.nested(remove="1")).context["root"]
        assert [row["field"] for row in root["rows"]] == ["score"]

    def test_what_is_added_to_a_group_stands_in_it(self, as_ada, segment):
        root = as_ada.post(self.at(segment), self.nested(add="1", **{"new-1": "tag"})).context["root"]
        assert [row["field"] for row in root["rows"][1]["rows"]] == ["country", "country", "tag"]
        root = as_ada.post(self.at(segment), self.nested(group="1")).context["root"]
        assert [row["kind"] for row in root["rows"][1]["rows"]] == ["condition", "condition", "group"]

    @pytest.mark.parametrize("odd", [{"add": "7"}, {"add": "x"}, {"group": "0"}, {"remove": "²"}, {"depth-0": "9²"}])
    def test_odd_places_change_nothing(self, as_ada, segment, odd):
        root = as_ada.post(self.at(segment), self.nested(count="1", **odd)).context["root"]
        assert [row["kind"] for row in root["rows"]] == ["condition", "group"]

    def test_a_draft_is_counted_and_said_and_never_saved(self, as_ada, segment):
        ContactFactory(country="DE")
        page = as_ada.post(f"{self.at(segment)}draft/", self.nested())
        assert (page.status_code, page.context["count"], page.context["is_exact"]) == (200, 1, True)
        assert page.context["sentence"] == "Score is below 3 and (Country is Germany or Country is France)"
        page = as_ada.post(f"{self.at(segment)}draft/", self.nested(**{"value-0": ""}))
        assert (page.status_code, page.context["count"]) == (200, None)
        assert page.context["missing"] == "“Score”: a whole number is needed."
        segment.refresh_from_db()
        assert segment.tree == {}

    def test_a_circle_is_refused_on_the_page(self, as_ada, segment):
        values = {"name": "Friends", "match": "all", "field-0": "segment", "op-0": "is", "value-0": str(segment.id)}
        page = as_ada.post(self.at(segment), values)
        assert page.status_code == 422
        assert "would ask itself" in page.content.decode()

    def test_the_list_says_how_many_and_as_of_when(self, as_ada, segment):
        assert "not counted yet" in as_ada.get(f"{CONTACTS}segments/").content.decode()
        ContactFactory()
        as_ada.post(f"{self.at(segment)}counting/")
        run_jobs()
        segment.refresh_from_db()
        assert segment.counted == 1
        page = as_ada.get(f"{CONTACTS}segments/").content.decode()
        assert ("as of" in page, "Everybody" in page) == (True, True)

    def test_a_list_of_segments_costs_the_same_however_many(self, as_ada, in_juniper):
        tag = TagFactory()
        tree = {"all": [{"field": "tag", "op": "is", "value": str(tag.id)}]}
        numbers = []
        for _round in range(2):
            for _one in range(2):
                SegmentFactory(tree=tree)
            as_ada.get(f"{CONTACTS}segments/")  # what a process asks only once
            with CaptureQueriesContext(connection) as asked:
                as_ada.get(f"{CONTACTS}segments/")
            numbers.append(len(asked))
        assert numbers[0] == numbers[1]

    def test_a_copy_asks_the_same_under_another_name(self, as_ada, segment):
        for name in ("Copy of Friends", "Copy of Friends 2"):
            answer = as_ada.post(f"{self.at(segment)}copy/")
            made = Segment.objects.get(name=name)
            assert (answer["Location"], made.tree) == (self.at(made), segment.tree)

    def test_one_that_something_asks_says_so_and_stays(self, as_ada, segment):
        outer = SegmentFactory(name="Outer", tree={"field": "segment", "op": "is", "value": str(segment.id)})
        assert "Segment “Outer”" in as_ada.get(self.at(segment)).content.decode()
        as_ada.post(f"{self.at(segment)}deletion/")
        assert Segment.objects.filter(id=segment.id).exists()
        outer.delete()
        as_ada.post(f"{self.at(segment)}deletion/")
        assert not Segment.objects.filter(id=segment.id).exists()

    def test_a_stranger_finds_no_segment(self, as_cleo, segment):
        for workspace in ("juniper", "acme"):
            assert as_cleo.get(f"/w/{workspace}/contacts/segments/{segment.id}/").status_code == 404


class TestPeople:
    def test_the_pager_keeps_what_was_asked(self, as_ada, in_juniper):
        for number in range(queries.PAGE + 1):
            ContactFactory(created_at=MAY + timedelta(minutes=number))
        page = as_ada.get(f"{CONTACTS}?text=person").content.decode()
        links = re.findall(r'href="([^"]*after=[^"]*)"', page)
        assert ["text=person" in link for link in links] == [True]
        older = as_ada.get(CONTACTS + html.unescape(links[0]))
        assert len(older.context["page"].rows) == 1

    @pytest.mark.parametrize("query", ["text=%FF", "segment_id=x", f"segment_id={NOBODY}", "list_id=%C3%A9", "after=_"])
    def test_odd_questions_are_answered(self, as_ada, in_juniper, query):
        assert as_ada.get(f"{CONTACTS}?{query}").status_code == 200

    def test_the_timeline_can_be_asked_for_one_group_alone(self, as_ada, in_juniper):
        member = ListMemberFactory()
        consent.withdraw(member.contact, member.list, at=MAY)
        said = f"Left “{member.list.name}”"
        page = f"{CONTACTS}{member.contact_id}/"
        assert said in as_ada.get(page, {"group": "profile"}).content.decode()
        assert said not in as_ada.get(page, {"group": "visits"}).content.decode()
        assert said in as_ada.get(page, {"group": "garbage"}).content.decode()

    def test_the_timeline_is_turned_page_by_page_and_shows_everything_once(self, in_juniper):
        contact, tag = ContactFactory(), TagFactory()
        for hours in range(25):
            # Two things at each moment: a page never ends between them.
            tags.add(contact, tag, at=MAY - timedelta(hours=hours))
            tags.remove(contact, tag, at=MAY - timedelta(hours=hours))
        before, seen, pages = MAY + timedelta(hours=1), [], 0
        while before is not None:
            history = queries.timeline(contact, before=before, limit=7)
            seen, before, pages = [*seen, *history.entries], history.before, pages + 1
        assert (len(seen), pages) == (50, 7)
        assert [entry.at for entry in seen] == sorted((entry.at for entry in seen), reverse=True)

    @pytest.mark.parametrize("before", ["garbage", "2026-05-01T09:00:00", "9999-99-99"])
    def test_a_moment_that_is_none_shows_the_first_page(self, as_ada, in_juniper, before):
        contact = ContactFactory()
        assert as_ada.get(f"{CONTACTS}{contact.id}/", {"before": before}).status_code == 200

    def test_an_unsubscription_stands_on_the_timeline(self, as_ada, in_juniper):
        member = ListMemberFactory()
        consent.withdraw(member.contact, member.list, at=MAY)
        assert f"Left “{member.list.name}”" in as_ada.get(f"{CONTACTS}{member.contact_id}/").content.decode()

    def test_who_was_deleted_is_found_among_the_deleted_and_restored(self, as_ada, in_juniper):
        gone, here = ContactFactory(email="gone@example.com"), ContactFactory(email="here@example.com")
        as_ada.post(f"{CONTACTS}{gone.id}/deletion/")
        everybody = [row.email for row in as_ada.get(CONTACTS).context["page"].rows]
        deleted = [row.email for row in as_ada.get(f"{CONTACTS}?state=deleted").context["page"].rows]
        assert (everybody, deleted) == ([here.email], [gone.email])
        assert "/restoration/" in as_ada.get(f"{CONTACTS}{gone.id}/").content.decode()

    def test_deleting_somebody_is_asked_first(self, as_ada, in_juniper):
        page = as_ada.get(f"{CONTACTS}{ContactFactory().id}/").content.decode()
        form = page.split("/deletion/")[1].split(">")[0]
        assert "data-confirm" in form

    def test_a_country_is_chosen_by_its_name_and_shown_by_it(self, as_ada, in_juniper):
        assert ">Germany</option>" in as_ada.get(f"{CONTACTS}new/").content.decode()
        answer = as_ada.post(f"{CONTACTS}new/", {"email": "noa@example.com", "country": "DE"})
        assert "Germany" in as_ada.get(answer["Location"]).content.decode()

    def test_a_code_that_an_import_brought_is_kept_by_an_edit(self, as_ada, in_juniper):
        contact = ContactFactory(country="QZ")
        values = {"first_name": "Noa", "country": "QZ"}
        assert as_ada.post(f"{CONTACTS}{contact.id}/profile/", values).status_code == 302
        contact.refresh_from_db()
        assert (contact.first_name, contact.country) == ("Noa", "QZ")

    def test_what_was_noted_of_somebody_is_shown(self, as_ada, in_juniper):
        contact = ContactFactory(street="Mill Lane 4", notes="Prefers mornings")
        page = as_ada.get(f"{CONTACTS}{contact.id}/").content.decode()
        assert ("Mill Lane 4" in page, "Prefers mornings" in page) == (True, True)

    def test_with_nobody_there_the_screen_offers_one_thing_to_do(self, as_ada, in_juniper):
        page = as_ada.get(CONTACTS).content.decode().split("<main")[1].split("</main>")[0]
        assert (page.count("button-primary"), "toolbar" in page) == (1, False)

    def test_whoever_may_only_look_is_offered_nothing_to_press(self, as_viewer, in_juniper):
        member = ListMemberFactory()
        page = as_viewer.get(f"{CONTACTS}{member.contact_id}/").content.decode()
        assert page.count(f"/contacts/{member.contact_id}/lists/") == 0
        assert "/deletion/" not in page
        assert "/tags/" not in page
