"""Boundaries keep their anchor, days are local, parts sum to the whole."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainsail.kernel.money import BadMoney, Money
from plainsail.kernel.periods import (
    BadPeriod,
    Interval,
    Period,
    Span,
    boundary,
    clamp,
    day_start,
    elapsed,
    first_boundary,
    local_moment,
    part,
    period_at,
    spread,
)

DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2090, 12, 31))
INTERVALS = st.builds(Interval, st.sampled_from(["day", "week", "month", "year"]), st.integers(1, 13))


ANCHORS = st.dates(min_value=date(2000, 1, 1), max_value=date(2090, 12, 31)) | st.sampled_from(
    [date(2024, 1, 31), date(2024, 2, 29), date(2023, 1, 30), date(2023, 12, 31), date(2000, 2, 29)]
)
MEASURES = st.sampled_from(["day", "second", "month30"])
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Apia", "America/Sao_Paulo"])


@pytest.mark.parametrize(
    ("start", "day", "interval", "expected"),
    [
        ("2012-03-02", 3, Interval("month"), "2012-03-03"),
        ("2012-03-03", 3, Interval("month"), "2012-03-03"),
        ("2012-02-16", 30, Interval("year"), "2012-02-29"),
        ("2012-01-31", 30, Interval("year"), "2013-01-30"),
        ("2012-02-16", 14, Interval("month", 3), "2012-05-14"),
        ("2012-04-30", 31, Interval("month"), "2012-04-30"),
        ("2012-02-16", 14, Interval("week"), "2012-02-16"),
        ("2012-02-16", 30, Interval("day", 30), "2012-02-16"),
    ],
)
def test_the_first_whole_period_begins_on_the_anchor_day(start, day, interval, expected):
    assert str(first_boundary(date.fromisoformat(start), day, interval)) == expected


@given(DAYS, st.integers(1, 31), INTERVALS)
def test_the_first_whole_period_begins_less_than_one_interval_after_the_start(start, day, interval):
    first = first_boundary(start, day, interval)
    assert start <= first <= boundary(start, interval, 1, anchor_day=31)
    if interval.unit in {"month", "year"}:
        assert first == clamp(first.year, first.month, day)


@given(ANCHORS, INTERVALS, st.integers(0, 60))
def test_a_boundary_keeps_the_day_of_its_anchor_or_is_the_last_of_its_month(anchor, interval, number):
    found = boundary(anchor, interval, number)
    if interval.unit in {"month", "year"}:
        assert found == clamp(found.year, found.month, anchor.day)
        months = interval.count * number * {"month": 1, "year": 12}[interval.unit]
        assert (found.year - anchor.year) * 12 + found.month - anchor.month == months
    else:
        assert (found - anchor).days == interval.count * number * {"day": 1, "week": 7}[interval.unit]


@given(DAYS, st.lists(st.integers(0, 400), max_size=6), st.integers(1, 800), MEASURES, ZONES)
def test_parts_of_a_period_that_follow_each_other_are_the_whole(start, steps, days, measure, zone):
    whole = Period(start, start + timedelta(days=days))
    cuts = sorted({whole.start, whole.end, *(whole.start + timedelta(days=step % days) for step in steps)})
    if elapsed(whole.start, whole.end, by=measure, zone=zone) < 1:
        return
    parts = [part(a, b, whole, by=measure, zone=zone) for a, b in pairwise(cuts)]
    assert sum(parts) == 1
    assert all(0 <= one <= 1 for one in parts)


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2023-05-23", "2023-06-15", 22),
        ("2023-02-23", "2023-03-15", 22),
        ("2024-02-23", "2024-03-15", 22),
        ("2023-05-15", "2023-05-23", 8),
        ("2023-01-15", "2024-01-15", 360),
    ],
)
def test_months_can_count_as_thirty_days(start, end, days):
    assert elapsed(date.fromisoformat(start), date.fromisoformat(end), by="month30") == days


def test_seconds_know_that_a_day_may_have_23_hours():
    whole = Period(date(2015, 3, 8), date(2015, 3, 10))
    assert part(whole.start, date(2015, 3, 9), whole, by="second", zone="America/Los_Angeles") == Fraction(23, 47)
    assert part(whole.start, date(2015, 3, 9), whole) == Fraction(1, 2)


def test_no_days_are_no_part_and_backwards_is_refused():
    whole = Period(date(2026, 1, 1), date(2026, 2, 1))
    assert part(whole.start, whole.start, whole) == 0
    with pytest.raises(BadPeriod):
        part(whole.end, whole.start, whole)


@given(DAYS, st.integers(1, 12), st.integers(-(10**9), 10**9))
def test_an_amount_spread_over_periods_is_all_there(start, number, minor):
    periods = [period_at(start, Interval("month"), boundary(start, Interval("month"), k)) for k in range(number)]
    parts = spread(Money(minor, "EUR"), periods)
    assert sum(one.minor for one in parts) == minor
    days = sum(period.days for period in periods)
    for one, period in zip(parts, periods, strict=True):
        assert abs(one.minor - Fraction(minor * period.days, days)) < 1


def test_an_amount_can_not_be_spread_over_nothing():
    assert spread(Money(0, "EUR"), []) == []
    with pytest.raises(BadMoney):
        spread(Money(1, "EUR"), [])


@pytest.mark.parametrize(
    ("text", "day", "expected"),
    [
        ("P14D", "2026-02-20", "2026-03-06"),
        ("P1M", "2026-01-31", "2026-02-28"),
        ("P1Y", "2024-02-29", "2025-02-28"),
        ("P2W", "2026-01-01", "2026-01-15"),
        ("P1Y2M3D", "2026-01-01", "2027-03-04"),
        ("P0D", "2026-01-01", "2026-01-01"),
    ],
)
def test_a_span_after_a_day(text, day, expected):
    assert str(Span.parse(text).after(date.fromisoformat(day))) == expected


@pytest.mark.parametrize("text", ["", "P", "14D", "P-1D", "P1.5D", "PT5H", "P1D2M", "p1d", "P١D"])
def test_what_is_no_span_is_refused(text):
    with pytest.raises(BadPeriod):
        Span.parse(text)


@pytest.mark.parametrize(
    ("interval", "span", "lasts"),
    [
        (Interval("month", 6), "P6M", True),
        (Interval("month", 5), "P6M", False),
        (Interval("year"), "P12M", True),
        (Interval("week", 26), "P6M", True),
        (Interval("week", 25), "P6M", False),
        (Interval("day", 30), "P1M", True),
        (Interval("day", 14), "P14D", True),
    ],
)
def test_whether_an_interval_lasts_as_long_as_a_span(interval, span, lasts):
    assert interval.lasts(Span.parse(span)) is lasts


@given(DAYS, INTERVALS, DAYS)
def test_every_day_lies_in_exactly_one_period(anchor, interval, day):
    period = period_at(anchor, interval, day)
    assert day in period
    assert period_at(anchor, interval, period.end).start == period.end


@given(DAYS, INTERVALS)
def test_boundaries_strictly_increase(anchor, interval):
    boundaries = [boundary(anchor, interval, k) for k in range(30)]
    assert boundaries == sorted(set(boundaries))


def test_a_skipped_local_time_moves_forward_and_a_doubled_one_is_the_first():
    assert local_moment(date(2015, 3, 8), time(2), "America/Los_Angeles") == datetime(2015, 3, 8, 10, tzinfo=UTC)
    assert local_moment(date(2015, 11, 1), time(1, 30), "America/Los_Angeles") == datetime(
        2015, 11, 1, 8, 30, tzinfo=UTC
    )
    assert day_start(date(2026, 6, 1), "Europe/Berlin") == datetime(2026, 5, 31, 22, tzinfo=UTC)


def test_a_day_without_midnight_starts_at_its_first_minute():
    assert day_start(date(2018, 11, 4), "America/Sao_Paulo") == datetime(2018, 11, 4, 3, tzinfo=UTC)
    assert day_start(date(2011, 12, 30), "Pacific/Apia") == day_start(date(2011, 12, 31), "Pacific/Apia")


@given(st.dates(date(1990, 1, 1), date(2060, 1, 1)), ZONES)
def test_days_start_in_order_wherever(day, zone):
    assert day_start(day, zone) <= day_start(day + timedelta(days=1), zone)


def test_an_impossible_period_is_refused():
    for wrong in (
        lambda: Period(date(2026, 1, 2), date(2026, 1, 2)),
        lambda: Interval("month", 0),
        lambda: Interval("moon"),
    ):
        with pytest.raises(BadPeriod):
            wrong()
