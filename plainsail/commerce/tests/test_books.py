"""The ledger balances, never changes, and knows each fact once; numbers come without gaps. The database sees to it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plainsail.commerce import queries
from plainsail.commerce.models import (
    ConsentRecord,
    CreditNote,
    CreditNoteLine,
    Invoice,
    InvoiceLine,
    JournalEntry,
    LedgerAccount,
    NumberSeries,
    Posting,
    Price,
)
from plainsail.commerce.services import crediting, ledger, numbering
from plainsail.commerce.services.ledger import Kind, Unbalanced
from plainsail.commerce.tests.factories import NOON, bought, euros, issued
from plainsail.kernel.ids import new_id
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace


@contextmanager
def refused(words: str):
    """The database says no; the test's own transaction goes on."""
    with pytest.raises(IntegrityError, match=words), transaction.atomic():
        yield


def settle_constraints() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_an_entry_sums_to_zero(in_juniper):
    ledger.post(
        "test",
        new_id(),
        postings=[ledger.debit(Kind.CLEARING, euros(100)), ledger.credit(Kind.REVENUE, euros(100))],
        at=NOON,
    )
    settle_constraints()
    assert queries.balances() == {("clearing", "", "EUR"): 100, ("revenue", "", "EUR"): -100}


@pytest.mark.parametrize(
    "postings",
    [
        [ledger.debit(Kind.CLEARING, euros(100))],
        [ledger.debit(Kind.CLEARING, euros(100)), ledger.credit(Kind.REVENUE, euros(99))],
        [ledger.debit(Kind.CLEARING, euros(100)), ledger.credit(Kind.REVENUE, Money(100, "USD"))],
    ],
)
def test_an_unbalanced_entry_is_refused(in_juniper, postings):
    with pytest.raises(Unbalanced):
        ledger.post("test", new_id(), postings=postings, at=NOON)


def test_the_database_itself_refuses_an_unbalanced_entry(in_juniper):
    with refused("does not balance"):
        entry = JournalEntry.objects.create(source_type="test", source_id=new_id(), at=NOON)
        account = LedgerAccount.objects.create(kind=Kind.REVENUE, currency="EUR")
        Posting.objects.create(entry=entry, account=account, amount_minor=1, currency="EUR")
        settle_constraints()


@pytest.mark.django_db(transaction=True)
def test_an_unbalanced_entry_can_not_be_committed(juniper):
    with pytest.raises(IntegrityError, match="does not balance"), workspace(juniper):
        entry = JournalEntry.objects.create(source_type="test", source_id=new_id(), at=NOON)
        account = LedgerAccount.objects.create(kind=Kind.REVENUE, currency="EUR")
        Posting.objects.create(entry=entry, account=account, amount_minor=1, currency="EUR")
    with workspace(juniper):
        assert Posting.objects.count() == 0


def test_the_same_source_is_entered_once(in_juniper):
    source, postings = new_id(), [ledger.debit(Kind.CLEARING, euros(5)), ledger.credit(Kind.REVENUE, euros(5))]
    assert ledger.post("test", source, postings=postings, at=NOON) is not None
    assert ledger.post("test", source, postings=postings, at=NOON) is None
    assert Posting.objects.count() == 2


@pytest.mark.parametrize("model", [Posting, JournalEntry, CreditNote, CreditNoteLine, Price, ConsentRecord])
@pytest.mark.parametrize("how", ["change", "delete"])
def test_what_is_booked_or_agreed_can_not_be_changed(juniper, model, how):
    order = bought(juniper)
    with workspace(juniper):
        invoice = order.invoices.get()
        crediting.credit_amount(invoice, amount=euros(100), reason="Kindness", at=NOON)
        with refused("append-only"):
            if how == "change":
                model.objects.update(created_at=NOON.replace(year=2020))
            else:
                model.objects.all()._raw_delete("default")


@pytest.mark.parametrize(
    "change",
    [
        {"number": "INV-1"},
        {"gross_minor": 1, "net_minor": 1, "tax_minor": 0},
        {"currency": "USD"},
        {"state": "draft"},
        {"document": {}},
        {"issued_at": NOON.replace(year=2020)},
        {"due_on": NOON.date().replace(year=2020)},
    ],
)
def test_a_numbered_invoice_is_final(in_juniper, change):
    invoice = issued(10000)
    with refused("final"):
        Invoice.objects.filter(pk=invoice.pk).update(**change)


def test_a_numbered_invoice_can_not_be_deleted(in_juniper):
    issued(10000)
    with refused("final"):
        Invoice.objects.all()._raw_delete("default")


@pytest.mark.parametrize("how", ["change", "delete", "add"])
def test_the_lines_of_a_numbered_invoice_are_final(in_juniper, how):
    line = issued(10000).lines.get()
    with refused("final"):
        if how == "change":
            InvoiceLine.objects.filter(pk=line.pk).update(description="Something else")
        elif how == "delete":
            InvoiceLine.objects.all()._raw_delete("default")
        else:
            line.pk, line.position = new_id(), 2
            line.save(force_insert=True)


def take(series: str, *, mode: str, at=NOON) -> str:
    number, _moment = numbering.take(series, mode=mode, at=at)
    return number


def test_what_is_heard_late_bears_no_earlier_moment_than_the_number_before(in_juniper):
    issued(100, at=NOON + timedelta(days=2))
    late = issued(100, at=NOON)
    assert (late.number, late.issued_at) == ("TEST-INV-00002", NOON + timedelta(days=2))
    note = crediting.void(late, reason="x", at=NOON)
    other = crediting.void(issued(100), reason="x", at=NOON - timedelta(days=1))
    assert (note.issued_at, other.issued_at) == (NOON, NOON)


def test_numbers_ascend_by_series_and_mode(in_juniper):
    assert [take("invoice", mode="test") for _each in range(2)] == ["TEST-INV-00001", "TEST-INV-00002"]
    assert take("invoice", mode="live") == "INV-00001"
    assert take("credit_note", mode="live") == "CN-00001"


def test_each_business_counts_for_itself(juniper, acme):
    for business in (juniper, acme):
        with workspace(business):
            assert take("invoice", mode="live") == "INV-00001"


def test_a_number_goes_back_when_its_document_does_not_come_about(juniper):
    class Oops(Exception):
        pass

    with pytest.raises(Oops), workspace(juniper):
        take("invoice", mode="live")
        raise Oops
    with workspace(juniper):
        assert take("invoice", mode="live") == "INV-00001"


@pytest.mark.django_db(transaction=True)
def test_numbers_taken_at_once_have_no_gap_and_no_twin(juniper):
    taken: list[str] = []

    def work():
        for _each in range(5):
            with workspace(juniper):
                taken.append(take("invoice", mode="live"))
        connection.close()

    threads = [threading.Thread(target=work) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [f"INV-{number:05d}" for number in range(1, 21)]
    with workspace(juniper):
        assert NumberSeries.objects.get(series="invoice").next_number == 21


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(list(Kind)), st.integers(-(10**12), 10**12)), min_size=1, max_size=6))
def test_whatever_is_posted_the_books_sum_to_zero(in_juniper, wishes):
    postings = [ledger.Posted(kind, "", euros(amount)) for kind, amount in wishes]
    rest = -sum(posted.amount.minor for posted in postings)
    ledger.post("test", new_id(), postings=[*postings, ledger.Posted(Kind.REVENUE, "x", euros(rest))], at=NOON)
    settle_constraints()
    assert sum(queries.balances().values()) == 0
