"""When a wait is over: so many days from now, and then within the hours and on the days that the business chose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SATURDAY = 5
HOURS_A_DAY = 24


def ends_at(wait: Mapping[str, Any], *, at: datetime, zone: str) -> datetime:
    """When somebody who comes to a wait now goes on. Days and weeks keep the time of day in the zone, across changes of
    the clock; minutes and hours are counted as they pass.
    """
    tz = zone_of(zone)
    amount, unit = int(wait["amount"]), wait["unit"]
    if unit in ("days", "weeks"):
        local = at.astimezone(tz)
        days = amount * (7 if unit == "weeks" else 1)
        end = (local.replace(tzinfo=None) + timedelta(days=days)).replace(tzinfo=tz).astimezone(at.tzinfo)
    else:
        end = at + timedelta(**{unit: amount})
    return _within(wait, end, tz)


def _within(wait: Mapping[str, Any], end: datetime, tz: ZoneInfo) -> datetime:
    """The same moment, or the next one that is allowed."""
    earliest, latest = wait.get("from_hour"), wait.get("to_hour")
    local = end.astimezone(tz)
    if earliest is not None and latest is not None and earliest < latest:
        if local.hour < earliest:
            local = local.replace(hour=earliest, minute=0, second=0, microsecond=0)
        elif local.hour >= latest:
            local = _morning(local + timedelta(days=1), earliest)
    if wait.get("weekdays"):
        while local.weekday() >= SATURDAY:
            local = _morning(local + timedelta(days=1), earliest or 0)
    return local.astimezone(end.tzinfo)


def _morning(day: datetime, hour: int) -> datetime:
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


def zone_of(name: str) -> ZoneInfo:
    """A zone by its IANA name; UTC for one that nobody knows."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
