"""When a wait is over: after some time, on a day, on a day of their own; and then in the next hours that the business chose.

A wait says `mode`: `for` (amount, unit; where there is no mode, too), `date` (on, time), `field` (the key of a date field,
offset in days, time, yearly) or `until` (amount, unit: how long at most). Then comes a window: `days` (0 is Monday), `from` and
`to` (HH:MM, the last one not included); older flows say `weekdays`, `from_hour`, `to_hour`. All times are the contact's own.

A local time that a change of the clock skips moves forward by the gap, one that comes twice is the first; hours that are
skipped as a whole don't open that day. Who was born on 29 February has their day on the 28th in other years.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from plainsail.kernel.periods import local_moment

SATURDAY = 5
WEEK = 7
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
"""When somebody is due who waits for a goal without an end."""
MORNING = "09:00"
LEAP_DAY = (2, 29)


def ends_at(
    wait: Mapping[str, Any], *, at: datetime, zone: str, day: date | None = None, since: datetime | None = None
) -> datetime | None:
    """When somebody who comes to a wait now goes on. `day` is what the field says of them, where it waits for one; `since` is
    when they began to wait, where that was before.

    Days and weeks keep the time of day in the zone, across changes of the clock; minutes and hours are counted as they
    pass. None where a field says nothing: there is nothing to wait for. What has passed is over at once.
    """
    tz, mode, since = zone_of(zone), wait.get("mode", "for"), since or at
    if mode == "until":
        return max(_later(wait, since, tz), at)
    if mode == "field":
        if day is None:
            return None
        end = _on_their_day(wait, day, at, tz)
    else:
        end = _moment(wait["on"], wait, tz) if mode == "date" else _later(wait, since, tz)
    return next_open(wait, max(end, at), tz)


def _later(wait: Mapping[str, Any], at: datetime, tz: ZoneInfo) -> datetime:
    amount, unit = int(wait["amount"]), wait["unit"]
    if unit not in ("days", "weeks"):
        return at + timedelta(**{unit: amount})
    local = at.astimezone(tz)
    days = amount * (WEEK if unit == "weeks" else 1)
    return (local.replace(tzinfo=None) + timedelta(days=days)).replace(tzinfo=tz).astimezone(at.tzinfo)


def _moment(on: str | date, wait: Mapping[str, Any], tz: ZoneInfo) -> datetime:
    day = date.fromisoformat(on) if isinstance(on, str) else on
    return local_moment(day, time.fromisoformat(wait.get("time") or MORNING), tz.key)


def _on_their_day(wait: Mapping[str, Any], day: date, at: datetime, tz: ZoneInfo) -> datetime:
    """The day itself with its offset; of one that comes every year the next one that is not over."""
    offset = timedelta(days=int(wait.get("offset") or 0))
    if not wait.get("yearly"):
        return _moment(day + offset, wait, tz)
    year = at.astimezone(tz).year
    moments = [_moment(in_year(day, each) + offset, wait, tz) for each in (year - 1, year, year + 1, year + 2)]
    return next(moment for moment in moments if moment >= at)


def in_year(day: date, year: int) -> date:
    """The same day of another year; of 29 February, the 28th where there is none."""
    if (day.month, day.day) == LEAP_DAY and not calendar.isleap(year):
        return date(year, 2, 28)
    return day.replace(year=year)


def next_open(window: Mapping[str, Any], moment: datetime, tz: ZoneInfo) -> datetime:
    """The same moment where the window is open, or else when it next opens."""
    days, opens, closes = _read(window)
    if days is None and opens is None:
        return moment
    first = moment.astimezone(tz).date()
    # Two weeks: the only day that is allowed may lack its hours once.
    for number in range(2 * WEEK + 1):
        day = first + timedelta(days=number)
        if days is not None and day.weekday() not in days:
            continue
        start = local_moment(day, opens or time(0), tz.key)
        end = local_moment(day + timedelta(days=1), time(0), tz.key) if closes is None else _closing(day, closes, tz)
        if moment < end and start < end:
            return max(moment, start.astimezone(moment.tzinfo))
    return moment


def _closing(day: date, closes: time, tz: ZoneInfo) -> datetime:
    """When the window closes; where that time comes twice, at the second."""
    return datetime.combine(day, closes, tzinfo=tz).replace(fold=1).astimezone(UTC)


def _read(window: Mapping[str, Any]) -> tuple[frozenset[int] | None, time | None, time | None]:
    """The days that are allowed, and from when to when; None for all days, for midnight."""
    days = window.get("days")
    allowed = frozenset(int(one) for one in days) if days else None
    if allowed is None and window.get("weekdays"):
        allowed = frozenset(range(SATURDAY))
    opens, closes = _time(window.get("from"), window.get("from_hour")), _time(window.get("to"), window.get("to_hour"))
    if opens is not None and closes is not None and closes <= opens:
        opens = closes = None
    return allowed, opens, closes


def _time(text: str | None, hour: int | None) -> time | None:
    if text:
        return None if text == "24:00" else time.fromisoformat(text)
    return time(hour) if hour is not None and hour < 24 else None  # midnight


def zone_of(name: str) -> ZoneInfo:
    """A zone by its IANA name; UTC for one that nobody knows."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
