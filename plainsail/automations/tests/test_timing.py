"""Waits end when people would expect it, also when the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from plainsail.automations.services import flows, timing

BERLIN = "Europe/Berlin"


MONDAY_NOON = {"days": [0], "from": "12:00", "to": "15:00"}


def ends(wait, at, zone=BERLIN, day=None):
    return timing.ends_at(wait, at=at, zone=zone, day=day)


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wait", "at", "expected"),
    [
        (flows.wait(30, "minutes"), utc(2026, 6, 1, 10), utc(2026, 6, 1, 10, 30)),
        (flows.wait(2, "days"), utc(2026, 6, 1, 10), utc(2026, 6, 3, 10)),
        (flows.wait(1, "weeks"), utc(2026, 6, 1, 10), utc(2026, 6, 8, 10)),
        # The clocks go forward on 29 March 2026: the same time of day is an hour earlier in UTC.
        (flows.wait(1, "days"), utc(2026, 3, 28, 11), utc(2026, 3, 29, 10)),
        (flows.wait(24, "hours"), utc(2026, 3, 28, 11), utc(2026, 3, 29, 11)),
        # 07:00 in Berlin waits until nine, 20:00 until nine next morning.
        (flows.wait(1, "days", from_hour=9, to_hour=17), utc(2026, 6, 1, 5), utc(2026, 6, 2, 7)),
        (flows.wait(1, "days", from_hour=9, to_hour=17), utc(2026, 6, 1, 18), utc(2026, 6, 3, 7)),
        (flows.wait(1, "days", from_hour=9, to_hour=17), utc(2026, 6, 1, 10, 12), utc(2026, 6, 2, 10, 12)),
        # From Friday one day leads to Saturday, and so to Monday.
        (flows.wait(1, "days", weekdays=True), utc(2026, 6, 5, 10), utc(2026, 6, 7, 22)),
        (flows.wait(1, "days", weekdays=True, from_hour=9, to_hour=17), utc(2026, 6, 5, 10), utc(2026, 6, 8, 7)),
    ],
)
def test_a_wait_ends(wait, at, expected):
    assert ends(wait, at) == expected


def test_a_zone_that_nobody_knows_counts_as_utc():
    assert ends(flows.wait(1, "days"), utc(2026, 3, 28, 11), zone="Mars/Phobos") == utc(2026, 3, 29, 11)


def test_a_day_then_the_window_of_monday_noon_from_saturday_afternoon_is_monday_noon():
    """G1: not Sunday 16:00, which is when the day is over."""
    saturday = utc(2026, 6, 6, 14)
    assert ends(flows.wait(1, "days") | MONDAY_NOON, saturday) == utc(2026, 6, 8, 10)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (utc(2026, 6, 7, 9, 59), utc(2026, 6, 8, 10)),
        (utc(2026, 6, 7, 12, 59), utc(2026, 6, 8, 12, 59)),
        (utc(2026, 6, 7, 13), utc(2026, 6, 15, 10)),
    ],
)
def test_a_window_opens_at_its_first_minute_and_is_over_at_its_last(at, expected):
    assert ends(flows.wait(1, "days") | MONDAY_NOON, at) == expected


def test_hours_that_a_change_of_the_clock_skips_open_on_the_next_day():
    night = {"from": "02:00", "to": "03:00"}
    assert ends(flows.wait(1, "hours") | night, utc(2026, 3, 28, 20)) == utc(2026, 3, 30, 0)


def test_hours_that_come_twice_stay_open_through_both():
    night = {"from": "02:00", "to": "03:00"}
    assert ends(flows.wait(1, "minutes") | night, utc(2026, 10, 25, 1, 29)) == utc(2026, 10, 25, 1, 30)


def test_a_wait_of_a_day_into_a_time_that_is_skipped_ends_after_the_gap():
    assert ends(flows.wait(1, "days"), utc(2026, 3, 28, 1, 30)) == utc(2026, 3, 29, 1, 30)


def test_a_wait_until_a_day_keeps_the_contacts_own_time_and_is_over_once_that_has_passed():
    wait = flows.wait(1) | {"mode": "date", "on": "2026-12-24", "time": "18:30"}
    assert ends(wait, utc(2026, 6, 1), zone="America/New_York") == utc(2026, 12, 24, 23, 30)
    assert ends(wait, utc(2026, 12, 26)) == utc(2026, 12, 26)


class TestTheirOwnDay:
    birthday = flows.wait(1) | {"mode": "field", "field": "birthday", "time": "09:00", "yearly": True}

    def test_it_comes_every_year_and_the_next_one_counts(self):
        born = date(1990, 6, 1)
        assert ends(self.birthday, utc(2026, 6, 1, 6), day=born) == utc(2026, 6, 1, 7)
        assert ends(self.birthday, utc(2026, 6, 1, 8), day=born) == utc(2027, 6, 1, 7)

    def test_some_days_before_it(self):
        assert ends(self.birthday | {"offset": -3}, utc(2026, 1, 1), day=date(1990, 1, 2)) == utc(2026, 12, 30, 8)

    def test_a_29th_of_february_is_the_28th_in_other_years(self):
        born = date(1992, 2, 29)
        assert ends(self.birthday, utc(2026, 1, 1), day=born) == utc(2026, 2, 28, 8)
        assert ends(self.birthday, utc(2028, 1, 1), day=born) == utc(2028, 2, 29, 8)

    def test_a_day_that_comes_once_and_has_passed_is_over_at_once(self):
        wait = self.birthday | {"yearly": False}
        assert ends(wait, utc(2026, 6, 1), day=date(2026, 5, 1)) == utc(2026, 6, 1)

    def test_of_whom_the_field_says_nothing_there_is_nothing_to_wait_for(self):
        assert ends(self.birthday, utc(2026, 6, 1)) is None
