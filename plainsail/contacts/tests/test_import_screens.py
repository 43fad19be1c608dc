"""Importing and exporting as staff do it: upload, say what the columns are, look at what will happen, go."""

from __future__ import annotations

import codecs
import io
import json
from datetime import date, timedelta
from zipfile import ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from plainsail.accounts.models import Membership, Role
from plainsail.contacts.models import Contact, ContactExport, Import, ImportMapping, ScoreEntry, Task
from plainsail.contacts.services import consent, exporting, importing, notes, tags
from plainsail.contacts.tests.factories import ContactFactory, ListFactory
from plainsail.contacts.tests.test_importing import FILE, MAY, business, imported
from plainsail.kernel import environment
from plainsail.kernel.testing import run_jobs

__all__ = ["business"]

IMPORTS = "/w/juniper/contacts/imports/"
EXPORTS = "/w/juniper/contacts/exports/"


def uploaded(as_ada, text=FILE, name="people.csv"):
    return as_ada.post(IMPORTS, {"file": SimpleUploadedFile(name, text.encode())})


def posted(made, **more):
    return (
        {f"column-{place}": target for place, target in enumerate(made.targets)} | {"rule": "fill", "tags": ""} | more
    )


def test_a_file_goes_all_the_way_from_upload_to_undo(business, as_ada):
    assert uploaded(as_ada).status_code == 302
    made = Import.objects.get()
    page = as_ada.get(f"{IMPORTS}{made.pk}/").content.decode()
    assert ("Vorname" in page, "anna@example.com" in page) == (True, True)
    assert as_ada.post(f"{IMPORTS}{made.pk}/", posted(made, keep_as="Shop", tags="Fair")).status_code == 302
    assert 'hx-trigger="every 2s"' in as_ada.get(f"{IMPORTS}{made.pk}/").content.decode()
    run_jobs()
    page = as_ada.get(f"{IMPORTS}{made.pk}/")
    assert [(one.number) for one in page.context["outcome"]] == [2, 0, 0, 1, 1]
    assert not Contact.objects.exists()
    as_ada.post(f"{IMPORTS}{made.pk}/start/")
    run_jobs()
    assert Contact.objects.filter(contact_tags__tag__name="Fair").count() == 2
    assert ImportMapping.objects.get().targets["vorname"] == "first_name"
    as_ada.post(f"{IMPORTS}{made.pk}/undoing/")
    run_jobs()
    assert (Contact.objects.count(), Import.objects.get().state) == (0, "undone")
    assert as_ada.get(IMPORTS).status_code == 200


def test_people_can_be_pasted(business, as_ada):
    as_ada.post(IMPORTS, {"text": "email\tcity\nanna@example.com\tOslo\n"})
    assert Import.objects.get().targets == ["email", "city"]


def test_addresses_pasted_from_the_head_of_a_mail_are_people_each(business, as_ada):
    as_ada.post(IMPORTS, {"text": "Anna <a@example.com>, b@example.com; c@example.com;\nd@example.com\n"})
    made = Import.objects.get()
    assert (made.columns, made.targets) == (["Column 1"], ["email"])
    assert [row for (row,) in importing.preview(made)] == [
        *("Anna <a@example.com>", "b@example.com", "c@example.com", "d@example.com")
    ]


@pytest.mark.parametrize("given", [{}, {"text": "  \n"}])
def test_nothing_is_refused_at_the_field(business, as_ada, given):
    page = as_ada.post(IMPORTS, given)
    assert (page.status_code, bool(page.context["form"].errors["file"])) == (422, True)


def test_what_is_missing_is_said_at_its_field(business, as_ada):
    uploaded(as_ada)
    made, topic = Import.objects.get(), ListFactory()
    page = as_ada.post(f"{IMPORTS}{made.pk}/", posted(made, lists=[str(topic.id)]))
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["basis"])
    page = as_ada.post(f"{IMPORTS}{made.pk}/", posted(made, **{"column-0": ""}))
    assert page.status_code == 422


def test_the_file_can_be_read_differently_and_mapped_like_another(business, as_ada):
    uploaded(as_ada, "EMAIL|FIRSTNAME\na@example.com|Anna\n")
    made = Import.objects.get()
    as_ada.post(f"{IMPORTS}{made.pk}/reading/", {"encoding": "utf_8", "delimiter": ",", "has_head": "on"})
    made.refresh_from_db()
    assert made.columns == ["EMAIL|FIRSTNAME"]
    as_ada.post(f"{IMPORTS}{made.pk}/reading/", {"encoding": "utf_8", "delimiter": "|", "has_head": "on"})
    as_ada.post(f"{IMPORTS}{made.pk}/mapping/", {"mapping": "program:mautic"})
    made.refresh_from_db()
    assert made.targets == ["email", "first_name"]
    for key in ("program:other", "nonsense", "00000000-0000-0000-0000-000000000000"):
        assert as_ada.post(f"{IMPORTS}{made.pk}/mapping/", {"mapping": key}).status_code == 302


def test_a_step_that_comes_too_late_says_so(business, as_ada):
    made = imported(business)
    for step in ("start", "pause", "resumption", "cancellation"):
        assert as_ada.post(f"{IMPORTS}{made.pk}/{step}/").status_code == 302
    assert Import.objects.get().state == "done"


def test_whoever_may_only_look_neither_imports_nor_exports(as_ben, ben, business):
    Membership.objects.filter(user=ben).update(role=Role.VIEWER)
    assert [as_ben.get(path).status_code for path in (IMPORTS, EXPORTS)] == [403, 403]


@pytest.fixture
def archives(business, tmp_path, monkeypatch):
    monkeypatch.setattr(environment.Environment, "exports_of", lambda _here, key: tmp_path / "exports" / key.hex)
    anna = ContactFactory(email="anna@example.com", first_name="=1+1", phone="+4722123456")
    ContactFactory(email="bo@example.com")
    tags.add(anna, tags.named(business, "VIP"), at=MAY)
    consent.add_with_basis(anna, ListFactory(name="Letters"), basis="Paper", source="x", at=MAY)
    return business


def archive_of(client) -> ZipFile:
    run_jobs()
    page = client.get(EXPORTS)
    (_made, url), *_rest = page.context["exports"]
    client.logout()
    answer = client.get(url.partition("localhost:8000")[2])
    assert answer.status_code == 200
    return ZipFile(io.BytesIO(b"".join(answer.streaming_content)))


def test_an_export_holds_all_that_is_known_and_its_link_needs_no_session(archives, as_ada):
    assert as_ada.post(EXPORTS, {}).status_code == 302
    archive = archive_of(as_ada)
    manifest = json.loads(archive.read("manifest.json"))
    rows = {name: about["rows"] for name, about in manifest["members"].items() if name.endswith("csv")}
    of_areas = dict.fromkeys(("orders.csv", "mail.csv", "hits.csv", "deals.csv"), 0)
    of_work = dict.fromkeys(("notes.csv", "tasks.csv", "scores.csv"), 0)
    assert rows == {"contacts.csv": 2, "consents.csv": 1, "events.csv": 2, **of_work, **of_areas}
    anna = json.loads(archive.read("contacts.jsonl").decode().splitlines()[0])
    assert (anna["email"], anna["first_name"], anna["tags"], anna["lists"]) == (
        "anna@example.com",
        "=1+1",
        ["VIP"],
        ["Letters"],
    )
    table = archive.read("contacts.csv")
    assert table.startswith(codecs.BOM_UTF8), "Excel reads it as UTF-8"
    row = table.decode().splitlines()[1]
    assert ("'=1+1" in row, "'+4722123456" in row) == (True, True)


def test_an_export_takes_along_what_the_team_wrote_down(archives, as_ada, ada):
    anna = archives.contacts.get(email="anna@example.com")
    notes.write(anna, text="Likes ash", author=ada, at=MAY)
    Task.objects.create(contact=anna, what="Call her", assignee=ada)
    ScoreEntry.objects.create(contact=anna, points=5, note="Came to the fair", at=MAY)
    as_ada.post(EXPORTS, {})
    archive = archive_of(as_ada)
    note, task, score = (json.loads(archive.read(f"{name}.jsonl")) for name in ("notes", "tasks", "scores"))
    assert (note["email"], note["text"], note["by"]) == ("anna@example.com", "Likes ash", ada.email)
    assert (task["what"], task["assignee"], task["done_at"]) == ("Call her", ada.email, None)
    assert (score["points"], score["note"], score["rule"]) == (5, "Came to the fair", None)


def test_an_export_can_be_about_some(archives, as_ada):
    tag = archives.tags.get()
    as_ada.post(EXPORTS, {"tag_id": str(tag.id)})
    assert len(archive_of(as_ada).read("contacts.jsonl").splitlines()) == 1


def test_an_archive_goes_after_its_days(archives, as_ada):
    as_ada.post(EXPORTS, {})
    run_jobs()
    made = ContactExport.objects.get()
    assert exporting.path_of(made).exists()
    exporting.expire.function(at=made.expires_at + timedelta(seconds=1))
    assert not exporting.path_of(made).exists()
    url = exporting.url(made)
    assert as_ada.get(url.partition("localhost:8000")[2]).status_code == 404


def test_what_was_exported_can_be_imported_again(archives, as_ada, business, tmp_path):
    as_ada.post(EXPORTS, {})
    text = archive_of(as_ada).read("contacts.csv").decode()
    made = imported(business, text, basis="As before", basis_on=date(2025, 3, 1))
    assert {name: number for name, number in made.tally.items() if number} == {"unchanged": 2}
