"""Boundaries keep their anchor, days are local, parts sum to the whole."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainsail.kernel.money import Money
from plainsail.kernel.periods import (
    BadPeriod,
    Interval,
    Period,
    boundary,
    day_start,
    first_boundary,
    local_date,
    local_moment,
    part,
    period_at,
    prorate,
)

DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2090, 12, 31))
INTERVALS = st.builds(Interval, st.sampled_from(["day", "week", "month", "year"]), st.integers(1, 13))


# Sources of these rows: the public systems named in the billing vectors (Stripe, Lago, Kill Bill).
@pytest.mark.parametrize(
    ("anchor", "unit", "expected"),
    [
        ("2023-01-31", "month", ["2023-01-31", "2023-02-28", "2023-03-31", "2023-04-30", "2023-05-31", "2023-06-30"]),
        ("2024-01-31", "month", ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]),
        ("2024-02-29", "year", ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
        ("2016-04-08", "week", ["2016-04-08", "2016-04-15", "2016-04-22", "2016-04-29"]),
    ],
)
def test_boundaries_come_from_the_anchor(anchor, unit, expected):
    start = date.fromisoformat(anchor)
    assert [str(boundary(start, Interval(unit), k)) for k in range(len(expected))] == expected


@pytest.mark.parametrize(
    ("start", "day", "unit", "expected"),
    [
        ("2012-02-16", 30, "month", "2012-02-29"),
        ("2012-01-31", 30, "month", "2012-02-29"),
        ("2012-02-16", 14, "month", "2012-03-14"),
        ("2012-02-16", 14, "year", "2013-02-14"),
        ("2012-03-04", 3, "month", "2012-04-03"),
        ("2012-07-16", 15, "month", "2012-08-15"),
    ],
)
def test_the_first_cycle_starts_on_the_anchor_day(start, day, unit, expected):
    assert str(first_boundary(date.fromisoformat(start), day, unit)) == expected


@given(DAYS, INTERVALS, DAYS)
def test_every_day_lies_in_exactly_one_period(anchor, interval, day):
    period = period_at(anchor, interval, day)
    assert day in period
    assert period_at(anchor, interval, period.end).start == period.end


@given(DAYS, INTERVALS)
def test_boundaries_strictly_increase(anchor, interval):
    boundaries = [boundary(anchor, interval, k) for k in range(30)]
    assert boundaries == sorted(set(boundaries))


@pytest.mark.parametrize(
    ("amount", "used", "whole", "expected"),
    [
        ("2399.95", ("2012-05-11", "2013-05-01"), ("2012-05-01", "2013-05-01"), "2334.20"),
        ("249.95", ("2012-05-04", "2012-05-25"), ("2012-04-25", "2012-05-25"), "174.97"),
        ("599.95", ("2012-03-02", "2012-03-31"), ("2012-02-29", "2012-03-31"), "561.24"),
        ("9", ("2025-02-26", "2025-03-01"), ("2025-02-01", "2025-03-01"), "0.96"),
    ],
)
def test_prorating_uses_the_actual_days_of_the_period(amount, used, whole, expected):
    days = [Period(*map(date.fromisoformat, pair)) for pair in (used, whole)]
    assert prorate(Money.parse(amount, "USD"), *days).decimal == Decimal(expected)


def test_a_part_is_exact():
    whole = Period(date(2011, 1, 15), date(2012, 1, 15))
    assert round(float(part(Period(date(2011, 1, 31), whole.end), whole)), 9) == 0.956164384


@pytest.mark.parametrize(
    ("zone", "day"), [("Pacific/Honolulu", 16), ("Europe/Paris", 16), ("Etc/GMT-3", 17), ("Asia/Tokyo", 17)]
)
def test_a_moment_has_its_local_day(zone, day):
    assert local_date(datetime(2012, 7, 16, 21, 17, 3, tzinfo=UTC), zone).day == day


def test_a_skipped_local_time_moves_forward_and_a_doubled_one_is_the_first():
    assert local_moment(date(2015, 3, 8), time(2), "America/Los_Angeles") == datetime(2015, 3, 8, 10, tzinfo=UTC)
    assert local_moment(date(2015, 11, 1), time(1, 30), "America/Los_Angeles") == datetime(
        2015, 11, 1, 8, 30, tzinfo=UTC
    )
    assert day_start(date(2026, 6, 1), "Europe/Berlin") == datetime(2026, 5, 31, 22, tzinfo=UTC)


def test_an_impossible_period_is_refused():
    for wrong in (
        lambda: Period(date(2026, 1, 2), date(2026, 1, 2)),
        lambda: Interval("month", 0),
        lambda: Interval("moon"),
    ):
        with pytest.raises(BadPeriod):
            wrong()
