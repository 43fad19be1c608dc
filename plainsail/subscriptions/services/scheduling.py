"""When a contract's items fall due, for which days and for how much. Pure; local days in the contract's own zone.

Every boundary comes from the contract's anchor, so items of different intervals meet again, and the days that an item is
charged for follow one another without gap or overlap. An item that begins between two boundaries pays its part of
that period.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Protocol, TypeVar

from plainsail.kernel.money import Money
from plainsail.kernel.periods import Interval, Period, day_start, period_at, prorate


class Recurring(Protocol):
    """What recurs: how often, and the first day that it isn't charged for yet."""

    @property
    def interval(self) -> Interval: ...
    @property
    def charged_through(self) -> date: ...


Item = TypeVar("Item", bound=Recurring)


@dataclass(frozen=True)
class Due:
    """The next days to be charged for, and the whole period from boundary to boundary in which they lie."""

    period: Period
    whole: Period

    @property
    def is_whole(self) -> bool:
        return self.period == self.whole

    def of(self, price: Money) -> Money:
        """The part of a period's price for these days; the whole price for a whole period."""
        return prorate(price, self.period, self.whole)


def next_due(item: Recurring, *, anchor: date, until: date | None = None) -> Due:
    """The first days of an item that aren't charged for, up to its next boundary, or to the day on which its contract ends."""
    whole = period_at(anchor, item.interval, item.charged_through)
    return Due(Period(item.charged_through, min(whole.end, until or whole.end)), whole)


def first_due_on(items: Sequence[Recurring]) -> date:
    """The day on which the first of some items (at least one) falls due."""
    return min(item.charged_through for item in items)


def due_on(items: Sequence[Item], day: date) -> list[Item]:
    """The items that fall due by a day; they share one invoice."""
    return [item for item in items if item.charged_through <= day]


def renews(boundary_at: datetime, *, at: datetime, ends_at: datetime | None) -> bool:
    """Whether a period that begins at a moment is to be charged for by now. A contract that ends at it never renews at it."""
    return boundary_at <= at and (ends_at is None or boundary_at < ends_at)


@dataclass(frozen=True)
class Plan:
    """An item on paper, to look ahead."""

    price: Money
    interval: Interval
    charged_through: date


@dataclass(frozen=True)
class Planned:
    """An invoice to come: on which day, for which days of which items, and how much before anything else is added."""

    on: date
    dues: tuple[Due, ...]
    total: Money


def ahead(items: Sequence[Plan], *, anchor: date) -> Iterator[Planned]:
    """The invoices to come, one after the other without end; none where there are no items. Raises BadMoney (currencies)."""
    standing = list(items)
    while standing:
        on = first_due_on(standing)
        ready = due_on(standing, on)
        dues = tuple(next_due(item, anchor=anchor) for item in ready)
        amounts = [due.of(item.price) for item, due in zip(ready, dues, strict=True)]
        yield Planned(on, dues, sum(amounts, start=Money.zero(amounts[0].currency)))
        standing = [_moved_on(item, anchor=anchor) if item in ready else item for item in standing]


def _moved_on(item: Plan, *, anchor: date) -> Plan:
    return replace(item, charged_through=next_due(item, anchor=anchor).period.end)


def begun(plan: Plan, *, anchor: date, zone: str, at: datetime, ends_at: datetime | None = None) -> list[Period]:
    """The days of an item that have been charged for by a moment, period by period, if its contract ends at another."""
    periods: list[Period] = []
    for planned in ahead([plan], anchor=anchor):
        if not renews(day_start(planned.on, zone), at=at, ends_at=ends_at):
            break
        periods.append(planned.dues[0].period)
    return periods
