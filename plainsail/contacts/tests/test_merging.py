"""Two contacts that are one person become one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plainsail.contacts import queries
from plainsail.contacts.models import Contact, ContactTag, CustomField, ListMember
from plainsail.contacts.services import consent, contacts, fields, links, merging, suppression, tags, values
from plainsail.contacts.sockets import STAYS_WHEN_MERGED
from plainsail.contacts.tests.factories import ContactFactory, ListFactory, ListMemberFactory, TagFactory
from plainsail.kernel.crypto import BadToken
from plainsail.kernel.models import EventRow

MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)
CONTACTS = "/w/juniper/contacts/"


@pytest.fixture
def two(in_juniper):
    kept = ContactFactory(email="ida@work.example", first_name="Ida", created_at=MAY, score=5, notes="Met in May")
    merged = ContactFactory(
        email="ida@home.example",
        first_name="I.",
        last_name="Berg",
        city="Kiel",
        created_at=MAY - timedelta(days=90),
        score=7,
        notes="Likes ash",
    )
    return kept, merged


class TestTheOneThatStays:
    def test_says_what_it_said_and_what_it_did_not_say_is_filled(self, two):
        kept = merging.merge(*two, at=MAY)
        kept.refresh_from_db()
        assert (kept.first_name, kept.last_name, kept.city, kept.score) == ("Ida", "Berg", "Kiel", 12)
        assert kept.notes == "Met in May\n\nLikes ash"
        assert kept.created_at == MAY - timedelta(days=90)

    def test_has_the_tags_fields_events_and_proofs_of_both(self, two, in_juniper):
        kept, merged = two
        field = fields.define(in_juniper, label="Size", kind=CustomField.Kind.TEXT, at=MAY)
        other = fields.define(in_juniper, label="Glaze", kind=CustomField.Kind.TEXT, at=MAY)
        values.put(kept, {field.key: "38"})
        values.put(merged, {field.key: "39", other.key: "Ash"})
        both, theirs = TagFactory(), TagFactory()
        for contact in two:
            tags.add(contact, both, at=MAY)
        tags.add(merged, theirs, at=MAY)
        consent.add_with_basis(merged, ListFactory(), basis="Signed", source="manual", at=MAY)
        merging.merge(kept, merged, at=MAY)
        assert set(kept.contact_tags.values_list("tag_id", flat=True)) == {both.id, theirs.id}
        assert kept.consents.count() == kept.memberships.count() == 1
        assert not EventRow.objects.filter(contact_id=merged.id).exists()
        assert queries.values_of([kept])[kept.id] == {field.key: "38", other.key: "Ash"}

    def test_has_left_every_list_that_either_left(self, two):
        kept, merged = two
        first, second = ListFactory(), ListFactory()
        ListMemberFactory(list=first, contact=kept, state="subscribed")
        ListMemberFactory(list=first, contact=merged, state="unsubscribed")
        ListMemberFactory(list=second, contact=kept, state="unsubscribed")
        ListMemberFactory(list=second, contact=merged, state="subscribed")
        merging.merge(kept, merged, at=MAY)
        assert set(kept.memberships.values_list("state", flat=True)) == {ListMember.State.UNSUBSCRIBED}

    @pytest.mark.parametrize(
        ("reason", "verdict"),
        [
            ("unsubscribed", "suppressed:unsubscribed"),
            ("complaint", "suppressed:complaint"),
            ("hard_bounce", ""),
            ("soft_bounces", ""),
        ],
    )
    def test_gets_no_mail_where_the_person_refused_it_at_the_other_address(self, two, reason, verdict):
        kept, merged = two
        topic = ListMemberFactory(contact=kept).list
        suppression.add(merged, reason=suppression.Reason(reason), at=MAY)
        merging.merge(kept, merged, at=MAY)
        assert queries.may_receive(kept, topic).reason == verdict

    def test_answers_links_in_mail_that_the_other_got(self, two, in_juniper):
        kept, merged = two
        third = ContactFactory()
        token = links.unsubscribe_url(in_juniper, merged.id, None).split("/")[-2]
        merging.merge(kept, merged, at=MAY)
        merging.merge(third, kept, at=MAY)
        assert links.read_unsubscribe(token) == (third, None)
        contacts.delete(third, at=MAY)
        with pytest.raises(BadToken):
            links.read_unsubscribe(token)


class TestPrograms:
    def test_hear_of_both_when_they_ask_what_changed(self, two):
        merging.merge(*two, at=MAY)
        changed = Contact.objects.filter(last_change__at=MAY).order_by("created_at", "email")
        assert [one.email for one in changed] == ["ida@home.example", "ida@work.example"]


class TestTheOther:
    def test_is_deleted_and_says_into_whom_it_went(self, two):
        kept, merged = two
        merging.merge(kept, merged, at=MAY)
        merged.refresh_from_db()
        assert (merged.deleted_at, merged.merged_into) == (MAY, kept.id)

    def test_comes_back_as_a_person_of_their_own_when_they_write_again(self, two):
        kept, merged = two
        merging.merge(kept, merged, at=MAY)
        again = contacts.find_or_create(email=merged.email, source="form", at=MAY)
        assert (again.id, again.is_deleted, again.merged_into) == (merged.id, False, None)


class TestRefusals:
    def test_nobody_is_merged_with_themselves_or_with_somebody_deleted(self, two):
        kept, merged = two
        with pytest.raises(merging.SameContact):
            merging.merge(kept, kept, at=MAY)
        contacts.delete(merged, at=MAY)
        for pair in ((kept, merged), (merged, kept)):
            with pytest.raises(merging.NotThere):
                merging.merge(*pair, at=MAY)

    @pytest.mark.parametrize("address", ["", "nobody@example.com", "garbage", "ida@work.example"])
    def test_an_address_of_nobody_else_is_refused_at_the_field(self, as_ada, two, address):
        page = as_ada.get(f"{CONTACTS}{two[0].id}/merging/", {"email": address})
        assert (page.status_code, list(page.context["form"].errors)) == (422, ["email"])


class TestEveryTable:
    def test_with_a_contact_in_it_moves_or_says_why_it_stays(self):
        moved = {model._meta.label_lower for model, _column in merging.movable()}
        assert {"contacts.contacttag", "kernel.eventrow", "mail.delivery", "commerce.billingaccount"} <= moved
        assert "portal.portalsession" in STAYS_WHEN_MERGED
        assert not moved & set(STAYS_WHEN_MERGED.keys())

    def test_can_really_be_moved(self, two):
        kept, merged = two
        for model, column in merging.movable():
            merging._move(model, column, kept, merged)
        assert not ContactTag.objects.filter(contact=merged).exists()


class TestScreen:
    def test_shows_both_side_by_side_and_changes_nothing_until_it_is_posted(self, as_ada, two):
        kept, merged = two
        page = as_ada.get(f"{CONTACTS}{kept.id}/merging/", {"email": " IDA@home.example"}).content.decode()
        assert "ida@home.example" in page
        assert Contact.objects.alive().count() == 2
        done = as_ada.post(f"{CONTACTS}{kept.id}/merging/", {"email": merged.email}, follow=True).content.decode()
        assert "ida@home.example is part of this contact now." in done
        assert Contact.objects.alive().get().id == kept.id
        assert "Merged into another contact." in as_ada.get(f"{CONTACTS}{merged.id}/").content.decode()
