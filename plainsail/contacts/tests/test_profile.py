"""One field of a profile changed in its place, and two people at once."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from plainsail.contacts.models import Contact
from plainsail.contacts.services import contacts, editing
from plainsail.contacts.services import fields as own_fields
from plainsail.contacts.services.contacts import AddressTaken
from plainsail.contacts.tests.factories import ContactFactory

MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)
CONTACTS = "/w/juniper/contacts/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def maren(in_juniper) -> Contact:
    return ContactFactory(email="maren@example.com", first_name="Maren", last_name="Thiessen", city="Bremen")


def seen_on(page) -> str:
    found = re.search(r'name="seen" value="([^"]*)"', page.content.decode())
    assert found
    return found[1].replace("&quot;", '"')


class TestSaving:
    def test_what_nobody_else_changed_is_saved(self, maren):
        seen = editing.seen(maren, ["city"])
        assert editing.save(maren, {"city": "Kiel"}, seen=seen, at=MAY) == ["city"]
        assert Contact.objects.get().city == "Kiel"

    def test_what_somebody_else_changed_is_not_overwritten(self, maren):
        seen = editing.seen(maren, ["city", "company"])
        contacts.update(Contact.objects.get(), fields={"city": "Hamburg"}, at=MAY)
        with pytest.raises(editing.ChangedMeanwhile) as caught:
            editing.save(maren, {"city": "Kiel", "company": "Thiessen"}, seen=seen, at=MAY)
        assert caught.value.names == ["city"]
        assert Contact.objects.values_list("city", "company").get() == ("Hamburg", "")

    def test_what_one_did_not_touch_keeps_what_another_made_of_it(self, maren):
        seen = editing.seen(maren, ["city", "company"])
        contacts.update(Contact.objects.get(), fields={"city": "Hamburg"}, at=MAY)
        editing.save(maren, {"city": "Bremen", "company": "Thiessen"}, seen=seen, at=MAY)
        assert Contact.objects.values_list("city", "company").get() == ("Hamburg", "Thiessen")

    def test_own_fields_are_held_the_same_way(self, maren, in_juniper):
        own_fields.define(in_juniper, label="Colour", kind="choices", choices=["Red", "Blue"], at=MAY)
        seen = editing.seen(maren, ["field:colour"])
        contacts.update(maren, fields={}, custom={"colour": ["Red"]}, at=MAY)
        with pytest.raises(editing.ChangedMeanwhile):
            editing.save(maren, {"field:colour": ["Blue"]}, seen=seen, at=MAY)
        fresh = editing.seen(maren, ["field:colour"])
        assert editing.save(maren, {"field:colour": ["Red"]}, seen=fresh, at=MAY) == []
        assert editing.save(maren, {"field:colour": ["Blue", "Red"]}, seen=fresh, at=MAY) == ["field:colour"]

    def test_a_number_written_in_another_way_is_no_change(self, maren):
        contacts.update(maren, fields={"phone": "+493514567890"}, at=MAY)
        seen = editing.seen(maren, ["phone"])
        assert editing.save(maren, {"phone": "+49 351 4567890"}, seen=seen, at=MAY) == []

    def test_an_address_that_another_has_is_refused(self, maren):
        ContactFactory(email="other@example.com")
        with pytest.raises(AddressTaken):
            editing.save(maren, {"email": "other@example.com"}, seen=editing.seen(maren, ["email"]), at=MAY)


class TestOneField:
    def at(self, contact, name) -> str:
        return f"{CONTACTS}{contact.id}/profile/{name}/"

    def test_without_javascript_a_field_has_a_page_of_its_own(self, as_ada, maren):
        page = as_ada.get(self.at(maren, "city"))
        assert 'value="Bremen"' in page.content.decode()
        answer = as_ada.post(self.at(maren, "city"), {"city": "Kiel", "seen": seen_on(page)})
        assert answer["Location"] == f"{CONTACTS}{maren.id}/"
        assert Contact.objects.get().city == "Kiel"

    def test_in_its_place_the_answer_is_the_line_with_a_way_back(self, as_ada, maren):
        page = as_ada.get(self.at(maren, "city"), headers=HTMX)
        saved = as_ada.post(self.at(maren, "city"), {"city": "Kiel", "seen": seen_on(page)}, headers=HTMX)
        assert "Kiel" in saved.content.decode()
        as_ada.post(self.at(maren, "city"), {"city": "Bremen", "seen": seen_on(saved)}, headers=HTMX)
        assert Contact.objects.get().city == "Bremen"

    def test_a_change_in_between_is_told_and_the_second_time_replaced(self, as_ada, maren):
        seen = seen_on(as_ada.get(self.at(maren, "city"), headers=HTMX))
        contacts.update(maren, fields={"city": "Hamburg"}, at=MAY)
        refused = as_ada.post(self.at(maren, "city"), {"city": "Kiel", "seen": seen}, headers=HTMX)
        assert refused.status_code == 422
        assert "Hamburg" in refused.content.decode()
        assert Contact.objects.get().city == "Hamburg"
        as_ada.post(self.at(maren, "city"), {"city": "Kiel", "seen": seen_on(refused)}, headers=HTMX)
        assert Contact.objects.get().city == "Kiel"

    @pytest.mark.parametrize(
        ("name", "value"), [("phone", "call me"), ("email", "nobody"), ("country", "QQ"), ("timezone", "Mars/Dune")]
    )
    def test_what_does_not_fit_is_refused_at_the_field(self, as_ada, maren, name, value):
        refused = as_ada.post(self.at(maren, name), {name: value}, headers=HTMX)
        assert (refused.status_code, list(refused.context["form"].errors)) == (422, [name])

    @pytest.mark.parametrize("name", ["seen", "score", "deleted_at", "field:none", "id"])
    def test_what_is_no_field_of_the_profile_is_not_found(self, as_ada, maren, name):
        assert as_ada.get(self.at(maren, name)).status_code == 404

    def test_the_whole_form_refuses_only_the_field_that_both_changed(self, as_ada, maren):
        page = as_ada.get(f"{CONTACTS}{maren.id}/profile/")
        given = {name: page.context["form"][name].value() or "" for name in page.context["form"].fields}
        contacts.update(maren, fields={"city": "Hamburg"}, at=MAY)
        path = f"{CONTACTS}{maren.id}/profile/"
        assert as_ada.post(path, {**given, "seen": seen_on(page), "company": "Thiessen"}).status_code == 302
        refused = as_ada.post(path, {**given, "seen": seen_on(page), "city": "Kiel"})
        assert list(refused.context["form"].errors) == ["city"]
        assert Contact.objects.values_list("city", "company").get() == ("Hamburg", "Thiessen")


class TestTakenAddresses:
    def test_whose_it_is_stands_at_the_field(self, as_ada, maren):
        other = ContactFactory(email="other@example.com", first_name="Bo <b>")
        home = f'<a href="{CONTACTS}{other.id}/">Show Bo &lt;b&gt;</a>'
        for path in (f"{CONTACTS}new/", f"{CONTACTS}{maren.id}/profile/email/"):
            page = as_ada.post(path, {"email": "OTHER@example.com"})
            assert (page.status_code, home in page.content.decode()) == (422, True), path

    def test_who_was_deleted_is_offered_and_loses_nothing(self, as_ada, in_juniper):
        gone = ContactFactory(email="gone@example.com", first_name="Bo", phone="+4722123456")
        contacts.delete(gone, at=MAY)
        page = as_ada.post(f"{CONTACTS}new/", {"email": "gone@example.com"})
        assert page.status_code == 422
        assert f'<a href="{CONTACTS}{gone.id}/">Show or restore Bo</a>' in page.content.decode()
        gone.refresh_from_db()
        assert (gone.is_deleted, gone.phone) == (True, "+4722123456")


class TestHints:
    def test_a_slip_is_told_on_the_page_and_mended_by_one_press(self, as_ada, in_juniper):
        maren = ContactFactory(email="maren@gmial.com")
        page = as_ada.get(f"{CONTACTS}{maren.id}/")
        assert "Did you mean maren@gmail.com?" in page.content.decode()
        assert Contact.objects.get().email == "maren@gmial.com"
        path = f"{CONTACTS}{maren.id}/profile/email/"
        as_ada.post(path, {"email": "maren@gmail.com", "seen": seen_on(page)})
        assert Contact.objects.get().email == "maren@gmail.com"

    def test_whoever_types_an_address_is_told_at_once_and_may_keep_it(self, as_ada, in_juniper):
        assert "several people" in as_ada.get(f"{CONTACTS}address-hints/?email=info@shop.de").content.decode()
        assert "hint" not in as_ada.get(f"{CONTACTS}address-hints/?email=ann@shop.de").content.decode()
        as_ada.post(f"{CONTACTS}new/", {"email": "info@shop.de"})
        assert Contact.objects.get().email == "info@shop.de"
