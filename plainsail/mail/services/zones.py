"""A time on each reader's own clock: when that is, and for whom it is over already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.db.models import Count, QuerySet

from plainsail.contacts.models import Contact
from plainsail.mail.models import Broadcast

DAY = timedelta(days=1)


@cache
def known() -> frozenset[str]:
    """Every time zone there is."""
    return frozenset(available_timezones())


def moment(wall: datetime, zone: str) -> datetime:
    """The moment at which a clock in a zone shows a time. One that is skipped in spring is an hour later."""
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))


def read(local_at: str) -> datetime:
    """A stored time, such as `2026-12-01T09:00`, without a zone."""
    return datetime.fromisoformat(local_at)


@dataclass(frozen=True)
class Spread:
    """How a local time falls for an audience: by how many people in how many zones it lies ahead or is over."""

    first_at: datetime
    """When the first people get it."""
    last_at: datetime
    ahead: int
    passed: int
    zones: int
    unknown: int
    """People without a zone of their own: the business's counts for them."""


def spread(people: QuerySet[Contact], wall: datetime, *, home: str, at: datetime, next_day: bool) -> Spread | None:
    """How a time falls for these people; None where there is nobody. One statement."""
    rows = list(people.order_by().values_list("timezone").annotate(rows=Count("id")))
    if not rows:
        return None
    zones = {zone: zone if zone in known() else home for zone, _people in rows}
    passed = sum(count for zone, count in rows if moment(wall, zones[zone]) < at)
    due = [_due(wall, zone, at=at, next_day=next_day) for zone in set(zones.values())]
    return Spread(
        first_at=min(due),
        last_at=max(due),
        ahead=sum(count for _zone, count in rows) - passed,
        passed=passed,
        zones=len({zone for zone, _people in rows if zone in known()}),
        unknown=sum(count for zone, count in rows if zone not in known()),
    )


@dataclass(frozen=True)
class Leaving:
    """When a broadcast at a local time leaves for one contact; `is_known` says whether their own zone counts."""

    at: datetime
    zone: str
    is_known: bool
    is_late: bool
    """Whether that time is over for them already."""


def leaving(contact: Contact, wall: datetime, *, home: str, at: datetime, next_day: bool = False) -> Leaving:
    """When it would leave for one contact."""
    is_known = contact.timezone in known()
    zone = contact.timezone if is_known else home
    due = _due(wall, zone, at=at, next_day=next_day)
    return Leaving(due, zone, is_known, is_late=moment(wall, zone) < at)


def due_by_zone(broadcast: Broadcast, *, home: str, at: datetime) -> tuple[Mapping[str, datetime], datetime]:
    """When a broadcast is due in every zone, and where none is known. `at` is when it left: what is over by then is late."""
    wall = read(broadcast.local_at)
    next_day = broadcast.when_passed == Broadcast.WhenPassed.NEXT_DAY
    due = {zone: _due(wall, zone, at=at, next_day=next_day) for zone in known()}
    return due, _due(wall, home, at=at, next_day=next_day)


def _due(wall: datetime, zone: str, *, at: datetime, next_day: bool) -> datetime:
    """The moment itself where it is not over at `at`, else `at`, or the same time on the first day on which it is not over.

    A day later is not always 24 hours later: the clock may be changed between.
    """
    if next_day:
        while moment(wall, zone) < at:
            wall += DAY
    return max(moment(wall, zone), at)
