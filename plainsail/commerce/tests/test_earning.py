"""What is paid for a period is revenue by its days: entered when a month is over, once, whatever came back meanwhile."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plainsail.commerce import queries
from plainsail.commerce.models import Invoice, JournalEntry
from plainsail.commerce.services import clocks, crediting, earning, sellers
from plainsail.commerce.tests.factories import NOON, euros, issued
from plainsail.kernel import clock, due
from plainsail.kernel.models import Due
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs

DECEMBER = datetime(2026, 11, 30, 23, tzinfo=UTC)
"""Begins in Berlin, where the seller of the tests is."""
JANUARY = datetime(2026, 12, 31, 23, tzinfo=UTC)
FEBRUARY = datetime(2027, 1, 31, 23, tzinfo=UTC)


def invoiced(*minors: int, rate: str = "0") -> Invoice:
    """For thirty days, of which eight are in November."""
    return issued(*minors, rate=rate, period_start=date(2026, 11, 23), period_end=date(2026, 12, 23))


def revenue(currency: str = "EUR") -> int:
    return -queries.balances().get(("revenue", "", currency), 0)


def deferred() -> int:
    return -queries.balances().get(("deferred_revenue", "", "EUR"), 0)


@pytest.fixture(autouse=True)
def _in_berlin(juniper) -> None:
    with workspace(juniper):
        seller = sellers.of_workspace(at=NOON)
        seller.timezone = "Europe/Berlin"
        seller.save(update_fields=["timezone"])


def test_a_period_is_earned_by_its_days_and_wholly_once_it_is_over(in_juniper):
    invoiced(3000)
    assert (revenue(), deferred()) == (0, 3000)
    earning.run(at=DECEMBER - timedelta(microseconds=1))
    assert (revenue(), deferred()) == (0, 3000)
    earning.run(at=DECEMBER)
    assert (revenue(), deferred()) == (800, 2200)
    earning.run(at=JANUARY)
    assert (revenue(), deferred()) == (3000, 0)


def test_tax_is_nobodys_revenue(in_juniper):
    invoiced(11900, rate="19")
    earning.run(at=JANUARY)
    assert (revenue(), deferred()) == (10000, 0)


def test_what_is_bought_once_is_earned_at_once(in_juniper):
    issued(3000, rate="0")
    earning.run(at=JANUARY)
    assert (revenue(), JournalEntry.objects.filter(source_type="earned").count()) == (3000, 0)


def test_a_month_is_entered_once_however_often_it_is_looked_at(in_juniper):
    invoiced(3000)
    for _ in range(2):
        earning.run(at=DECEMBER + timedelta(days=3))
    earning.enter(DECEMBER, zone="Europe/Berlin")
    assert (revenue(), JournalEntry.objects.filter(source_type="earned").count()) == (800, 1)


def test_months_that_nobody_entered_in_time_are_entered_one_by_one_as_they_would_have_been(in_juniper):
    bill = invoiced(3000)
    crediting.credit_amount(bill, amount=euros(300), reason="Kindness", at=DECEMBER + timedelta(days=1))
    earning.run(at=FEBRUARY)
    months = earning.earned(at=FEBRUARY, zone="Europe/Berlin").months
    assert [(month.first_on, month.earned) for month in months] == [
        (date(2026, 12, 1), euros(1900)),
        (date(2026, 11, 1), euros(800)),
    ]
    memos = JournalEntry.objects.filter(source_type="earned").order_by("at").values_list("memo", flat=True)
    assert list(memos) == ["2026-11", "2026-12", "2027-01"]


def test_what_comes_back_for_days_that_are_not_served_was_never_earned(in_juniper):
    bill = invoiced(3000)
    crediting.credit_amount(bill, amount=euros(2200), reason="Cancelled", at=DECEMBER - timedelta(hours=1))
    earning.run(at=DECEMBER)
    assert (revenue(), deferred()) == (800, 0)
    earning.run(at=JANUARY)
    assert (revenue(), deferred()) == (800, 0)


def test_what_comes_back_after_the_period_is_taken_off_the_month_in_which_it_does(in_juniper):
    bill = invoiced(3000)
    earning.run(at=JANUARY)
    crediting.credit_amount(bill, amount=euros(500), reason="Kindness", at=JANUARY + timedelta(days=1))
    earning.run(at=FEBRUARY)
    assert (revenue(), deferred()) == (2500, 0)
    assert earning.earned(at=FEBRUARY, zone="Europe/Berlin").months[0].earned == euros(-500)


def test_a_discount_is_spread_over_the_same_days(in_juniper):
    invoiced(4000, -1000)
    earning.run(at=DECEMBER)
    assert (revenue(), deferred()) == (800, 2200)


def test_an_invoice_that_nobody_paid_and_that_was_cancelled_leaves_nothing(in_juniper):
    bill = invoiced(3000)
    crediting.void(bill, reason="Cancelled", at=NOON)
    earning.run(at=JANUARY)
    assert (revenue(), deferred()) == (0, 0)


def test_the_next_month_is_looked_at_by_itself(in_juniper):
    assert Due.objects.filter(kind=earning.MONTHLY).count() == 1
    assert earning.run(at=DECEMBER) == JANUARY


def test_a_test_clock_that_went_ahead_has_its_months_entered(juniper):
    with workspace(juniper):
        invoiced(3000)
    clocks.advance(juniper.pk, to=JANUARY + timedelta(hours=1), at=NOON)
    due.tick()
    run_jobs(at=NOON)
    with workspace(juniper):
        assert (revenue(), deferred()) == (3000, 0)


@given(
    net=st.integers(1, 10**7),
    days=st.integers(1, 800),
    back=st.floats(0, 1),
    on=st.integers(0, 900),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_cent_is_earned_or_given_back_in_the_end(in_juniper, net, days, back, on):
    with transaction.atomic():
        bill = issued(net, rate="0", period_start=NOON.date(), period_end=NOON.date() + timedelta(days=days))
        if int(net * back):
            at = NOON + timedelta(days=on)
            crediting.credit_amount(bill, amount=euros(int(net * back)), reason="Kindness", at=at)
        earning.run(at=NOON + timedelta(days=1000))
        assert (revenue(), deferred()) == (net - int(net * back), 0)
        transaction.set_rollback(True)


def test_the_tax_page_shows_what_was_earned_and_what_is_ahead(juniper, as_ada):
    with workspace(juniper):
        invoiced(3000)
        earning.run(at=DECEMBER)
    with clock.fixed(DECEMBER + timedelta(hours=1)):
        page = as_ada.get("/w/juniper/sales/taxes/").content.decode()
    assert "November 2026" in page
    assert "€8.00" in page
    assert "€22.00" in page
