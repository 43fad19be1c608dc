"""Imports from the file to the tables: what is written, what is refused, and that it survives what happens to it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from plainsail.contacts import queries
from plainsail.contacts.models import ConsentEntry, Contact, Import, ListMember, Suppression
from plainsail.contacts.services import consent, fields, importing, importing_batches, suppression, tags
from plainsail.contacts.services import contacts as people
from plainsail.contacts.services import importing_guessing as guessing
from plainsail.contacts.services.importing import Wishes
from plainsail.contacts.tests.factories import ContactFactory, ListFactory, ListMemberFactory
from plainsail.kernel import environment, events
from plainsail.kernel.models import EventRow, PendingEvent
from plainsail.kernel.testing import run_jobs

MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, 9, tzinfo=UTC)
FILE = """E-Mail;Vorname;Nachname;Ort;Land;Schuhgröße;Tags
anna@example.com;Anna;Berg;Köln;Deutschland;38;VIP, Presse
BO@Example.com;Bo;;Oslo;NO;41,5;VIP
nobody;Nie;Mand;;;;
anna@example.com;;;;;39;Kurs
"""


@pytest.fixture
def business(in_juniper, tmp_path, monkeypatch):
    monkeypatch.setattr(environment.Environment, "files_of", lambda _here, key: tmp_path / key.hex)
    return in_juniper


def received(business, text: str | bytes = FILE, *, name: str = "people.csv") -> Import:
    content = text.encode() if isinstance(text, str) else text
    return importing.receive(business, name=name, chunks=[content[:7], content[7:]], by=None, at=MAY)


def imported(business, text: str | bytes = FILE, **wishes) -> Import:
    made = received(business, text)
    assert made.state == "draft", made.error
    importing.define(made, Wishes(**{"targets": made.targets, **wishes}), at=MAY)
    importing.check.function(workspace_id=business.pk, import_id=made.pk)
    made.refresh_from_db()
    assert made.state == "checked", made.error
    importing.start(made, at=MAY)
    importing.run.function(workspace_id=business.pk, import_id=made.pk)
    made.refresh_from_db()
    assert made.state == "done", made.error
    assert made.tally == made.forecast
    return made


def counted(made: Import) -> dict[str, int]:
    return {name: number for name, number in made.tally.items() if number}


def test_columns_are_understood_by_their_names_and_the_delimiter_by_the_lines(business):
    fields.define(business, label="Schuhgröße", kind="number", at=MAY)
    made = received(business)
    assert made.layout == {"kind": "csv", "encoding": "utf_8", "delimiter": ";", "has_head": True}
    assert made.targets == ["email", "first_name", "last_name", "city", "country", "field:schuhgroe", "tags"] or (
        made.targets[5].startswith("field:schuh") and made.targets[:5][-1] == "country"
    )


def test_each_address_becomes_one_contact_with_fields_and_tags(business):
    fields.define(business, label="Schuhgröße", kind="number", at=MAY)
    made = imported(business)
    assert counted(made) == {"created": 2, "repeated": 1, "refused": 1}
    anna = Contact.objects.get(email="anna@example.com")
    assert (anna.first_name, anna.city, anna.country, anna.source) == ("Anna", "Köln", "DE", "import")
    assert [str(value) for value in queries.values_of([anna])[anna.id].values()] == ["38"]
    assert set(anna.contact_tags.values_list("tag__name", flat=True)) == {"VIP", "Presse", "Kurs"}
    assert Contact.objects.get(email="bo@example.com").last_name == ""
    assert not importing.path_of(made).exists()


def test_what_is_wrong_is_told_by_row_and_column(business):
    made = imported(business)
    assert list(made.faults.values_list("row", "column", "value")) == [(4, "E-Mail", "nobody")]


def test_a_cell_that_is_wrong_is_left_out_and_the_row_is_taken(business):
    made = imported(business, "email,phone,country\na@example.com,12,Atlantis\n")
    assert counted(made) == {"created": 1}
    assert [one.column for one in made.faults.order_by("column")] == ["country", "phone"]


def test_only_what_is_empty_is_filled_unless_overwriting_is_chosen(business):
    ContactFactory(email="anna@example.com", first_name="Anne", city="")
    imported(business)
    anna = Contact.objects.get(email="anna@example.com")
    assert (anna.first_name, anna.city) == ("Anne", "Köln")
    made = imported(business, rule="overwrite")
    anna.refresh_from_db()
    assert anna.first_name == "Anna"
    assert counted(made) == {"changed": 1, "unchanged": 1, "repeated": 1, "refused": 1}


def test_custom_fields_are_filled_and_overwritten_by_the_same_rule(business):
    size = fields.define(business, label="Size", kind="number", at=MAY)
    anna = ContactFactory(email="anna@example.com")
    people.update(anna, fields={}, custom={size.key: "37"}, at=MAY)
    text = "email,size\nanna@example.com,38\n"
    assert counted(imported(business, text)) == {"unchanged": 1}
    assert counted(imported(business, text, rule="overwrite")) == {"changed": 1}
    assert [str(value) for value in queries.values_of([anna])[anna.id].values()] == ["38"]


def test_importing_the_same_file_again_changes_nothing(business):
    imported(business)
    assert counted(imported(business)) == {"unchanged": 2, "repeated": 1, "refused": 1}


def test_nobody_is_put_on_a_list_without_a_basis(business):
    made = received(business)
    wishes = Wishes(targets=made.targets, list_ids=[ListFactory().id])
    with pytest.raises(importing.NoBasis):
        importing.define(made, wishes, at=MAY)


def on_list(business, topic, text=FILE):
    basis = {"basis": "Paper forms at the fair", "basis_on": date(2025, 3, 1)}
    return imported(business, text, list_ids=[topic.id], **basis)


def test_the_basis_is_kept_as_proof_for_each_contact(business):
    on_list(business, ListFactory())
    entries = ConsentEntry.objects.filter(act="imported").order_by("contact__email")
    assert [(one.contact.email, one.wording, one.at) for one in entries] == [
        ("anna@example.com", "Paper forms at the fair (2025-03-01)", MAY),
        ("bo@example.com", "Paper forms at the fair (2025-03-01)", MAY),
    ]


def test_nobody_comes_back_to_a_list_that_they_left(business):
    topic = ListFactory()
    left = ListMemberFactory(list=topic, contact__email="anna@example.com", state="unsubscribed")
    made = on_list(business, topic)
    left.refresh_from_db()
    assert (left.state, made.tally["held"]) == ("unsubscribed", 1)
    assert not ConsentEntry.objects.filter(contact=left.contact).exists()


@pytest.mark.parametrize("reason", Suppression.Reason.values)
def test_who_complained_bounced_or_said_never_is_put_on_no_list(business, reason):
    topic, anna = ListFactory(), ContactFactory(email="anna@example.com")
    suppression.add(anna, reason=Suppression.Reason(reason), at=MAY)
    made = on_list(business, topic)
    assert not anna.memberships.exists()
    assert made.tally["held"] == 1
    assert Suppression.objects.get().reason == reason


def test_who_waits_for_confirmation_is_confirmed_by_the_stated_basis(business):
    topic = ListFactory()
    waiting = ListMemberFactory(list=topic, contact__email="anna@example.com", state="pending")
    on_list(business, topic)
    waiting.refresh_from_db()
    assert waiting.state == "subscribed"


def test_who_had_left_in_the_old_program_is_off_the_list_here(business):
    topic = ListFactory()
    text = (
        "email,status\na@example.com,subscribed\nb@example.com,unsubscribed\nc@example.com,cleaned\nd@example.com,odd\n"
    )
    made = on_list(business, topic, text)
    states = dict(ListMember.objects.values_list("contact__email", "state"))
    assert states == {"a@example.com": "subscribed", "b@example.com": "unsubscribed"}
    assert (Suppression.objects.get().reason, made.tally["held"]) == ("hard_bounce", 3)


def test_lists_may_stand_in_a_column_and_must_exist(business):
    ListFactory(name="Letters")
    basis = {"basis": "Their own wish", "basis_on": date(2025, 3, 1)}
    made = imported(business, "email,lists\na@example.com,letters;News\nb@example.com,LETTERS\n", **basis)
    assert list(ListMember.objects.values_list("contact__email", flat=True)) == ["b@example.com"]
    assert made.faults.get().value == "letters;News"


def test_a_list_in_a_column_that_is_put_away_is_told_unless_another_is_called_the_same(business):
    ListFactory(name="Letters", archived_at=MAY)
    ListFactory(name="News", archived_at=MAY)
    news = ListFactory(name="News")
    basis = {"basis": "Their own wish", "basis_on": date(2025, 3, 1)}
    made = imported(business, "email,lists\na@example.com,news;letters\nb@example.com,News\n", **basis)
    assert made.faults.get().reason == "The list “letters” is put away."
    assert list(ListMember.objects.values_list("contact__email", "list")) == [("b@example.com", news.id)]


def test_a_field_can_be_made_on_the_spot(business):
    made = received(business, "email,Birthday\na@example.com,1990-02-03\n")
    importing.define(made, Wishes(targets=["email", "new:date"]), at=MAY)
    made.refresh_from_db()
    assert made.targets == ["email", "field:birthday"]


def test_automations_hear_of_it_only_when_that_is_wanted(business, monkeypatch):
    # As if an automation waited for each of them: else nothing is kept for automations at all.
    monkeypatch.setattr(events, "_hearing", lambda name: [one.subscriber for one in events.listeners(name)])
    imported(business, "email\na@example.com\n")
    assert (EventRow.objects.filter(name="contacts.contact_created").count(), PendingEvent.objects.count()) == (1, 0)
    topic = ListFactory()
    basis = {"basis": "Their own wish", "basis_on": date(2025, 3, 1), "is_announced": True}
    imported(business, "email,tags\nb@example.com,VIP\n", list_ids=[topic.id], **basis)
    heard = set(PendingEvent.objects.values_list("event__name", flat=True))
    assert heard >= {"contacts.contact_created", "contacts.list_joined", "contacts.tag_added"}


def test_a_deleted_contact_comes_back(business):
    anna = ContactFactory(email="anna@example.com")
    people.delete(anna, at=MAY)
    assert counted(imported(business))["changed"] == 1
    anna.refresh_from_db()
    assert not anna.is_deleted


def test_tags_that_last_some_days_come_off_again(business):
    tag = tags.define(business, name="VIP", lasts_days=3, at=MAY)
    imported(business)
    assert tag.contact_tags.count() == 2
    tags.expire.function(at=JUNE)
    assert tag.contact_tags.count() == 0


def test_a_check_writes_nothing(business):
    made = received(business)
    importing.define(made, Wishes(targets=made.targets), at=MAY)
    importing.check.function(workspace_id=business.pk, import_id=made.pk)
    assert not Contact.objects.exists()
    made.refresh_from_db()
    assert (made.state, made.rows_total) == ("checked", 4)


def test_addresses_far_apart_in_the_file_are_one_contact(business, monkeypatch):
    monkeypatch.setattr(importing, "CHUNK", 2)
    text = "email,first_name,city\n" + "".join(f"p{number % 3}@example.com,P,{number}\n" for number in range(7))
    made = imported(business, text, rule="overwrite")
    assert counted(made) == {"created": 3, "repeated": 4}
    assert sorted(Contact.objects.values_list("email", "city")) == [
        ("p0@example.com", "6"),
        ("p1@example.com", "4"),
        ("p2@example.com", "5"),
    ]


def started(business, text) -> Import:
    made = received(business, text)
    importing.define(made, Wishes(targets=made.targets), at=MAY)
    importing.check.function(workspace_id=business.pk, import_id=made.pk)
    made.refresh_from_db()
    importing.start(made, at=MAY)
    made.refresh_from_db()
    return made


MANY = "email\n" + "".join(f"p{number}@example.com\n" for number in range(10))


def test_a_pause_holds_after_the_chunk_and_going_on_finishes(business, monkeypatch):
    monkeypatch.setattr(importing, "CHUNK", 3)
    made = started(business, MANY)
    original = importing._write

    def write_then_pause(made, batch):
        answer = original(made, batch)
        if answer and made.rows_done == 3:
            importing.pause(made)
        return answer

    monkeypatch.setattr(importing, "_write", write_then_pause)
    importing.run.function(workspace_id=business.pk, import_id=made.pk)
    assert (Contact.objects.count(), Import.objects.get().state) == (3, "paused")
    importing.resume(made)
    importing.run.function(workspace_id=business.pk, import_id=made.pk)
    assert (Contact.objects.count(), Import.objects.get().state) == (10, "done")


def test_a_second_worker_on_the_same_import_does_nothing(business, monkeypatch):
    monkeypatch.setattr(importing, "CHUNK", 3)
    made = started(business, MANY)
    batches = importing._batches(made)
    first = next(batches)
    assert importing._write(made, first)
    late = Import.objects.get()
    late.rows_done = 0
    assert not importing._write(late, first)
    assert Contact.objects.count() == 3


def test_the_jobs_are_queued_by_the_services(business):
    made = received(business)
    importing.define(made, Wishes(targets=made.targets), at=MAY)
    run_jobs()
    made.refresh_from_db()
    assert made.state == "checked"
    importing.start(made, at=MAY)
    run_jobs()
    made.refresh_from_db()
    assert made.state == "done"


def test_one_column_is_the_address(business):
    made = received(business)
    with pytest.raises(importing.NoAddressColumn):
        importing.define(made, Wishes(targets=[""] * len(made.columns)), at=MAY)


def test_consent_given_before_is_left_as_it_was(business):
    topic = ListFactory()
    anna = consent.opt_in(business, email="anna@example.com", list=topic, wording="Yes", at=MAY)
    consent.confirm(anna.memberships.get(), at=MAY)
    on_list(business, topic)
    assert not ConsentEntry.objects.filter(contact=anna, act="imported").exists()


def test_a_file_that_nobody_went_on_with_goes_after_two_weeks(business, django_capture_on_commit_callbacks):
    made = received(business)
    assert importing.forget.function(at=MAY) == MAY + importing.WAITS
    with django_capture_on_commit_callbacks(execute=True):
        importing.forget.function(at=MAY + importing.WAITS)
    made.refresh_from_db()
    assert (made.state, importing.path_of(made).exists()) == ("cancelled", False)


def test_another_mapping_wants_another_check(business):
    made = received(business, "EMAIL,FIRSTNAME\na@example.com,Anna\n")
    importing.define(made, Wishes(targets=made.targets), at=MAY)
    importing.check.function(workspace_id=business.pk, import_id=made.pk)
    importing.map_like(made, {"email": "email"})
    with pytest.raises(importing.NotNow):
        importing.start(made, at=MAY)


@pytest.mark.parametrize(
    ("columns", "program"),
    [
        ("Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,LEID,TAGS", "mailchimp"),
        ("first_name,email,status,created_at,tags", "kit"),
        ("Email,First Name,Last Name,Phone,Date Subscribed,IP Address,Tags", "activecampaign"),
        ("uuid,email,name,attributes,status,created_at,updated_at", "listmonk"),
        ("id,firstname,lastname,email,points,stage,company", "mautic"),
        ("email,first_name,last_name,phone_country_code,phone,zip,website", "kartra"),
        ("email,name", ""),
    ],
)
def test_exports_of_other_programs_are_known_by_their_columns(columns, program):
    assert guessing.program_of(columns.split(",")) == program
    assert "email" in guessing.guess(columns.split(","), [], [], program=program)


def test_a_chunk_of_long_rows_is_a_short_one(in_juniper, monkeypatch):
    monkeypatch.setattr(importing_batches, "MOST_LETTERS", 100)
    rows = "".join(f"p{number}@example.com,{'x' * 60}\n" for number in range(5))
    made = importing.receive(in_juniper, name="p.csv", chunks=[f"email,notes\n{rows}".encode()], by=None, at=MAY)
    assert [batch.rows for batch in importing._batches(made)] == [2, 2, 1]
