"""Custom fields: what a business asks of its contacts beyond name and address."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from plainsail.contacts import queries
from plainsail.contacts.models import CustomField, FieldValue
from plainsail.contacts.services import contacts, fields, values
from plainsail.contacts.tests.factories import ContactFactory
from plainsail.kernel.models import EventRow

MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)
CONTACTS = "/w/juniper/contacts/"
Kind = CustomField.Kind


@pytest.fixture
def define(in_juniper):
    def make(label="Shoe size", kind=Kind.TEXT, choices=()):
        return fields.define(in_juniper, label=label, kind=kind, choices=choices, at=MAY)

    return make


def said(contact):
    return queries.values_of([contact])[contact.id]


class TestWhatIsGiven:
    @pytest.mark.parametrize(
        ("kind", "given", "read"),
        [
            (Kind.TEXT, "  wide ", "wide"),
            (Kind.LONG_TEXT, "a\nb", "a\nb"),
            (Kind.NUMBER, "42.5", Decimal("42.5")),
            (Kind.NUMBER, -3, Decimal(-3)),
            (Kind.NUMBER, Decimal("0.000001"), Decimal("0.000001")),
            (Kind.NUMBER, "9000000000000", Decimal(9_000_000_000_000)),
            (Kind.DATE, "2024-02-29", date(2024, 2, 29)),
            (Kind.DATE, date(2026, 1, 2), date(2026, 1, 2)),
            (Kind.CHOICE, "red", "Red"),
            (Kind.CHOICES, ["Blue", "red", "Blue"], ["Blue", "Red"]),
            (Kind.YES_NO, True, True),
            (Kind.YES_NO, "no", False),
        ],
    )
    def test_is_read_back_as_what_it_means(self, define, kind, given, read):
        field, contact = define(kind=kind, choices=["Red", "Blue"]), ContactFactory()
        values.put(contact, {field.key: given})
        found = said(contact)[field.key]
        assert (sorted(found) if isinstance(found, list) else found) == read

    @pytest.mark.parametrize(
        ("kind", "given"),
        [
            (Kind.TEXT, "x" * 501),
            (Kind.TEXT, True),
            (Kind.TEXT, {"a": 1}),
            (Kind.LONG_TEXT, "x" * 20_001),
            (Kind.NUMBER, "twelve"),
            (Kind.NUMBER, "NaN"),
            (Kind.NUMBER, "Infinity"),
            (Kind.NUMBER, "1e40"),
            (Kind.NUMBER, "0.0000001"),
            (Kind.NUMBER, True),
            (Kind.DATE, "2026-02-30"),
            (Kind.DATE, "yesterday"),
            (Kind.DATE, 20260101),
            (Kind.CHOICE, "Green"),
            (Kind.CHOICE, ["Red"]),
            (Kind.CHOICES, ["Red", "Green"]),
            (Kind.CHOICES, 7),
            (Kind.YES_NO, "perhaps"),
        ],
    )
    def test_what_does_not_fit_is_refused_at_its_field_and_nothing_stored(self, define, kind, given):
        good, field, contact = define("Good"), define(kind=kind, choices=["Red", "Blue"]), ContactFactory()
        with pytest.raises(values.BadValue) as refused:
            values.put(contact, {good.key: "fine", field.key: given})
        assert refused.value.field == field.key
        assert not FieldValue.objects.exists()

    @pytest.mark.parametrize("empty", ["", None, []])
    def test_what_is_given_empty_clears_the_field(self, define, empty):
        field, contact = define(), ContactFactory()
        values.put(contact, {field.key: "38"})
        assert values.put(contact, {field.key: empty}) == [field.key]
        assert said(contact) == {}

    def test_a_field_that_there_is_not_is_refused_never_ignored(self, define):
        field, contact = define(), ContactFactory()
        for key in ("nothing", "first_name"):
            with pytest.raises(values.UnknownField):
                values.put(contact, {field.key: "38", key: "x"})
        fields.archive(field, at=MAY)
        with pytest.raises(values.UnknownField):
            values.put(contact, {field.key: "38"})
        assert not FieldValue.objects.exists()

    def test_nothing_changes_where_the_same_is_given_again(self, define):
        field, contact = define(kind=Kind.CHOICES, choices=["Red", "Blue"]), ContactFactory()
        values.put(contact, {field.key: ["Red", "Blue"]})
        assert values.put(contact, {field.key: ["Blue", "Red"]}) == []

    def test_a_change_is_told_with_the_names_of_what_changed(self, define):
        field, contact = define(), ContactFactory(city="Kiel")
        contacts.update(contact, fields={"first_name": "Ida", "city": "Kiel"}, custom={field.key: "38"}, at=MAY)
        told = EventRow.objects.get(name="contacts.contact_changed")
        assert told.payload == {"changed": ["first_name", f"field:{field.key}"]}

    def test_what_many_contacts_say_takes_one_question(self, define, django_assert_num_queries):
        field, people = define(), [ContactFactory() for _number in range(3)]
        for contact in people:
            values.put(contact, {field.key: contact.email})
        with django_assert_num_queries(1):
            found = queries.values_of(people)
        assert [found[contact.id][field.key] for contact in people] == [contact.email for contact in people]


class TestAField:
    def test_has_a_key_of_its_own_that_no_part_of_the_profile_has(self, define):
        assert [define(label).key for label in ("Shoe size", "Shoe-Size", "E-Mail", "Email", "City", "日本")] == [
            "shoe_size",
            "shoe_size_2",
            "e_mail",
            "email_2",
            "city_2",
            "field",
        ]

    def test_keeps_what_was_chosen_when_a_label_moves_and_loses_what_is_no_choice_any_more(self, define):
        field = define(kind=Kind.CHOICE, choices=["Red", "Blue", "Green"])
        anna, ben = ContactFactory(), ContactFactory()
        values.put(anna, {field.key: "Blue"})
        values.put(ben, {field.key: "Green"})
        gone = dict(zip(field.labels.values(), field.labels, strict=True))["Green"]
        fields.change(field, label="Colour", choices=["Blue", "Red", "Gold"])
        assert (said(anna), said(ben)) == ({field.key: "Blue"}, {})
        assert gone not in field.labels

    @pytest.mark.parametrize("choices", [(), ("Red",), ("Red", " Red ", "")])
    def test_a_choice_needs_two_things_to_choose_from(self, in_juniper, define, choices):
        with pytest.raises(fields.NeedsChoices):
            define(kind=Kind.CHOICES, choices=choices)
        assert not in_juniper.custom_fields.exists()

    def test_put_away_says_nothing_and_brought_back_says_it_again(self, define):
        field, contact = define(), ContactFactory()
        values.put(contact, {field.key: "38"})
        fields.archive(field, at=MAY)
        assert said(contact) == {}
        fields.restore(field)
        assert said(contact) == {field.key: "38"}

    def test_moves_up_and_the_first_stays_the_first(self, in_juniper, define):
        first, second, third = define("One"), define("Two"), define("Three")
        for field in (third, third, third, second):
            fields.move_up(field)
        assert [one.label for one in in_juniper.custom_fields.order_by("position")] == ["Three", "Two", "One"]
        assert first.position == 0

    def test_there_are_two_hundred_at_most(self, in_juniper, define, monkeypatch):
        monkeypatch.setattr(fields, "MOST_FIELDS", 1)
        define()
        with pytest.raises(fields.TooManyFields):
            define()


class TestScreens:
    def test_a_field_is_made_filled_in_and_shown(self, as_ada, in_juniper):
        made = {"label": "Favourite glaze", "kind": "choice", "choices": "Ash\nCeladon", "hint": "As at the fair"}
        assert as_ada.post(f"{CONTACTS}fields/", made).status_code == 302
        contact = ContactFactory()
        form = as_ada.get(f"{CONTACTS}{contact.id}/profile/").context["form"]
        ash = dict(form.custom_fields[0].field.choices)
        key = next(one for one, label in ash.items() if label == "Ash")
        given = {"first_name": "Ida", "phone": "+49 351 4567890", "field:favourite_glaze": key}
        assert as_ada.post(f"{CONTACTS}{contact.id}/profile/", given).status_code == 302
        page = as_ada.get(f"{CONTACTS}{contact.id}/").content.decode()
        assert "Favourite glaze" in page
        assert "Ash" in page
        assert "+49 351 4567890" in page

    def test_every_kind_is_shown_and_starts_the_form_as_it_is_stored(self, as_ada, define):
        contact = ContactFactory()
        given = {
            "text": "wide",
            "long_text": "a\nb",
            "number": "1234.5",
            "date": "2026-03-09",
            "choice": "Red",
            "choices": ["Red", "Blue"],
            "yes_no": "yes",
        }
        made = [define(kind, kind=kind, choices=["Red", "Blue"]) for kind in given]
        values.put(contact, {field.key: given[field.kind] for field in made})
        before = said(contact)
        page = as_ada.get(f"{CONTACTS}{contact.id}/profile/")
        form = page.context["form"]
        posted = {bound.html_name: bound.value() for bound in form if bound.value() is not None}
        assert as_ada.post(f"{CONTACTS}{contact.id}/profile/", posted).status_code == 302
        assert said(contact) == before
        shown = as_ada.get(f"{CONTACTS}{contact.id}/").content.decode()
        assert [part for part in ("1,234.5", "9 March 2026", "Blue") if part not in shown] == []

    @pytest.mark.parametrize(
        ("given", "wrong"),
        [
            ({"label": "", "kind": "text"}, "label"),
            ({"label": "x" * 101, "kind": "text"}, "label"),
            ({"label": "Size", "kind": "colour"}, "kind"),
            ({"label": "Size", "kind": "choice"}, "choices"),
            ({"label": "Size\0", "kind": "text"}, "label"),
        ],
    )
    def test_a_field_that_is_none_is_refused_at_the_input(self, as_ada, in_juniper, given, wrong):
        page = as_ada.post(f"{CONTACTS}fields/", given)
        assert (page.status_code, list(page.context["form"].errors)) == (422, [wrong])
        assert not in_juniper.custom_fields.exists()

    def test_a_value_that_does_not_fit_is_refused_at_its_input(self, as_ada, define):
        field, contact = define(kind=Kind.NUMBER), ContactFactory()
        page = as_ada.post(f"{CONTACTS}{contact.id}/profile/", {f"field:{field.key}": "99999999999999"})
        assert (page.status_code, list(page.context["form"].errors)) == (422, [f"field:{field.key}"])

    def test_a_number_that_is_no_phone_is_refused_at_the_phone(self, as_ada, in_juniper):
        contact = ContactFactory()
        page = as_ada.post(f"{CONTACTS}{contact.id}/profile/", {"phone": "ring me"})
        assert (page.status_code, list(page.context["form"].errors)) == (422, ["phone"])

    def test_a_field_is_changed_put_away_brought_back_and_moved(self, as_ada, in_juniper, define):
        first, field = define("One"), define("Two", kind=Kind.CHOICE, choices=["Red", "Blue"])
        path = f"{CONTACTS}fields/{field.id}/"
        assert as_ada.post(path, {"label": "Colour", "choices": "Red"}).status_code == 422
        assert as_ada.post(path, {"label": "Colour", "choices": "Red\nGold"}).status_code == 302
        as_ada.post(f"{path}place/")
        as_ada.post(f"{path}archiving/")
        field.refresh_from_db()
        assert (field.label, list(field.labels.values()), field.position) == ("Colour", ["Red", "Gold"], 0)
        assert field.archived_at is not None
        as_ada.post(f"{path}restoration/")
        field.refresh_from_db()
        assert field.archived_at is None
        assert first.key in as_ada.get(f"{CONTACTS}fields/").content.decode()


class TestPhones:
    @pytest.mark.parametrize(
        ("given", "country", "stored"),
        [
            ("+49 351 4567890", "", "+493514567890"),
            ("0351 4567890", "de", "+493514567890"),
            ("(415) 555-2671", "US", "+14155552671"),
        ],
    )
    def test_a_number_is_stored_in_e164(self, in_juniper, given, country, stored):
        contact = contacts.update(ContactFactory(), fields={"phone": given, "country": country}, at=MAY)
        assert contact.phone == stored

    @pytest.mark.parametrize("given", ["0351 4567890", "ring me", "+49", "+999 123456", "1" * 20])
    def test_a_number_without_its_country_or_none_at_all_is_refused(self, in_juniper, given):
        with pytest.raises(contacts.phones.BadPhone):
            contacts.update(ContactFactory(), fields={"phone": given}, at=MAY)

    def test_what_a_stranger_typed_never_stands_in_the_way(self, in_juniper):
        made = contacts.find_or_create(email="ida@example.com", source="form", at=MAY, fields={"phone": "ring me"})
        assert made.phone == ""
