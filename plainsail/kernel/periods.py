"""Calendar arithmetic of recurring things: boundaries from an anchor, local days, parts of a period. Pure.

A boundary depends on the anchor, the interval and its number only, never on the boundary before it, so a month that is
too short never drags later ones along (31 January → 28 February → 31 March). Periods are half-open: [start, end).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from plainsail.kernel.money import Money

Unit = Literal["day", "week", "month", "year"]
Measure = Literal["day", "second", "month30"]
"""By what parts of a period are measured: calendar days, seconds, or days of months that count as thirty."""
_MONTHS = {"month": 1, "year": 12}
_DAYS = {"day": 1, "week": 7}


class BadPeriod(ValueError):
    """Not a period or span of time: an unknown unit, a count below one, an end that is not after its start."""


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
        return self.lasts(Span(months=6))

    def lasts(self, span: Span) -> bool:
        """Whether it is as long as a span or longer; months and days are compared by the average year (P6M is 182 days)."""
        own = Span(months=_MONTHS.get(self.unit, 0) * self.count, days=_DAYS.get(self.unit, 0) * self.count)
        return own.average_days >= span.average_days


@dataclass(frozen=True)
class Cycle:
    """So many payments in a row, and the same again every `interval`."""

    interval: Interval
    payments: int


@dataclass(frozen=True)
class Span:
    """A length of calendar time, such as `P14D` or `P1Y`: months first, then days."""

    months: int = 0
    days: int = 0

    @classmethod
    def parse(cls, text: str) -> Span:
        """An ISO 8601 duration of whole years, months, weeks and days. Raises BadPeriod."""
        found = re.fullmatch(r"P(?=\d)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?", text, re.ASCII)
        if found is None:
            raise BadPeriod(f"{text!r} is no duration such as P14D.")
        years, months, weeks, days = (int(number or 0) for number in found.groups())
        return cls(months=years * 12 + months, days=weeks * 7 + days)

    def after(self, day: date) -> date:
        """The day that lies this span after another; a day that a month lacks is its last one."""
        return boundary(day, Interval("month"), self.months) + timedelta(days=self.days)

    @property
    def average_days(self) -> int:
        """How many days it has in an average year of 365."""
        return self.months * 365 // 12 + self.days


@dataclass(frozen=True)
class Period:
    """Days from `start` up to, not including, `end`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise BadPeriod(f"{self.start} to {self.end}")

    @classmethod
    def of_month(cls, year: int, month: int) -> Period:
        """A calendar month."""
        start = date(year, month, 1)
        return cls(start, boundary(start, Interval("month"), 1))

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def last(self) -> date:
        """The last day in it, as people name it."""
        return self.end - timedelta(days=1)

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


def first_boundary(start: date, anchor_day: int, interval: Interval) -> date:
    """Where the first whole period begins: on the anchor day (1–31) of the month of `start`, else one interval later.

    Days and weeks have no day of the month: they begin at `start` itself. Raises BadPeriod. (As Kill Bill does it.)
    """
    if not 1 <= anchor_day <= 31:
        raise BadPeriod(f"{anchor_day} is no day of a month.")
    if interval.unit in _DAYS:
        return start
    candidate = clamp(start.year, start.month, anchor_day)
    return candidate if candidate >= start else boundary(candidate, interval, 1, anchor_day=anchor_day)


def period_at(anchor: date, interval: Interval, day: date) -> Period:
    """The period, counted from the anchor, in which a day lies. Days before the anchor lie in periods before it."""
    number = _guess(anchor, interval, day)
    while boundary(anchor, interval, number) > day:
        number -= 1
    while boundary(anchor, interval, number + 1) <= day:
        number += 1
    return Period(boundary(anchor, interval, number), boundary(anchor, interval, number + 1))


def period_in_cycle(anchor: date, interval: Interval, cycle: Cycle, day: date) -> Period:
    """The period in which a day lies where so many follow each other at an interval and the last lasts until the next cycle.

    Cycles are counted from the anchor, and each one's periods from its own first day, so that weeks begin anew with the year.
    """
    whole = period_at(anchor, cycle.interval, day)
    meant = anchor.day if cycle.interval.unit in _MONTHS else None
    starts = [boundary(whole.start, interval, number, anchor_day=meant) for number in range(cycle.payments)]
    starts = [start for start in starts if start < whole.end]
    place = max(number for number, start in enumerate(starts) if start <= day)
    return Period(starts[place], starts[place + 1] if place + 1 < len(starts) else whole.end)


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


def elapsed(start: date, end: date, *, by: Measure = "day", zone: str = "UTC") -> int:
    """How long it is from the start of one local day to the start of another, in the measure's units.

    Each measure adds up: the way over a day in between is as long as the whole way. Raises BadPeriod.
    """
    if by == "second":
        return (day_start(end, zone) - day_start(start, zone)) // timedelta(seconds=1)
    if by == "month30":
        return (end.year - start.year) * 360 + (end.month - start.month) * 30 + end.day - start.day
    if by != "day":
        raise BadPeriod(f"{by!r} measures nothing.")
    return (end - start).days


def part(start: date, end: date, whole: Period, *, by: Measure = "day", zone: str = "UTC") -> Fraction:
    """Which part of a whole period the days from `start` up to, not including, `end` are: exact.

    Days outside the whole count like those inside, so the part may be above one. Raises BadPeriod.
    """
    length = elapsed(whole.start, whole.end, by=by, zone=zone)
    if end < start or length < 1:
        raise BadPeriod(f"{start} to {end} in {whole.start} to {whole.end}")
    return Fraction(elapsed(start, end, by=by, zone=zone), length)


def prorate(price: Money, used: Period, whole: Period) -> Money:
    """What the used days of a period cost, by actual days, rounded half up to minor units."""
    return price.share(part(used.start, used.end, whole))


def spread(amount: Money, periods: Sequence[Period]) -> list[Money]:
    """An amount over periods by their days; the parts sum to it (largest remainder, the earlier part first on a tie).

    Raises BadMoney where there is an amount and no period.
    """
    return amount.allocate([period.days for period in periods]) if periods or amount else []
