"""The screens beside the editor: gallery, look, plain text, templates, tests of variants, reports, notices; and what is public."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.kernel import clock
from plainsail.kernel.http import workspace_url
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Broadcast, Delivery, Email, Inspection, Stream
from plainsail.mail.services import emails, inspecting, senders, variants, web_letters
from plainsail.mail.services.compiling import web_path
from plainsail.mail.tests.factories import BroadcastFactory, EmailFactory, ListFactory, subscriber

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(juniper):
    with workspace(juniper):
        topic = ListFactory(name="Kiln news", slug="kiln-news", is_default=True)
        subscriber(topic, email="maren@example.com", first_name="Maren", timezone="Europe/Berlin")
        return BroadcastFactory(list=topic, sender=senders.default())


def at(juniper, name, *keys):
    return workspace_url(juniper, f"mail:{name}", *keys)


def test_a_new_mail_begins_with_what_was_chosen(as_ada, juniper, draft):
    page = as_ada.get(at(juniper, "new"))
    assert page.content.decode().count("starter-cell") == 15
    assert as_ada.post(at(juniper, "new"), {"starter": "winback"}).status_code == 302
    with workspace(juniper):
        assert Broadcast.objects.order_by("-created_at").first().email.subject == "Shall we keep writing to you?"
    assert as_ada.post(at(juniper, "new"), {"starter": "nothing"}).status_code == 422


def test_a_kept_template_is_a_beginning_and_can_be_taken_away(as_ada, juniper, draft):
    as_ada.post(at(juniper, "keep", draft.email_id), {"name": "Monthly"})
    with workspace(juniper):
        template = Email.objects.get(template_name="Monthly")
    assert b"Monthly" in as_ada.get(at(juniper, "new")).content
    as_ada.post(at(juniper, "new"), {"starter": str(template.id)})
    with workspace(juniper):
        made = Broadcast.objects.order_by("-created_at").first().email
        assert (made.subject, made.template_name) == (draft.email.subject, "")
    as_ada.post(at(juniper, "drop", template.id))
    assert b"Monthly" not in as_ada.get(at(juniper, "new")).content
    assert as_ada.post(at(juniper, "drop", draft.email_id)).status_code == 404


@pytest.mark.parametrize("key", ["letter", "sale"])
def test_the_gallery_shows_the_mail_itself(as_ada, juniper, draft, key):
    page = as_ada.get(at(juniper, "starter", key))
    assert page.status_code == 200
    assert "default-src 'none'" in page["Content-Security-Policy"]
    assert as_ada.get(at(juniper, "starter", "nothing")).status_code == 404


def test_one_is_looked_for_and_the_mail_is_seen_as_theirs(as_ada, juniper, draft):
    page = as_ada.get(at(juniper, "look", draft.email_id), {"q": "maren"}).content.decode()
    with workspace(juniper):
        reader = juniper.contacts.get(email="maren@example.com")
    assert f"?as={reader.id}" in page
    assert (
        "This is what Maren Thiessen gets."
        in as_ada.get(at(juniper, "look", draft.email_id), {"as": reader.id}).content.decode()
    )
    shown = as_ada.get(at(juniper, "preview", draft.email_id), {"as": reader.id, "scheme": "dark"}).content.decode()
    assert "Dear Maren" in shown
    assert "@media all" in shown


def test_the_plain_text_is_written_saved_and_made_anew(as_ada, juniper, draft):
    address = at(juniper, "text", draft.email_id)
    assert b"Dear {{first_name|friend}}" in as_ada.get(address).content
    as_ada.post(address, {"text": "Hello {{first_name|you}} & all"})
    with workspace(juniper):
        assert Email.objects.get(id=draft.email_id).text == "Hello {{first_name|you}} & all"
    assert as_ada.post(address, {"text": "{{nope}}"}).status_code == 422
    as_ada.post(address, {"text": "whatever", "reset": "yes"})
    with workspace(juniper):
        assert Email.objects.get(id=draft.email_id).text == ""


def test_a_subject_with_a_field_that_doesnt_exist_is_refused_at_the_subject(as_ada, juniper, draft):
    answer = as_ada.post(at(juniper, "head", draft.email_id), {"subject": "For {{nobody}}", "preheader": ""})
    assert (answer.status_code, answer.json()["field"]) == (422, "subject")


def test_a_test_goes_to_five_addresses_with_a_note_and_to_no_more(as_ada, juniper, draft):
    address = at(juniper, "test", draft.id)
    as_ada.post(address, {"to": "a@example.com, b@example.com\nc@example.com", "note": "Please look at <b>this</b>"})
    with workspace(juniper):
        assert sorted(Delivery.objects.values_list("address", flat=True)) == [
            f"{letter}@example.com" for letter in "abc"
        ]
    many = ",".join(f"{number}@example.com" for number in range(6))
    assert as_ada.post(address, {"to": many}).status_code == 422


def test_what_was_found_outside_is_shown_in_the_check(as_ada, juniper, draft):
    as_ada.post(at(juniper, "inspection", draft.id))
    assert b"The links are being tried" in as_ada.get(at(juniper, "check", draft.id)).content
    with workspace(juniper):
        Inspection.objects.update(
            state="done",
            links=[{"url": "https://gone.example/", "verdict": "gone", "status": 404}],
            spam_score="6.1",
            spam_rules=[{"points": "6.1", "rule": "X", "text": "reads like an advertisement"}],
        )
        assert inspecting.inspection_of(draft.email).is_done
    page = as_ada.get(at(juniper, "check", draft.id)).content.decode()
    assert "https://gone.example/" in page
    assert "reads like an advertisement" in page


def test_a_local_time_is_explained_before_it_is_confirmed(as_ada, juniper, draft, monkeypatch):
    monkeypatch.setattr("plainsail.mail.queries.has_worker", lambda **_asked: True)
    with workspace(juniper):
        juniper.postal_address = "Kiln Lane 4, 12345 Town"
        juniper.save()
    wall = (clock.now() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    sent = {"when": "local", "local_at": wall, "when_passed": "at_once"}
    asked = as_ada.post(at(juniper, "departure", draft.id), sent)
    assert "1 person gets it at that time on their clock." in asked.content.decode()
    with workspace(juniper):
        assert Broadcast.objects.get(id=draft.id).is_draft
    as_ada.post(at(juniper, "departure", draft.id), sent | {"is_seen": "yes"})
    with workspace(juniper):
        assert Broadcast.objects.get(id=draft.id).local_at == wall


def test_variants_are_set_up_and_changed_on_their_page(as_ada, juniper, draft):
    address = at(juniper, "testing", draft.id)
    as_ada.post(address, {"share": "20", "decided_by": "clicks", "decide_after": "4"})
    with workspace(juniper):
        first, second = variants.listed(draft)
    as_ada.post(
        at(juniper, "variant", second.id), {"B-subject": "Bowls!", "B-sender": first.sender_id, "B-hours_later": "2"}
    )
    as_ada.post(at(juniper, "add_variant", draft.id))
    page = as_ada.get(address).content.decode()
    assert "Bowls!" in page
    assert "Variant C" in page
    with workspace(juniper):
        as_ada_removed = variants.listed(draft)[2]
    as_ada.post(at(juniper, "remove_variant", as_ada_removed.id))
    assert "Variant C" not in as_ada.get(address).content.decode()
    # Variants don't stand among the broadcasts.
    assert as_ada.get(at(juniper, "emails")).content.decode().count('data-label="State"') == 1


def sent(juniper, draft):
    """The draft as it is after it was sent to its one reader."""
    edition = emails.freeze(draft.email)
    Broadcast.objects.filter(id=draft.id).update(
        state="complete", edition=edition, started_at=clock.now(), finished_at=clock.now(), audience=1, accepted=1
    )
    contact = juniper.contacts.get(email="maren@example.com")
    return Delivery.objects.create(
        stream=Stream.MARKETING,
        source_kind="broadcast",
        source_id=draft.id,
        recipient_key=contact.id.hex,
        contact_id=contact.id,
        edition=edition,
        list_id=draft.list_id,
        state="accepted",
        due_at=clock.now(),
        settled_at=clock.now(),
    )


def test_the_report_shows_its_numbers_the_map_and_a_file(as_ada, juniper, draft):
    with workspace(juniper):
        sent(juniper, draft)
    assert b"What these numbers mean" in as_ada.get(at(juniper, "broadcast", draft.id)).content
    assert as_ada.get(at(juniper, "click_map", draft.id)).status_code == 200
    table = as_ada.get(at(juniper, "numbers", draft.id))
    assert table["Content-Type"].startswith("text/csv")
    assert "accepted,,1" in table.content.decode()


def test_a_reader_sees_their_message_in_a_browser_and_nobody_without_the_link(client, juniper, draft):
    with workspace(juniper):
        path = web_path(juniper.id, sent(juniper, draft).id)
    page = client.get(path, headers={"host": "juniper.localhost"})
    assert "Dear Maren" in page.content.decode()
    assert page["X-Robots-Tag"] == "noindex"
    assert client.get(path[:-3] + "xx/", headers={"host": "juniper.localhost"}).status_code == 404
    assert client.post(path, headers={"host": "juniper.localhost"}).status_code == 405


def test_an_archive_is_there_only_where_it_was_opened_and_names_nobody(client, as_ada, juniper, draft):
    host = {"host": "juniper.localhost"}
    with workspace(juniper):
        sent(juniper, draft)
    assert client.get("/archive/kiln-news/", headers=host).status_code == 404
    as_ada.post(at(juniper, "archiving", draft.list_id))
    listed = client.get("/archive/kiln-news/", headers=host).content.decode()
    assert "News from the kiln" in listed
    letter = client.get(f"/archive/kiln-news/{draft.id}/", headers=host).content.decode()
    assert "Dear friend" in letter
    assert "Maren" not in letter
    as_ada.post(at(juniper, "archiving", draft.list_id), {"close": "yes"})
    assert client.get("/archive/kiln-news/", headers=host).status_code == 404
    with workspace(juniper):
        assert not web_letters.is_open(draft.list)


def test_notices_are_changed_previewed_and_restored(as_ada, juniper, draft):
    assert b"Receipt" in as_ada.get(at(juniper, "notices")).content
    address = at(juniper, "notice", "commerce.receipt")
    as_ada.post(f"{address}?language=de", {"subject": "Danke", "body": "Vielen Dank, {{amount}} sind da."})
    page = as_ada.get(f"{address}?language=de").content.decode()
    assert "Vielen Dank" in page
    assert 'action="?language=de"' in page
    assert "Vielen Dank, €49.00 sind da." in as_ada.get(f"{address}preview/?language=de").content.decode()
    assert as_ada.post(address, {"subject": "x", "body": "{{secret}}"}).status_code == 422
    as_ada.post(f"{address}original/?language=de")
    assert b"Vielen Dank, {{amount}}" not in as_ada.get(f"{address}?language=de").content
    as_ada.post(at(juniper, "switch_notice", "commerce.refund"))
    assert b"Switch on" in as_ada.get(at(juniper, "notices")).content
    assert as_ada.get(at(juniper, "notice", "nothing")).status_code == 404


def test_another_mail_is_no_template(as_ada, juniper, draft):
    with workspace(juniper):
        other = EmailFactory()
    assert as_ada.post(at(juniper, "new"), {"starter": str(other.id)}).status_code == 422


def test_a_test_is_sent_as_chosen_contacts_get_it_and_says_when_it_would_leave_for_them(as_ada, juniper, draft, outbox):
    with workspace(juniper):
        subscriber(draft.list, email="aiko@example.com", first_name="Aiko", timezone="Asia/Tokyo")
    asked = {"to": "ada@example.com", "readers": "maren@example.com, aiko@example.com"}
    local_at = (clock.now() + timedelta(days=30)).strftime("%Y-%m-%dT09:00")
    assert as_ada.post(at(juniper, "test", draft.id), {**asked, "local_at": local_at}).status_code == 302
    run_jobs()
    texts = sorted(each.get_body(("plain",)).get_content() for each in outbox)
    assert ["Dear Aiko" in texts[0], "Dear Maren" in texts[1]] == [True, True]
    assert ", 09:00 (Asia/Tokyo); on your clock that is" in texts[0]
    assert ", 09:00 (Europe/Berlin)" in texts[1]
    refused = as_ada.post(at(juniper, "test", draft.id), {**asked, "readers": "nobody@example.com"})
    assert refused.status_code == 422
    assert b"There is no contact with the address nobody@example.com." in refused.content
