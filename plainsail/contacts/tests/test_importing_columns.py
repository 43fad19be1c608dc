"""What cells of a kind become: how things stood in the old program, days, zones, languages."""

from __future__ import annotations

from datetime import date

import pytest

from plainsail.contacts.models import ConsentEntry, Contact, CustomField, FieldValue, ListMember, Suppression
from plainsail.contacts.services import fields, importing
from plainsail.contacts.services import importing_undo as undoing
from plainsail.contacts.tests.factories import ContactFactory, ListFactory, ListMemberFactory
from plainsail.contacts.tests.test_importing import MAY, business, imported, on_list, received

__all__ = ["business"]

MAILCHIMP = "Email Address,First Name,MEMBER_RATING,UNSUB_TIME,LEID\nmia@example.com,Mia,2,2024-03-03 10:00:00,1\n"
CLEANED = "Email Address,First Name,MEMBER_RATING,CLEAN_TIME,LEID\nmia@example.com,Mia,2,2024-03-03 10:00:00,1\n"


class TestWhoLeftInTheOldProgram:
    def test_an_export_of_those_who_unsubscribed_puts_nobody_on_a_list(self, business):
        made = on_list(business, ListFactory(), MAILCHIMP)
        assert (ListMember.objects.get().state, made.tally["held"]) == ("unsubscribed", 1)

    def test_an_export_of_addresses_that_bounced_blocks_them(self, business):
        on_list(business, ListFactory(), CLEANED)
        assert Suppression.objects.get().reason == "hard_bounce"
        assert not ListMember.objects.exists()

    @pytest.mark.parametrize("cell", ["", "no", "0", "0000-00-00 00:00:00", "nein"])
    def test_a_cell_that_says_no_says_nothing(self, business, cell):
        on_list(business, ListFactory(), f"email,unsubscribed,bounced\na@example.com,{cell},0\n")
        assert ListMember.objects.get().state == "subscribed"

    def test_a_day_beside_a_status_of_subscribed_counts(self, business):
        on_list(business, ListFactory(), "email,unsubscribed_at,status\na@example.com,2024-01-01,subscribed\n")
        assert ListMember.objects.get().state == "unsubscribed"

    def test_who_is_on_the_list_here_comes_off_it_and_that_is_written_down(self, business):
        member = ListMemberFactory(contact__email="mia@example.com", contact__first_name="Mia")
        other = ListMemberFactory(contact=member.contact)
        made = on_list(business, member.list, MAILCHIMP)
        states = dict(ListMember.objects.values_list("list_id", "state"))
        assert states == {member.list_id: "unsubscribed", other.list_id: "subscribed"}
        proof = ConsentEntry.objects.get()
        assert (proof.act, proof.list_id, proof.source, proof.at) == ("withdrawn", member.list_id, "import", MAY)
        assert made.tally["changed"] == 1
        assert Contact.objects.get().updated_at == MAY

    def test_where_no_list_is_named_they_left_every_one(self, business):
        first, _second = ListMemberFactory(contact__email="mia@example.com"), ListFactory()
        made = imported(business, MAILCHIMP)
        assert list(first.contact.memberships.values_list("state", flat=True)) == ["unsubscribed"] * 2
        assert made.tally["changed"] == 1

    def test_who_was_on_no_list_is_told_to_be_changed_once(self, business):
        ContactFactory(email="mia@example.com", first_name="Mia")
        topic = ListFactory()
        for number in (1, 0):
            assert on_list(business, topic, MAILCHIMP).tally["changed"] == number

    def test_undoing_the_import_subscribes_nobody_again(self, business):
        member = ListMemberFactory(contact__email="mia@example.com")
        made = on_list(business, member.list, MAILCHIMP)
        importing.undo(made)
        undoing.take_back.function(workspace_id=business.pk, import_id=made.pk)
        member.refresh_from_db()
        assert member.state == "unsubscribed"


class TestDays:
    @pytest.fixture
    def days(self, business):
        """Imports a column of days; returns what is kept by address, and the rows at fault."""
        fields.define(business, label="Birthday", kind=CustomField.Kind.DATE, at=MAY)

        def read(*cells):
            rows = "".join(f"p{number}@example.com,{cell}\n" for number, cell in enumerate(cells))
            made = imported(business, f"email,birthday\n{rows}")
            kept = dict(FieldValue.objects.values_list("contact__email", "date"))
            return [kept.get(f"p{number}@example.com") for number in range(len(cells))], made

        return read

    MARCH_9 = date(1990, 3, 9)

    @pytest.mark.parametrize("cell", ["9.3.1990", "09.03.1990", "1990-03-09", "1990/3/9", "1990-03-09 10:00:00"])
    def test_what_can_be_read_in_one_way_is(self, days, cell):
        assert days(cell)[0] == [self.MARCH_9]

    @pytest.mark.parametrize(
        ("cell", "telling", "told"),
        [
            ("09/03/1990", "31/12/1980", date(1980, 12, 31)),
            ("03/09/1990", "12/31/1980", date(1980, 12, 31)),
            ("9-3-1990", "31-12-1980 08:00", date(1980, 12, 31)),
        ],
    )
    def test_a_column_tells_by_one_of_its_cells_what_comes_first(self, days, cell, telling, told):
        assert days(cell, telling)[0] == [self.MARCH_9, told]

    def test_where_it_can_not_be_told_it_is_asked_for_and_not_guessed(self, days):
        kept, made = days("03/09/1990", "05/05/1991")
        assert kept == [None, date(1991, 5, 5)]
        fault = made.faults.get()
        assert (fault.row, fault.column, fault.value) == (2, "birthday", "03/09/1990")
        assert fault.reason == "Does the day or the month come first? Write it as 2026-03-09."

    def test_a_column_that_says_both_is_read_where_a_cell_is_clear(self, days):
        kept, made = days("31/12/1980", "12/31/1981", "03/09/1990")
        assert kept == [date(1980, 12, 31), date(1981, 12, 31), None]
        assert made.faults.count() == 1

    def test_a_day_that_does_not_exist_is_told(self, days):
        kept, made = days("31/02/1990", "30.02.1990")
        assert (kept, made.faults.count()) == ([None, None], 2)


class TestZonesAndLanguages:
    def test_are_taken_by_their_names_in_any_case_and_by_their_codes(self, business):
        text = "email,timezone,language\na@example.com,europe/berlin,German\nb@example.com,UTC,fr_FR\nc@example.com,,français\n"
        imported(business, text)
        rows = list(Contact.objects.order_by("email").values_list("timezone", "locale"))
        assert rows == [("Europe/Berlin", "de"), ("UTC", "fr-FR"), ("", "fr")]

    def test_what_is_none_is_told_and_left_out(self, business):
        made = imported(business, "email,timezone,language\na@example.com,Berlin,Klingonese\n")
        assert Contact.objects.values_list("timezone", "locale").get() == ("", "")
        assert {(one.row, one.column) for one in made.faults.all()} == {(2, "timezone"), (2, "language")}


def test_a_number_in_the_place_of_a_domain_is_no_address(business):
    made = imported(business, "email\nroot@[127.0.0.1]\n")
    assert (Contact.objects.exists(), made.faults.get().row) == (False, 2)


def test_the_screen_offers_what_a_column_may_say_of_leaving(business, as_ada):
    made = received(business, MAILCHIMP)
    page = as_ada.get(f"/w/juniper/contacts/imports/{made.pk}/").content.decode()
    assert '<option value="standing:unsubscribed" selected>' in page
