"""Calendar arithmetic of recurring things: boundaries from an anchor, local days, parts of a period. Pure.

A boundary depends on the anchor, the interval and its number only, never on the boundary before it, so a month that is
too short never drags later ones along (31 January → 28 February → 31 March). Periods are half-open: [start, end).
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from plainsail.kernel.money import Money

Unit = Literal["day", "week", "month", "year"]
_MONTHS = {"month": 1, "year": 12}
_DAYS = {"day": 1, "week": 7}


class BadPeriod(ValueError):
    """Not a period: an unknown unit, a count below one, or an end that is not after its start."""


@dataclass(frozen=True)
class Interval:
    """How often: `Interval("month", 3)` is a quarter."""

    unit: Unit
    count: int = 1

    def __post_init__(self) -> None:
        if self.unit not in get_args(Unit) or self.count < 1:
            raise BadPeriod(f"{self.count} {self.unit}")

    @property
    def is_long(self) -> bool:
        """Six months or more: the intervals for which networks and laws ask for reminders and refunds by days."""
        return _MONTHS.get(self.unit, 0) * self.count >= 6 or _DAYS.get(self.unit, 0) * self.count >= 182


@dataclass(frozen=True)
class Period:
    """Days from `start` up to, not including, `end`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise BadPeriod(f"{self.start} to {self.end}")

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end


def boundary(anchor: date, interval: Interval, number: int, *, anchor_day: int | None = None) -> date:
    """The boundary of this number (0 is the anchor itself), with the end of a short month standing in for a missing day.

    `anchor_day` (1–31) is the day meant where the anchor itself was clamped.
    """
    if interval.unit in _DAYS:
        return anchor + timedelta(days=_DAYS[interval.unit] * interval.count * number)
    months = anchor.year * 12 + anchor.month - 1 + _MONTHS[interval.unit] * interval.count * number
    return clamp(months // 12, months % 12 + 1, anchor_day or anchor.day)


def clamp(year: int, month: int, day: int) -> date:
    """This day of the month, or the month's last."""
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def first_boundary(start: date, anchor_day: int, unit: Literal["month", "year"]) -> date:
    """First day on or after `start` that falls on the anchor day; for years, of the month after which a year is full."""
    candidate = clamp(start.year, start.month, anchor_day)
    if candidate >= start:
        return candidate
    return boundary(candidate, Interval(unit), 1, anchor_day=anchor_day)


def period_at(anchor: date, interval: Interval, day: date) -> Period:
    """The period, counted from the anchor, in which a day lies. Days before the anchor lie in periods before it."""
    number = _guess(anchor, interval, day)
    while boundary(anchor, interval, number) > day:
        number -= 1
    while boundary(anchor, interval, number + 1) <= day:
        number += 1
    return Period(boundary(anchor, interval, number), boundary(anchor, interval, number + 1))


def next_period(anchor: date, interval: Interval, after: Period) -> Period:
    """The period that follows one."""
    return period_at(anchor, interval, after.end)


def _guess(anchor: date, interval: Interval, day: date) -> int:
    if interval.unit in _DAYS:
        return (day - anchor).days // (_DAYS[interval.unit] * interval.count)
    months = (day.year - anchor.year) * 12 + day.month - anchor.month
    return months // (_MONTHS[interval.unit] * interval.count)


def local_date(instant: datetime, zone: str) -> date:
    """The calendar day of a moment in an IANA zone."""
    return instant.astimezone(ZoneInfo(zone)).date()


def day_start(day: date, zone: str) -> datetime:
    """The moment a local day starts, in UTC. Where midnight is skipped the day starts at its first minute; where it comes
    twice, at the first."""
    return local_moment(day, time(0), zone)


def local_moment(day: date, at: time, zone: str) -> datetime:
    """A local wall-clock time as a moment in UTC: a skipped time moves forward by the gap, a doubled one is the first."""
    return datetime.combine(day, at, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def part(used: Period, whole: Period) -> Fraction:
    """Which part of a period these days are, by actual days."""
    return Fraction(used.days, whole.days)


def prorate(price: Money, used: Period, whole: Period) -> Money:
    """What the used days of a period cost, rounded half up to minor units."""
    return price.share(part(used, whole))
