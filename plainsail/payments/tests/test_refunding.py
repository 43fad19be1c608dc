"""Refunds: never more than was taken, one sending each, what got lost is found."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plainsail.kernel.models import EventRow
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments import queries
from plainsail.payments.models import Refund, SandboxRecord
from plainsail.payments.services import refunding
from plainsail.payments.services.refunding import Disputed, ExceedsCharge
from plainsail.payments.tests.factories import (
    DECLINED,
    DISPUTED,
    FAILING_REFUND,
    LATE_REFUND,
    NOON,
    charged,
)

LATER = NOON + timedelta(minutes=3)


def ask(of, charge, minor: int) -> Refund:
    with workspace(of):
        return refunding.request(charge, amount=Money(minor, charge.currency), at=NOON)


def now(of, refund) -> Refund:
    with workspace(of):
        return Refund.objects.get(pk=refund.pk)


def told(of) -> list[str]:
    with workspace(of):
        names = EventRow.objects.filter(name__startswith="payments.refund").order_by("created_at", "id")
        return list(names.values_list("name", flat=True))


def test_a_refund_is_sent_after_the_commit_and_settled(juniper):
    refund = ask(juniper, charged(juniper), 1000)
    assert refund.state == "requested"
    run_jobs(at=NOON)
    assert (now(juniper, refund).state, told(juniper)) == ("succeeded", ["payments.refund_succeeded"])


@pytest.mark.parametrize(("number", "state"), [(LATE_REFUND, "succeeded"), (FAILING_REFUND, "failed")])
def test_a_refund_that_takes_its_time_is_followed(juniper, number, state):
    refund = ask(juniper, charged(juniper, number), 1000)
    run_jobs(at=NOON)
    assert now(juniper, refund).state == "submitted"
    run_jobs(at=LATER)
    assert now(juniper, refund).state == state


def test_a_failed_refund_frees_its_amount(juniper):
    charge = charged(juniper, FAILING_REFUND)
    ask(juniper, charge, 2900)
    run_jobs(at=NOON)
    run_jobs(at=LATER)
    with workspace(juniper):
        assert queries.refundable(charge) == Money(2900, "EUR")


@pytest.mark.parametrize("minor", [2901, 0, -1, 10**15])
def test_more_than_was_taken_is_refused(juniper, minor):
    charge = charged(juniper)
    with pytest.raises(ExceedsCharge):
        ask(juniper, charge, minor)


def test_the_sum_of_parts_is_what_counts(juniper):
    charge = charged(juniper)
    ask(juniper, charge, 2000)
    with pytest.raises(ExceedsCharge):
        ask(juniper, charge, 901)
    ask(juniper, charge, 900)
    with pytest.raises(ExceedsCharge):
        ask(juniper, charge, 1)


def test_nothing_is_refunded_of_a_declined_charge(juniper):
    charge = charged(juniper, DECLINED)
    with pytest.raises(ExceedsCharge):
        ask(juniper, charge, 1)


def test_a_disputed_charge_is_not_refunded_as_well(juniper):
    charge = charged(juniper, DISPUTED)
    run_jobs(at=NOON + timedelta(hours=1))
    with pytest.raises(Disputed):
        ask(juniper, charge, 1)


def test_another_currency_is_no_part_of_a_charge(juniper):
    charge = charged(juniper)
    with workspace(juniper), pytest.raises(ValueError, match="mix"):
        refunding.request(charge, amount=Money(1, "USD"), at=NOON)


def test_sending_twice_pays_back_once(juniper):
    refund = ask(juniper, charged(juniper), 1000)
    for _twice in range(2):
        refunding.submit(juniper.pk, refund.pk, at=NOON)
    with workspace(juniper):
        assert SandboxRecord.objects.filter(kind="refund").count() == 1


@pytest.mark.parametrize("state", ["requested", "submitted"])
def test_a_refund_that_was_never_sent_is_sent_later(juniper, state):
    refund = ask(juniper, charged(juniper), 1000)
    with workspace(juniper), connection.cursor() as cursor:
        Refund.objects.filter(pk=refund.pk).update(state=state)
        cursor.execute("DELETE FROM procrastinate_jobs")
    run_jobs(at=LATER)
    assert now(juniper, refund).state == "succeeded"


def test_a_refund_whose_answer_was_lost_is_paid_back_once(juniper):
    refund = ask(juniper, charged(juniper), 1000)
    refunding.submit(juniper.pk, refund.pk, at=NOON)
    with workspace(juniper):
        Refund.objects.filter(pk=refund.pk).update(state="submitted", gateway_ref="", settled_at=None)
    run_jobs(at=LATER)
    with workspace(juniper):
        assert SandboxRecord.objects.filter(kind="refund").count() == 1
    assert now(juniper, refund).state == "succeeded"


@pytest.mark.django_db(transaction=True)
def test_of_two_full_refunds_at_once_one_is_refused(juniper):
    charge, results, together = charged(juniper), [], threading.Barrier(2)

    def refund():
        together.wait()
        try:
            results.append(ask(juniper, charge, 2900).state)
        except ExceedsCharge:
            results.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=refund) for _each in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["refused", "requested"]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(min_value=1, max_value=2000), max_size=8))
def test_refunds_never_exceed_the_charge(juniper, wishes):
    charge = charged(juniper)
    for minor in wishes:
        try:
            ask(juniper, charge, minor)
        except ExceedsCharge:
            continue
    with workspace(juniper):
        granted = sum(Refund.objects.filter(charge=charge).values_list("amount_minor", flat=True))
        assert granted <= charge.amount_minor
        assert queries.refundable(charge).minor == charge.amount_minor - granted
