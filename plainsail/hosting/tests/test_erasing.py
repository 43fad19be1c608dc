"""Erasing: every table, whoever is killed on the way, nothing left but what the law wants, and that until its day."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.db import connection

from plainsail.accounts.models import Host, Membership
from plainsail.commerce.tests import factories as commerce
from plainsail.commerce.tests.factories import NOON
from plainsail.hosting.models import BillingLink, Closure, KeptRecord
from plainsail.hosting.services import (
    advancing,
    certificates,
    closing,
    erasing,
    exporting,
    inventory,
    obstacles,
    retention,
)
from plainsail.hosting.services.inventory import PROOF
from plainsail.hosting.tests import rows
from plainsail.hosting.tests.factories import operator
from plainsail.hosting.tests.test_billing import CARD
from plainsail.kernel import environment, erasures
from plainsail.kernel.models import Due, Workspace
from plainsail.kernel.personal_data import PERSONAL_DATA
from plainsail.kernel.tenancy import SHARED_TABLES, workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.models import Refund
from plainsail.subscriptions.models import CancellationRequest, Subscription
from plainsail.subscriptions.services import declaring
from plainsail.subscriptions.tests.factories import subscribed
from tests.walking import furnish

DAY = timedelta(days=1)
PEOPLE = ("maren", "thiessen", "nora", "ada@", "example.com")
PRODUCT = ("juniper pottery", "studio club")


@pytest.fixture
def data_dir(tmp_path, monkeypatch):
    """Files of this test alone: exports, and the list of who was erased."""
    here = environment.current()
    monkeypatch.setattr(type(here), "erasures", property(lambda self: tmp_path / "backups" / environment.ERASURES))
    monkeypatch.setattr(type(here), "exports_of", lambda self, key: tmp_path / "exports" / key.hex)
    monkeypatch.setattr(type(here), "files_of", lambda self, key: tmp_path / "files" / key.hex)
    return tmp_path


@pytest.fixture
def full(juniper, ada, data_dir, outbox):
    """A business with something in every table that a factory fills, a contract that was cancelled, and an invoice."""
    contract = subscribed(juniper)
    with workspace(juniper):
        furnish()
        commerce.issued(5000)
        declaring.cancel(contract, {"when": "now", "shown_refund": 0}, door=CancellationRequest.Door.PORTAL, at=NOON)
    run_jobs()
    return juniper


def erase(business, *, at=NOON + DAY):
    closing.ask_erasure(business, by=None, email="ada@example.com", at=at)
    advancing.advance.function(workspace_id=business.pk, at=at)
    with workspace(business):
        return Closure.objects.in_force().get()


def empty_the_way(business):
    """What furnish left under way is settled."""
    with workspace(business):
        Subscription.objects.filter(ended_at=None).update(state="ended", ended_at=NOON)
        Refund.objects.exclude(state__in=Refund.FINAL).update(state="succeeded", settled_at=NOON)
        apps.get_model("payments.charge").objects.open().update(state="succeeded", settled_at=NOON)
        apps.get_model("payments.dispute").objects.update(state="won")
        apps.get_model("mail.delivery").objects.filter(state__in=("queued", "handing_over")).update(state="accepted")


def kept_words(records) -> str:
    return json.dumps(list(records.values_list("row", flat=True))).lower()


def test_every_table_of_a_business_is_walked_or_proof():
    walked = {table.label for table in inventory.tables()}
    assert walked | PROOF == set(rows.all_tables())


def test_every_table_with_a_workspace_belongs_to_a_model_that_is_walked(db):
    known = {model._meta.db_table for model in apps.get_models() if inventory.is_owned(model)} | SHARED_TABLES
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_namespace n "
            "ON n.oid = c.relnamespace WHERE a.attname = 'workspace_id' AND c.relkind IN ('r', 'p') "
            "AND NOT c.relispartition AND n.nspname = 'public'"
        )
        assert {name for (name,) in cursor.fetchall()} <= known


def test_what_is_kept_names_columns_that_exist_and_classes_that_have_a_term():
    for label, answer in PERSONAL_DATA.items():
        if (kept := answer.kept) is None:
            continue
        columns = {field.column for field in apps.get_model(label)._meta.local_fields}
        assert {*kept.columns, *kept.hashed, *filter(None, (kept.dated, kept.only_if))} <= columns, label
        assert kept.category in retention.CATEGORIES
        assert kept.category in retention.POLICY["classes"]
        assert set(kept.columns).isdisjoint({"email", "name", "company", "user_agent", "payload", "feedback"}), label


def test_nobody_is_left_out_of_the_order_and_rows_that_point_come_first():
    place = {table.label: number for number, table in enumerate(inventory.tables())}
    cut = {(cut.table, cut.column) for cut in inventory.cuts()}
    for label, number in place.items():
        model = apps.get_model(label)
        for field in model._meta.local_fields:
            target = field.related_model._meta.label_lower if field.is_relation else None
            if target in place and (model._meta.db_table, field.column) not in cut:
                assert number < place[target], (label, target)


def test_after_erasing_no_row_is_left_but_the_proof_and_what_is_kept(full):
    empty_the_way(full)
    before = rows.of(full)
    closure = erase(full)
    assert closure.state == "erased"
    left = rows.of(full)
    assert set(left) == {*PROOF, "kernel.workspace", "accounts.host"}
    assert len(before) > 30
    with workspace(full):
        # An invoice names its buyer and what was bought, by law; what a buyer agreed to, what was bought.
        unnamed = kept_words(KeptRecord.objects.exclude(category__in=("invoices", "security_log")))
        plain = kept_words(KeptRecord.objects.exclude(category__in=("invoices", "security_log", "consent")))
        categories = set(KeptRecord.objects.values_list("category", flat=True))
        numbered = KeptRecord.objects.filter(table="commerce.invoice").values_list("row", flat=True)
        assert all(row["document"]["number"] == row["number"] for row in numbered)
        assert len(numbered) >= 2
    assert [word for word in PEOPLE if word in unnamed] == []
    assert [word for word in PRODUCT if word in plain] == []
    assert categories >= {"invoices", "ledger", "consent", "cancellation"}
    stone = Workspace.objects.get(pk=full.pk)
    assert (stone.name, stone.postal_address, stone.state) == ("", "", "closed")
    assert not Membership.objects.filter(workspace=full).exists()
    assert set(Due.objects.filter(workspace=full).values_list("kind", flat=True)) <= {"hosting.kept", "hosting.closure"}


def test_the_address_stays_taken_and_own_domains_go(full):
    empty_the_way(full)
    Host.objects.create(host="pottery.example", kind="custom", workspace=full)
    erase(full)
    assert list(Host.objects.filter(workspace=full).values_list("host", "is_closed")) == [("juniper.localhost", True)]


def test_another_business_is_not_touched(full, acme, cleo):
    with workspace(acme):
        furnish()
    before = rows.of(acme)
    empty_the_way(full)
    erase(full)
    assert rows.of(acme) == before


class Killed(BaseException):
    """The power goes."""


@pytest.mark.parametrize("at_table", [0, 31, 66])
def test_killed_anywhere_it_goes_on_and_ends_the_same(full, monkeypatch, at_table):
    empty_the_way(full)
    seen, true_take = [], erasing._take_out

    def take_out(workspace_id, table, **options):
        seen.append(table.label)
        if len(seen) == at_table + 1:
            raise Killed
        return true_take(workspace_id, table, **options)

    monkeypatch.setattr(erasing, "BATCH", 2)
    monkeypatch.setattr(erasing, "_take_out", take_out)
    with pytest.raises(Killed):
        erase(full)
    monkeypatch.setattr(erasing, "_take_out", true_take)
    with workspace(full):
        rows_before = Closure.objects.get().facts.get(kind="erasing").details["rows"]
        assert Closure.objects.get().state == "erasing"
    advancing.advance.function(workspace_id=full.pk, at=NOON + DAY + timedelta(minutes=10))
    with workspace(full):
        closure = Closure.objects.get()
    assert closure.state == "erased"
    assert closure.certificate["rows"] == rows_before
    assert set(rows.of(full)) == {*PROOF, "kernel.workspace", "accounts.host"}
    invoices = next(each for each in closure.certificate["kept"] if each["category"] == "invoices")
    assert invoices["rows"] == rows_before["commerce.invoice"] + rows_before.get("commerce.creditnote", 0)


def test_what_is_kept_goes_on_its_day(full):
    empty_the_way(full)
    erase(full)
    last = datetime(2036, 12, 31, 22, 59, tzinfo=UTC)
    run_jobs(at=NOON + 100 * DAY)
    with workspace(full):
        assert not KeptRecord.objects.filter(category="security_log").exists()
        assert KeptRecord.objects.filter(category="cancellation").exists()
    run_jobs(at=last - 365 * DAY * 5)
    with workspace(full):
        assert set(KeptRecord.objects.values_list("category", flat=True)) == {"invoices", "ledger"}
        assert not Closure.objects.exists()
    run_jobs(at=last)
    with workspace(full):
        assert KeptRecord.objects.filter(category="invoices").exists()
    run_jobs(at=last + timedelta(minutes=1))
    assert set(rows.of(full)) == {"kernel.workspace", "accounts.host"}


def test_the_owner_gets_the_certificate_and_reads_it_by_its_link(full, outbox, client):
    empty_the_way(full)
    closure = erase(full)
    run_jobs(at=NOON + DAY)
    letter = next(mail for mail in outbox if mail["Subject"] == "Juniper Pottery Studio is erased")
    attached = [part.get_filename() for part in letter.walk() if part.get_filename()]
    assert attached == ["erasure.pdf"]
    assert closure.email == ""
    assert certificates.url(closure).endswith(f"/erased/{certificates.token_of(closure)}/")
    page = client.get(f"/erased/{certificates.token_of(closure)}/")
    assert "Invoices and credit notes" in page.content.decode()
    assert "2036" in page.content.decode()
    assert page["X-Robots-Tag"] == "noindex"


@pytest.mark.parametrize("token", ["x", "AAAA", "a" * 90])
def test_a_forged_certificate_is_none(client, db, token):
    assert client.get(f"/erased/{token}/").status_code == 404
    assert client.get(f"/exports/{token}/").status_code == 404


def test_a_token_of_one_kind_opens_nothing_of_another(full, client):
    empty_the_way(full)
    closure = erase(full)
    assert client.get(f"/exports/{certificates.token_of(closure)}/").status_code == 404


def test_a_refund_that_is_under_way_stands_in_the_way_and_one_that_failed_until_somebody_takes_it_over(full):
    empty_the_way(full)
    with workspace(full):
        refund = Refund.objects.first()
        assert refund is not None
        Refund.objects.filter(pk=refund.pk).update(state="submitted", settled_at=None)
    assert [each.code for each in obstacles.in_the_way(full, None)] == ["refunds"]
    assert erase(full).state == "winding_down"
    with workspace(full):
        Refund.objects.filter(pk=refund.pk).update(state="failed", settled_at=NOON + DAY)
    advancing.advance.function(workspace_id=full.pk, at=NOON + 2 * DAY)
    with workspace(full):
        closure = Closure.objects.get()
        assert [each.code for each in obstacles.unsettled(full, closure, at=NOON + 2 * DAY)] == ["failed_refunds"]
        closing.take_over_refunds(full, by=None, at=NOON + 3 * DAY)
    advancing.advance.function(workspace_id=full.pk, at=NOON + 3 * DAY)
    with workspace(full):
        assert Closure.objects.get().state == "erased"


def test_the_plan_ends_before_anything_is_erased(full, as_ada):
    seller = operator()
    as_ada.post("/w/juniper/settings/billing/plan/", CARD)
    empty_the_way(full)
    assert "€29.00 comes back" in as_ada.get("/w/juniper/settings/closing/").content.decode()
    closure = erase(full, at=NOON + timedelta(hours=1))
    # Within fourteen days of the first payment all of it goes back; that has to arrive first.
    assert closure.state == "closing"
    with workspace(seller):
        assert Subscription.objects.get().state == "ended"
    run_jobs(at=NOON + timedelta(hours=2))
    run_jobs(at=NOON + timedelta(hours=4))
    with workspace(full):
        assert Closure.objects.get().state == "erased"
    with workspace(seller):
        assert {each.state for each in Refund.objects.all()} == {"succeeded"}
    assert not BillingLink.objects.filter(workspace=full).exists()


def test_files_and_exports_go_too(full, data_dir):
    empty_the_way(full)
    with workspace(full):
        exporting.ask(full, by=None, at=NOON)
    run_jobs()
    folder = data_dir / "files" / full.pk.hex
    folder.mkdir(parents=True)
    (folder / "picture.png").write_bytes(b"x")
    assert list((data_dir / "exports").rglob("*.zip"))
    erase(full)
    assert [path for path in data_dir.rglob("*") if path.is_file()] == [data_dir / "backups" / "erasures.jsonl"]


def test_a_restored_business_that_was_erased_is_erased_again(full, data_dir, outbox):
    """As after `restore`: everything is back, and the list says that it may not be."""
    empty_the_way(full)
    erasures.add(data_dir / "backups" / "erasures.jsonl", {full.pk: NOON - 5 * DAY})
    advancing.replay()
    assert set(rows.of(full)) == {*PROOF, "kernel.workspace", "accounts.host"}
    run_jobs()
    assert not [mail for mail in outbox if "erased" in mail["Subject"]]
    advancing.replay()


def test_once_it_is_being_erased_nobody_takes_it_back(full, monkeypatch):
    empty_the_way(full)

    def die(*_arguments, **_options):
        raise Killed

    monkeypatch.setattr(erasing, "_cut_circles", die)
    with pytest.raises(Killed):
        erase(full)
    with pytest.raises(closing.NothingToReopen):
        closing.reopen(full, by=None, at=NOON + DAY)
    assert Workspace.objects.get(pk=full.pk).state == "closed"


def test_a_closing_that_was_taken_back_before_leaves_no_trace(full):
    empty_the_way(full)
    closing.close(full, customers="now", by=None, email="ada@example.com", at=NOON)
    closing.reopen(full, by=None, at=NOON)
    erase(full)
    with workspace(full):
        assert Closure.objects.get().facts.filter(kind="reopened").count() == 0


def test_erasing_twice_at_once_counts_once(full):
    empty_the_way(full)
    first = erase(full)
    assert advancing.advance.function(workspace_id=full.pk, at=NOON + DAY) is None
    with workspace(full):
        assert Closure.objects.get().certificate == first.certificate


def test_the_kept_list_shown_before_is_what_is_kept_after(full):
    empty_the_way(full)
    with workspace(full):
        before = erasing.would_keep(retention.POLICY, at=NOON + DAY, zone="Europe/Berlin")
    after = erase(full).certificate["kept"]
    by_class = {each["category"]: each for each in before}
    # Asking for it is itself a line of the audit log.
    for each in after:
        if each["category"] != "security_log":
            assert each == by_class[each["category"]]


def test_the_list_of_the_erased_survives_a_line_that_was_cut_off(tmp_path):
    from uuid import uuid4

    one, other, path = uuid4(), uuid4(), tmp_path / "erasures.jsonl"
    erasures.add(path, {one: NOON})
    with path.open("a") as file:
        file.write('{"workspace": "')
    erasures.add(path, {other: NOON, one: NOON + DAY})
    assert erasures.listed(path) == {one: NOON, other: NOON}
    erasures.merge(path, tmp_path / "other" / "erasures.jsonl")
    assert erasures.listed(tmp_path / "other" / "erasures.jsonl") == {one: NOON, other: NOON}
