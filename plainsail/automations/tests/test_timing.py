"""Waits end when people would expect it, also when the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from plainsail.automations.services import flows, timing

BERLIN = "Europe/Berlin"


def ends(wait, at, zone=BERLIN):
    return timing.ends_at(wait, at=at, zone=zone)


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
