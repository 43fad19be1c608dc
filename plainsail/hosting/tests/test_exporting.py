"""Taking everything along: complete, checkable, made in the background, fetched at a link that outlives the session."""

from __future__ import annotations

import csv
import hashlib
import json
from datetime import timedelta
from io import BytesIO, StringIO
from zipfile import ZipFile

import pytest

from plainsail.commerce.tests import factories as commerce
from plainsail.commerce.tests.factories import NOON
from plainsail.contacts.tests.factories import ContactFactory
from plainsail.hosting.models import Export
from plainsail.hosting.services import closing, exporting, inventory
from plainsail.hosting.tests.test_closing import close
from plainsail.hosting.tests.test_erasing import data_dir
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.subscriptions.tests.factories import subscribed

__all__ = ["data_dir"]

DAY = timedelta(days=1)
PAGE = "/w/juniper/settings/closing/"


@pytest.fixture
def stocked(juniper, ada, data_dir, outbox):
    subscribed(juniper)
    with workspace(juniper):
        commerce.issued(5000)
        for number in range(3):
            ContactFactory(email=f"person{number}@example.com", first_name="=HYPERLINK(1)" if not number else "Nora")
    run_jobs()
    folder = data_dir / "files" / juniper.pk.hex
    folder.mkdir(parents=True)
    (folder / "bowl.png").write_bytes(b"picture")
    return juniper


def made(business, place):
    exporting.write(business.pk, place / "all.zip", at=NOON)
    return ZipFile(place / "all.zip")


def test_every_table_is_in_it_with_every_row_and_the_manifest_says_so(stocked, tmp_path):
    archive = made(stocked, tmp_path)
    manifest = json.loads(archive.read("manifest.json"))
    with workspace(stocked):
        counted = inventory.count(exporting.portable())
    for table in exporting.portable():
        lines = archive.read(f"data/{table.label}.jsonl").decode().splitlines()
        assert len(lines) == counted.get(table.label, 0) == manifest["members"][f"data/{table.label}.jsonl"]["rows"]
    assert manifest["rows"] == sum(counted.values())
    for name, about in manifest["members"].items():
        content = archive.read(name)
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (about["sha256"], about["bytes"])
    assert set(archive.namelist()) == {*manifest["members"], "manifest.json"}


def test_tables_longer_than_a_page_are_whole(stocked, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "PAGE", 2)
    archive = made(stocked, tmp_path)
    lines = archive.read("data/contacts.contact.jsonl").decode().splitlines()
    with workspace(stocked):
        assert {json.loads(line)["id"] for line in lines} == {
            str(key) for key in stocked.contacts.values_list("pk", flat=True)
        }
    assert len([name for name in archive.namelist() if name.startswith("invoices/")]) == 2


def test_people_find_contacts_invoices_files_and_an_index(stocked, tmp_path):
    archive = made(stocked, tmp_path)
    table = list(csv.DictReader(StringIO(archive.read("contacts.csv").decode("utf-8-sig"))))
    assert {"person0@example.com", "maren@example.com"} <= {row["email"] for row in table}
    # A stranger's form must not put a formula into somebody's spreadsheet.
    assert next(row["first_name"] for row in table if row["email"] == "person0@example.com") == "'=HYPERLINK(1)"
    papers = [name for name in archive.namelist() if name.startswith("invoices/")]
    assert papers
    assert all(archive.read(name)[:5] == b"%PDF-" for name in papers)
    index = archive.read("index.html").decode()
    assert "Juniper Pottery Studio" in index
    assert papers[0] in index
    assert archive.read("files/bowl.png") == b"picture"
    assert "ada@example.com" in archive.read("data/team.jsonl").decode()


def test_keys_to_doors_stay_behind(stocked, tmp_path):
    names = made(stocked, tmp_path).namelist()
    for label in ("payments.gatewayaccount", "portal.portalsession", "portal.signinlink", "mail.sealedbody"):
        assert f"data/{label}.jsonl" not in names


def test_nothing_of_another_business_is_in_it(stocked, acme, tmp_path):
    with workspace(acme):
        ContactFactory(email="stranger@acme.example")
    archive = made(stocked, tmp_path)
    assert not any(b"acme" in archive.read(name).lower() for name in archive.namelist())


def test_it_is_asked_for_on_the_page_and_fetched_without_a_session(stocked, as_ada, client):
    assert as_ada.post(f"{PAGE}exports/").status_code == 302
    assert as_ada.post(f"{PAGE}exports/").status_code == 302
    with workspace(stocked):
        assert Export.objects.count() == 1
    assert b"progress" in as_ada.get(PAGE).content
    run_jobs()
    with workspace(stocked):
        export = Export.objects.get()
        path = "/exports/" + exporting.url(export).split("/exports/")[1]
    assert (export.state, export.rows_done) == ("ready", export.rows_total)
    assert path in as_ada.get(PAGE).content.decode()
    fetched = client.get(path)
    content = b"".join(fetched.streaming_content)
    assert hashlib.sha256(content).hexdigest() == export.sha256
    assert ZipFile(BytesIO(content)).testzip() is None


def test_it_can_be_had_after_closing_and_closing_waits_for_none(stocked, client, as_ada):
    with workspace(stocked):
        exporting.ask(stocked, by=None, at=NOON)
    close(stocked, customers="now")
    run_jobs(at=NOON + timedelta(hours=2))
    assert as_ada.post(f"{PAGE}exports/").status_code == 302
    run_jobs(at=NOON + timedelta(hours=3))
    with workspace(stocked):
        assert {each.state for each in Export.objects.all()} == {"ready"}
    stocked.refresh_from_db()
    assert stocked.state == "closing"


def test_a_worker_that_dies_writes_it_anew(stocked, monkeypatch):
    with workspace(stocked):
        export = exporting.ask(stocked, by=None, at=NOON)

    class Killed(BaseException):
        pass

    def die(*_arguments):
        raise Killed

    monkeypatch.setattr(exporting, "_add_files", die)
    with pytest.raises(Killed):
        exporting.make.function(workspace_id=stocked.pk, export_id=export.pk)
    monkeypatch.undo()
    assert not list(exporting.path_of(export).parent.glob("*.zip"))
    exporting.make.function(workspace_id=stocked.pk, export_id=export.pk)
    with workspace(stocked):
        export.refresh_from_db()
    assert (export.state, export.rows_done) == ("ready", export.rows_total)
    exporting.path_of(export).unlink()


def test_an_archive_goes_after_its_time(stocked, client):
    with workspace(stocked):
        export = exporting.ask(stocked, by=None, at=NOON)
    run_jobs()
    run_jobs(at=NOON + 40 * DAY)
    with workspace(stocked):
        assert Export.objects.get().state == "gone"
    assert not exporting.path_of(export).exists()
    assert client.get("/exports/" + exporting.url(export).split("/exports/")[1]).status_code == 404


def test_a_business_that_is_erased_can_not_be_exported(stocked):
    with workspace(stocked):
        closure = closing._begin(stocked, promised=0, by=None, email="", at=NOON)
        type(closure).objects.update(state="erasing")
        with pytest.raises(exporting.NothingLeft):
            exporting.ask(stocked, by=None, at=NOON)
