"""Tags: put on, taken off, gone by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plainsail.contacts.models import ContactTag, Tag
from plainsail.contacts.services import tags
from plainsail.contacts.tests.factories import ContactFactory, ContactTagFactory, TagFactory
from plainsail.kernel import due
from plainsail.kernel.models import EventRow

MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)
TAGS = "/w/juniper/contacts/tags/"


class TestATagThatLasts:
    def test_comes_off_by_itself_after_its_days_and_that_is_told(self, in_juniper):
        tag, contact = TagFactory(lasts_days=3), ContactFactory()
        tags.add(contact, tag, at=MAY)
        assert tags.expire(at=MAY + 3 * DAY - timedelta(seconds=1)) == MAY + 3 * DAY
        assert ContactTag.objects.exists()
        assert tags.expire(at=MAY + 3 * DAY) is None
        assert not ContactTag.objects.exists()
        assert EventRow.objects.filter(name="contacts.tag_removed", contact_id=contact.id).exists()

    def test_lasts_anew_when_it_is_put_on_again(self, in_juniper):
        tag, contact = TagFactory(lasts_days=3), ContactFactory()
        tags.add(contact, tag, at=MAY)
        assert not tags.add(contact, tag, at=MAY + DAY)
        assert tags.expire(at=MAY + 3 * DAY) == MAY + 4 * DAY
        assert EventRow.objects.filter(name="contacts.tag_added").count() == 1

    def test_more_than_one_round_takes_off_says_that_there_is_more(self, in_juniper, monkeypatch):
        monkeypatch.setattr(tags, "AT_ONCE", 2)
        tag = TagFactory(lasts_days=1)
        tags.add_to_many([ContactFactory() for _number in range(3)], tag, at=MAY)
        assert tags.expire(at=MAY + DAY) == MAY + DAY
        assert tags.expire(at=MAY + DAY) is None

    def test_its_end_is_known_to_whoever_wakes_things_that_are_due(self, in_juniper):
        tags.add(ContactFactory(), TagFactory(lasts_days=3), at=MAY)
        assert (in_juniper.id, tags.EXPIRING) in due.claim(at=MAY + 3 * DAY)

    def test_one_without_days_stays(self, in_juniper):
        tags.add(ContactFactory(), TagFactory(), at=MAY)
        assert tags.expire(at=MAY + 10_000 * DAY) is None
        assert ContactTag.objects.exists()


class TestWords:
    def test_of_any_script_and_signs_alone_are_tags_of_their_own(self, in_juniper):
        names = ["Käufer", "客户", "顧客", "⭐", "❤️"]
        assert len({tags.named(in_juniper, name).id for name in names}) == len(names)
        assert tags.named(in_juniper, "käufer") == tags.named(in_juniper, "Käufer")

    def test_signs_that_make_another_word_make_another_tag(self, in_juniper):
        names = ["C", "C++", "C#", "<50", ">50", "50", "50 %", "1.5", "15", "Q&A", "QA", "A/B", "AB"]
        assert len({tags.named(in_juniper, name).id for name in names}) == len(names)
        assert tags.named(in_juniper, "c++") == tags.named(in_juniper, "C++")
        for name in names:
            assert tags.slug_of(tags.slug_of(name)) == tags.slug_of(name)

    def test_one_that_was_made_when_signs_did_not_count_is_found_by_its_name(self, in_juniper):
        before = TagFactory(name="C++", slug="c")
        assert tags.named(in_juniper, "C++") == before


class TestScreens:
    def test_a_tag_is_made_changed_and_deleted_with_how_many_had_it_said(self, as_ada, in_juniper):
        assert as_ada.post(TAGS, {"name": "Press", "category": "Work", "lasts_days": "30"}).status_code == 302
        tag = Tag.objects.get()
        assert (tag.name, tag.category, tag.lasts_days) == ("Press", "Work", 30)
        contact = ContactTagFactory(tag=tag).contact
        assert as_ada.post(f"{TAGS}{tag.id}/", {"name": "Media"}).status_code == 302
        tag.refresh_from_db()
        assert (tag.name, tag.category, tag.lasts_days) == ("Media", "", None)
        page = as_ada.post(f"{TAGS}{tag.id}/deletion/", follow=True).content.decode()
        assert "“Media” is gone from 1 contact." in page
        assert not Tag.objects.exists()
        assert EventRow.objects.filter(name="contacts.tag_removed", contact_id=contact.id).exists()

    @pytest.mark.parametrize(
        ("given", "wrong"),
        [
            ({"name": ""}, "name"),
            ({"name": "x" * 61}, "name"),
            ({"name": "press"}, "name"),
            ({"name": "New", "lasts_days": "0"}, "lasts_days"),
            ({"name": "New", "lasts_days": "soon"}, "lasts_days"),
        ],
    )
    def test_a_tag_that_is_none_or_there_already_is_refused_at_the_input(self, as_ada, in_juniper, given, wrong):
        other = TagFactory(name="Press", slug="press")
        second = TagFactory(name="Second", slug="second")
        for path in (TAGS, f"{TAGS}{second.id}/"):
            page = as_ada.post(path, given)
            assert (page.status_code, list(page.context["form"].errors)) == (422, [wrong])
        assert set(Tag.objects.all()) == {other, second}

    def test_a_contact_shows_until_when_a_tag_lasts(self, as_ada, in_juniper):
        contact = ContactFactory()
        tags.add(contact, TagFactory(name="Trial", lasts_days=30), at=MAY)
        page = as_ada.get(f"/w/juniper/contacts/{contact.id}/").content.decode()
        assert "until 31 May 2026" in page or "until May 31, 2026" in page
