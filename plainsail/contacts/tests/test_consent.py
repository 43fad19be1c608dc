"""Consent is asked for, confirmed by a press, taken back by a press, and proven."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plainsail.contacts import queries
from plainsail.contacts.models import ConsentEntry, Contact, ListMember, Suppression
from plainsail.contacts.services import addresses, consent, contacts, links, lists, suppression
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import EventRow
from plainsail.kernel.testing.web import Browser

MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)


@pytest.fixture
def news(in_juniper):
    return lists.create(in_juniper, name="Letters", at=MAY)


def ask(workspace, topic, *, email="Maren@Example.com ", at=MAY) -> Contact:
    return consent.opt_in(workspace, email=email, list=topic, wording="Yes, write to me.", at=at, ip="192.0.2.7")


def state(contact) -> str:
    return ListMember.objects.get(contact=contact).state


def test_asking_makes_a_contact_who_waits_for_confirmation(in_juniper, news):
    contact = ask(in_juniper, news)
    assert (contact.email, state(contact)) == ("maren@example.com", "pending")
    proof = ConsentEntry.objects.get()
    assert (proof.act, proof.wording, proof.ip) == ("asked", "Yes, write to me.", "192.0.2.7")


def test_asking_again_sends_one_confirmation_a_day(in_juniper, news):
    for hours in (0, 1, 23, 25):
        ask(in_juniper, news, at=MAY + timedelta(hours=hours))
    assert EventRow.objects.filter(name="contacts.opt_in_requested").count() == 2
    assert Contact.objects.count() == 1


def test_confirming_twice_is_confirming_once(in_juniper, news):
    contact = ask(in_juniper, news)
    member = ListMember.objects.get()
    assert consent.confirm(member, at=MAY)
    assert not consent.confirm(member, at=MAY)
    assert state(contact) == "subscribed"
    assert EventRow.objects.filter(name="contacts.list_joined").count() == 1


def test_an_import_never_lifts_an_unsubscription(in_juniper, news):
    contact = ask(in_juniper, news)
    consent.withdraw(contact, news, at=MAY)
    assert not consent.add_with_basis(contact, news, basis="paper", source="import", at=MAY)
    assert state(contact) == "unsubscribed"


def test_a_later_confirmation_lifts_ones_own_never_but_no_complaint(in_juniper, news):
    contact = ask(in_juniper, news)
    consent.withdraw_all(contact, at=MAY)
    assert queries.may_receive(contact, news).reason == "suppressed:unsubscribed"
    ask(in_juniper, news, at=MAY + timedelta(days=2))
    consent.confirm(ListMember.objects.get(), at=MAY)
    assert queries.may_receive(contact, news).allowed
    suppression.add(contact, reason=Suppression.Reason.COMPLAINT, at=MAY)
    consent.confirm(ListMember.objects.get(), at=MAY)
    assert queries.may_receive(contact, None).reason == "suppressed:complaint"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    member=st.sampled_from([None, *ListMember.State.values]),
    reason=st.sampled_from([None, *Suppression.Reason.values]),
    is_deleted=st.booleans(),
)
def test_the_one_answer_and_its_set_form_agree(in_juniper, news, member, reason, is_deleted):
    contact = contacts.find_or_create(email=f"{new_id().hex}@example.com", source="", at=MAY)
    if member:
        ListMember.objects.create(list=news, contact=contact, state=member, changed_at=MAY)
    if reason:
        suppression.add(contact, reason=Suppression.Reason(reason), at=MAY)
    if is_deleted:
        contacts.delete(contact, at=MAY)
    in_set = Contact.objects.mailable(news).filter(id=contact.id).exists()
    assert queries.may_receive(contact, news).allowed is in_set


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "x",
        "a@b",
        "a b@example.com",
        "a@exa mple.com",
        "x" * 300 + "@example.com",
        "a@\x00.com",
        '""@a.com',
        '"a"@a.com',
    ],
)
def test_what_is_no_address_is_refused(wrong):
    with pytest.raises(addresses.BadAddress):
        addresses.normalise(wrong)


class TestPages:
    @pytest.fixture
    def member(self, in_juniper, news):
        ask(in_juniper, news)
        return ListMember.objects.select_related("contact", "list").get()

    def path(self, url: str) -> str:
        return "/" + url.split("/", 3)[3]

    def test_looking_at_the_confirm_page_changes_nothing_and_pressing_confirms(self, in_juniper, member, site_client):
        path = self.path(links.confirm_url(in_juniper, member))
        for method in (site_client.get, site_client.head):
            assert method(path).status_code == 200
        assert state(member.contact) == "pending"
        assert "One press" in site_client.get(path).content.decode()
        for _twice in range(2):
            assert site_client.post(path)["Location"] == path
        assert state(member.contact) == "subscribed"
        assert ConsentEntry.objects.filter(act="confirmed").count() == 1
        assert "you are on the list" in site_client.get(path).content.decode()

    def test_every_link_works_without_cookies_and_is_kept_by_nobody(self, in_juniper, member):
        strict = Browser(enforce_csrf_checks=True, headers={"host": "juniper.localhost"})
        preferences = self.path(links.preferences_url(in_juniper, member.contact_id))
        for path in (self.path(links.confirm_url(in_juniper, member)), preferences):
            answer = strict.get(path)
            assert not answer.cookies
            assert "no-store" in answer["Cache-Control"]
            assert (answer["X-Robots-Tag"], answer["Referrer-Policy"]) == ("noindex", "same-origin")
            assert strict.post(path, {"list": str(member.list_id)}).status_code < 400
        assert state(member.contact) == "subscribed"

    def test_the_link_of_a_deleted_contact_is_worn_out(self, in_juniper, member, site_client):
        path = self.path(links.confirm_url(in_juniper, member))
        contacts.delete(member.contact, at=MAY)
        for method in (site_client.get, site_client.post):
            answer = method(path)
            assert answer.status_code == 404
            assert 'href="/"' in answer.content.decode()
        assert state(member.contact) != "subscribed"

    def test_one_click_unsubscribing_needs_no_cookie_and_no_page(self, in_juniper, member):
        consent.confirm(member, at=MAY)
        strict = Browser(enforce_csrf_checks=True, headers={"host": "juniper.localhost"})
        path = self.path(links.unsubscribe_url(in_juniper, member.contact_id, member.list_id))
        assert strict.get(path).status_code == 200
        assert state(member.contact) == "subscribed"
        assert "You are unsubscribed" not in strict.get(path).content.decode()
        assert strict.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
        assert state(member.contact) == "unsubscribed"
        assert "You are unsubscribed" in strict.get(path).content.decode()

    def test_preferences_leave_what_is_not_kept_and_stop_leaves_all(self, in_juniper, member, site_client):
        consent.confirm(member, at=MAY)
        path = self.path(links.preferences_url(in_juniper, member.contact_id))
        site_client.post(path, {"list": [str(member.list_id), "garbage"]})
        assert state(member.contact) == "subscribed"
        assert "you get no more of our mail" in site_client.post(path, {"stop": "1"}).content.decode()
        assert state(member.contact) == "unsubscribed"
        assert not queries.may_receive(member.contact, member.list).allowed

    def test_who_ticks_a_list_that_they_left_is_asked_to_confirm_at_once(self, in_juniper, member, site_client):
        consent.confirm(member, at=MAY)
        path = self.path(links.preferences_url(in_juniper, member.contact_id))
        site_client.post(path, {})
        assert state(member.contact) == "unsubscribed"
        asked = EventRow.objects.filter(name="contacts.opt_in_requested").count()
        for _twice in range(2):
            page = site_client.post(path, {"list": str(member.list_id)}).content.decode()
            assert state(member.contact) == "pending"
        assert "Waits for you to press the button" in page
        assert EventRow.objects.filter(name="contacts.opt_in_requested").count() == asked + 1
        assert not queries.may_receive(member.contact, member.list).allowed

    def test_forged_and_foreign_links_lead_nowhere(self, in_juniper, member, site_client, acme):
        path = self.path(links.confirm_url(in_juniper, member))
        foreign = Browser(headers={"host": "acme.localhost"})
        for answer in (site_client.post("/confirm/garbage/"), site_client.post(path[:-3] + "AA/"), foreign.post(path)):
            assert answer.status_code == 404
        assert state(member.contact) == "pending"

    def test_nobody_is_told_that_they_are_off_by_a_link_that_took_nobody_off(
        self, in_juniper, member, site_client, acme
    ):
        path = self.path(links.unsubscribe_url(in_juniper, member.contact_id, member.list_id))
        foreign = Browser(headers={"host": "acme.localhost"})
        for answer in (
            site_client.post("/unsubscribe/stale/"),
            site_client.post(path[:-3] + "bb/"),
            foreign.post(path),
        ):
            assert (answer.status_code, b"You are unsubscribed" in answer.content) == (404, False)
        assert state(member.contact) == "pending"
        member.contact.delete()
        gone = site_client.post(path)
        assert (gone.status_code, b"You are unsubscribed" in gone.content) == (200, True)


class TestScreens:
    def test_a_contact_is_added_by_hand_and_stands_on_no_list(self, as_ada, in_juniper):
        answer = as_ada.post("/w/juniper/contacts/new/", {"email": "New@Example.com", "first_name": "Noa"})
        assert answer.status_code == 302
        made = Contact.objects.get()
        assert (made.email, made.first_name, ListMember.objects.count()) == ("new@example.com", "Noa", 0)
        assert b"Noa" in as_ada.get(answer["Location"]).content

    @pytest.mark.parametrize("values", [{"email": "nonsense"}, {}, {"email": "a@example.com", "country": "Germany"}])
    def test_bad_input_is_said_at_the_field(self, as_ada, in_juniper, values):
        assert as_ada.post("/w/juniper/contacts/new/", values).status_code == 422
        assert Contact.objects.count() == 0

    def test_the_list_is_searched_filtered_and_paged_by_key(self, as_ada, in_juniper, news):
        for number in range(queries.PAGE + 3):
            contacts.find_or_create(email=f"p{number:03}@example.com", source="", at=MAY + timedelta(minutes=number))
        page = queries.browse(in_juniper)
        rest = queries.browse(in_juniper, after=page.after)
        assert (len(page.rows), len(rest.rows), rest.after) == (queries.PAGE, 3, "")
        assert len(queries.browse(in_juniper, text="P001").rows) == 1
        assert as_ada.get("/w/juniper/contacts/?after=garbage&list_id=x&tag_id=y").status_code == 200

    def test_tags_come_and_go(self, as_ada, in_juniper):
        made = contacts.find_or_create(email="a@example.com", source="", at=MAY)
        as_ada.post(f"/w/juniper/contacts/{made.id}/tags/", {"name": "Guest"})
        tag = in_juniper.tags.get()
        assert made.contact_tags.count() == 1
        as_ada.post(f"/w/juniper/contacts/{made.id}/tags/{tag.id}/removal/")
        assert made.contact_tags.count() == 0

    def test_deleting_can_be_undone(self, as_ada, in_juniper):
        made = contacts.find_or_create(email="a@example.com", source="", at=MAY)
        as_ada.post(f"/w/juniper/contacts/{made.id}/deletion/")
        assert not Contact.objects.alive().exists()
        as_ada.post(f"/w/juniper/contacts/{made.id}/restoration/")
        assert Contact.objects.alive().count() == 1

    def test_a_stranger_learns_nothing(self, as_cleo, as_ben, in_juniper):
        made = contacts.find_or_create(email="a@example.com", source="", at=MAY)
        for path in ("", f"{made.id}/", f"{made.id}/profile/", "new/"):
            assert as_cleo.get(f"/w/juniper/contacts/{path}").status_code == 404
            assert as_cleo.get(f"/w/acme/contacts/{made.id}/").status_code == 404
