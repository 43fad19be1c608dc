"""When a contract's items fall due, for which days and for how much. Pure; local days in the contract's own zone.

Every boundary comes from the contract's anchor, so items of different intervals meet again, and the days that an item is
charged for follow one another without gap or overlap. An item that begins between two boundaries pays its part of
that period. Instalments end: an item that has had its last is not owed for any more. Those that begin anew every cycle pay for the
days until the next one, the last of a cycle for those until the next cycle.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar

from plainsail.kernel.money import Money
from plainsail.kernel.periods import Cycle, Interval, Period, boundary, day_start, period_at, period_in_cycle, prorate


class Recurring(Protocol):
    """What recurs: how often, until when, and the first day that it isn't charged for yet."""

    @property
    def interval(self) -> Interval: ...
    @property
    def charged_through(self) -> date: ...
    @property
    def runs_until(self) -> date | None: ...
    @property
    def cycle(self) -> Cycle | None: ...


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
    day = item.charged_through
    whole = _whole(item, anchor, day)
    return Due(Period(day, min(whole.end, until or whole.end)), whole)


def _whole(item: Recurring, anchor: date, day: date) -> Period:
    if item.cycle is None:
        return period_at(anchor, item.interval, day)
    return period_in_cycle(anchor, item.interval, item.cycle, day)


def runs_until(starts_on: date, interval: Interval, payments: int) -> date:
    """The first day that so many payments from a day on don't pay for."""
    return boundary(starts_on, interval, payments)


def is_owed(item: Recurring) -> bool:
    """Whether a payment of an item is still to come."""
    return item.runs_until is None or item.charged_through < item.runs_until


def owed(items: Sequence[Item]) -> list[Item]:
    """The items of which a payment is still to come."""
    return [item for item in items if is_owed(item)]


def first_due_on(items: Sequence[Recurring]) -> date:
    """The day on which the first of some items falls due, at least one of which is still owed for."""
    return min(item.charged_through for item in items if is_owed(item))


def due_on(items: Sequence[Item], day: date) -> list[Item]:
    """The items that fall due by a day; they share one invoice."""
    return [item for item in items if item.charged_through <= day and is_owed(item)]


def made(item: Recurring, *, starts_on: date, anchor: date) -> int:
    """How many payments of an item were asked for since its start; of one with a cycle, since the cycle's.

    Steps through them: for people's eyes, not for lists.
    """
    if item.cycle is not None:
        last = item.charged_through - timedelta(days=1)
        starts_on = max(starts_on, period_at(anchor, item.cycle.interval, last).start)
    number, reached = 0, _At(item.interval, starts_on, item.runs_until, item.cycle)
    while reached.charged_through < item.charged_through:
        number, reached = number + 1, replace(reached, charged_through=next_due(reached, anchor=anchor).period.end)
    return number


@dataclass(frozen=True)
class _At:
    interval: Interval
    charged_through: date
    runs_until: date | None
    cycle: Cycle | None


def renews(boundary_at: datetime, *, at: datetime, ends_at: datetime | None) -> bool:
    """Whether a period that begins at a moment is to be charged for by now. A contract that ends at it never renews at it."""
    return boundary_at <= at and (ends_at is None or boundary_at < ends_at)


@dataclass(frozen=True)
class Plan:
    """An item on paper, to look ahead."""

    price: Money
    interval: Interval
    charged_through: date
    runs_until: date | None = None
    cycle: Cycle | None = None


@dataclass(frozen=True)
class Planned:
    """An invoice to come: on which day, for which days of which items, and how much before anything else is added."""

    on: date
    dues: tuple[Due, ...]
    total: Money


def ahead(items: Sequence[Plan], *, anchor: date) -> Iterator[Planned]:
    """The invoices to come, one after the other, without end unless all items have one. Raises BadMoney (currencies)."""
    standing = owed(items)
    while standing:
        on = first_due_on(standing)
        ready = due_on(standing, on)
        dues = tuple(next_due(item, anchor=anchor) for item in ready)
        amounts = [due.of(item.price) for item, due in zip(ready, dues, strict=True)]
        yield Planned(on, dues, sum(amounts, start=Money.zero(amounts[0].currency)))
        standing = owed([_moved_on(item, anchor=anchor) if item in ready else item for item in standing])


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
