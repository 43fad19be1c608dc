"""What falls due when: periods follow each other without gap or overlap, and their parts sum to the price."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainsail.kernel.money import BadMoney, Money
from plainsail.kernel.periods import Interval, Period, boundary, day_start, period_at
from plainsail.subscriptions.services import scheduling
from plainsail.subscriptions.services.scheduling import Plan

MONTH, QUARTER = Interval("month"), Interval("month", 3)

anchors = st.dates(date(2000, 1, 1), date(2060, 12, 31)) | st.sampled_from([date(2024, 1, 31), date(2024, 2, 29)])
intervals = st.builds(Interval, st.sampled_from(["day", "week", "month", "year"]), st.integers(1, 12))
prices = st.integers(0, 10**7).map(lambda minor: Money(minor, "EUR"))


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


@given(anchors, intervals, prices, st.integers(0, 400))
def test_the_periods_of_an_item_tile_its_life(anchor, interval, price, later):
    start = anchor + timedelta(days=later)
    coming = list(islice(scheduling.ahead([Plan(price, interval, start)], anchor=anchor), 12))
    spans = [planned.dues[0].period for planned in coming]
    assert spans[0].start == start == coming[0].on
    assert all(before.end == after.start for before, after in pairwise(spans))
    assert all(planned.dues[0].is_whole and planned.total == price for planned in coming[1:])
    assert all(span.end == period_at(anchor, interval, span.start).end for span in spans)


@given(anchors, intervals, prices, st.integers(0, 400))
def test_an_item_that_joins_between_two_boundaries_pays_its_days(anchor, interval, price, later):
    due = scheduling.next_due(Plan(price, interval, anchor + timedelta(days=later)), anchor=anchor)
    assert due.whole == period_at(anchor, interval, due.period.start)
    assert 0 <= due.of(price).minor <= price.minor
    assert due.of(price).minor * 2 * due.whole.days == pytest.approx(
        price.minor * 2 * due.period.days, abs=due.whole.days
    )


def test_items_of_different_intervals_meet_on_one_invoice():
    items = [Plan(euros(10000), QUARTER, date(2024, 1, 31)), Plan(euros(1500), MONTH, date(2024, 1, 31))]
    coming = [(str(one.on), one.total.minor) for one in islice(scheduling.ahead(items, anchor=date(2024, 1, 31)), 4)]
    assert coming == [("2024-01-31", 11500), ("2024-02-29", 1500), ("2024-03-31", 1500), ("2024-04-30", 11500)]


@given(anchors, st.lists(st.tuples(intervals, prices), min_size=1, max_size=4))
def test_an_invoice_has_each_item_that_is_due_once_and_no_day_has_two_invoices(anchor, items):
    plans = [Plan(price, interval, anchor) for interval, price in items]
    coming = list(islice(scheduling.ahead(plans, anchor=anchor), 10))
    days = [planned.on for planned in coming]
    assert days == sorted(set(days))
    for planned in coming:
        due = [plan for plan in plans if period_at(anchor, plan.interval, planned.on).start == planned.on]
        assert len(planned.dues) == len(due)
        assert planned.total.minor == sum(plan.price.minor for plan in due)


def test_nothing_comes_of_no_items_and_currencies_do_not_mix():
    assert list(scheduling.ahead([], anchor=date(2026, 1, 1))) == []
    mixed = [Plan(Money(1, currency), MONTH, date(2026, 1, 1)) for currency in ("EUR", "USD")]
    with pytest.raises(BadMoney):
        next(scheduling.ahead(mixed, anchor=date(2026, 1, 1)))


@pytest.mark.parametrize("seconds", [-1, 0, 1])
def test_a_contract_that_ends_at_a_boundary_never_renews_at_it(seconds):
    anchor, zone = date(2015, 11, 1), "America/Los_Angeles"
    end = day_start(boundary(anchor, MONTH, 1), zone)
    charged = scheduling.begun(
        Plan(euros(100), MONTH, anchor), anchor=anchor, zone=zone, at=end + timedelta(seconds=seconds), ends_at=end
    )
    assert charged == [Period(anchor, date(2015, 12, 1))]


@given(anchors, st.integers(0, 30), st.sampled_from(["UTC", "America/Juneau", "Pacific/Apia", "Europe/Berlin"]))
def test_a_period_is_charged_for_from_its_first_local_moment(anchor, number, zone):
    first = day_start(boundary(anchor, MONTH, number), zone)
    plan = Plan(euros(100), MONTH, anchor)
    assert len(scheduling.begun(plan, anchor=anchor, zone=zone, at=first)) == number + 1
    assert len(scheduling.begun(plan, anchor=anchor, zone=zone, at=first - timedelta(seconds=1))) == number


def test_nothing_is_charged_before_a_contract_begins():
    plan = Plan(euros(100), MONTH, date(2026, 6, 1))
    assert scheduling.begun(plan, anchor=date(2026, 6, 1), zone="UTC", at=datetime(2026, 5, 31, tzinfo=UTC)) == []
