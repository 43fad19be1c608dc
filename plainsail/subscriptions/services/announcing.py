"""Which charges of a contract must be announced to its customer, and when. Pure; local days in the contract's own zone.

One calendar for everybody, whatever their country, inside all the windows that we know of at once (billing design, R42 to R45):

- a trial of more than seven days: at nine on the seventh day before its last, and nothing is charged before noon of that
  last day, so that there are seven calendar days and seven times 24 hours, even where the clocks change in between
  (Visa: seven days at least; Mastercard: three to seven; California: three to twenty-one);
- a shorter trial: a day before; that it was begun is confirmed at once, and that confirmation is the notice that counts;
- an interval of six months or more: twenty-one days before the charge (California and New York: 15 to 45; Mastercard:
  7 to 30), and a short word three days before;
- a pause that ends by itself: a week before;
- every shorter interval: once in six months, a fortnight before the charge (United Kingdom; 7 to 21).

A paid trial is announced like a free one. Instalments that begin anew after six months or more are announced like a renewal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Literal

from plainsail.kernel.periods import (
    Cycle,
    Interval,
    Period,
    Span,
    boundary,
    day_start,
    local_date,
    local_moment,
    period_at,
)
from plainsail.subscriptions.services import scheduling

Kind = Literal["trial", "trial_short", "renewal", "renewal_soon", "half_year", "resuming"]

MORNING, NOON = time(9), time(12)
LONG_TRIAL = 7
"""Days. A trial of more than these is announced in time before it ends."""
HALF_A_YEAR = Interval("month", 6)
DAYS_BEFORE: dict[Kind, int] = {"trial": 7, "renewal": 21, "renewal_soon": 3, "half_year": 14, "resuming": 7}
LEAD: dict[Kind, int] = {"trial": 7, "renewal": 15, "half_year": 7}
"""Whole days that must lie between an announcement and its charge. Kinds without a lead are a courtesy: nothing waits for them."""


@dataclass(frozen=True)
class Recurring:
    """An item of a contract: `starts_on` is the first day ever charged for, `charged_through` the first not charged yet."""

    interval: Interval
    starts_on: date
    charged_through: date
    runs_until: date | None = None
    cycle: Cycle | None = None

    def is_long_on(self, on: date, anchor: date) -> bool:
        """Whether what begins on a day is six months or more: a long interval, or instalments that begin anew so rarely."""
        if self.cycle is None:
            return self.interval.is_long
        return self.cycle.interval.is_long and period_at(anchor, self.cycle.interval, on).start == on


@dataclass(frozen=True)
class Contract:
    """What the calendar depends on. `trial_ends_on` is empty once a trial is over."""

    items: tuple[Recurring, ...]
    anchor: date
    zone: str
    started_at: datetime
    trial_ends_on: date | None = None

    @property
    def started_on(self) -> date:
        return local_date(self.started_at, self.zone)


@dataclass(frozen=True)
class Announcement:
    """A letter that is due at a moment, about the charge that falls on a local day, which is taken at `charge_at` at the earliest."""

    kind: Kind
    about_on: date
    due_at: datetime
    charge_at: datetime

    @property
    def is_required(self) -> bool:
        """Whether the charge waits for it."""
        return self.kind in LEAD


def calendar(contract: Contract) -> Iterator[Announcement]:
    """Every announcement to come, charge by charge, without end unless its items have one; none where nothing recurs."""
    standing = scheduling.owed(contract.items)
    while standing:
        on = scheduling.first_due_on(standing)
        ready = scheduling.due_on(standing, on)
        yield from _about(contract, standing, ready, on)
        standing = scheduling.owed([_moved_on(item, contract.anchor) if item in ready else item for item in standing])


def _moved_on(item: Recurring, anchor: date) -> Recurring:
    return replace(item, charged_through=scheduling.next_due(item, anchor=anchor).period.end)


def _about(contract: Contract, standing: list[Recurring], ready: list[Recurring], on: date) -> Iterator[Announcement]:
    if on == contract.trial_ends_on:
        yield from _of_trial(contract, on)
        return
    # The first days of an item are charged for because somebody has just asked for it.
    renewing = [item for item in ready if item.charged_through != item.starts_on]
    charge_at = day_start(on, contract.zone)
    if any(item.is_long_on(on, contract.anchor) for item in renewing):
        for kind in ("renewal", "renewal_soon"):
            yield _before(contract, kind, on, charge_at)
    elif renewing and _is_half_yearly(contract, standing, on):
        yield _before(contract, "half_year", on, charge_at)


def _of_trial(contract: Contract, on: date) -> Iterator[Announcement]:
    if is_long_trial(contract.started_on, on):
        yield _before(contract, "trial", on, local_moment(on, NOON, contract.zone))
        return
    charge_at = day_start(on, contract.zone)
    due_at = charge_at - timedelta(hours=24)
    if due_at > contract.started_at:
        yield Announcement("trial_short", on, due_at, charge_at)


def of_resumption(on: date, zone: str) -> Announcement:
    """A contract that rests goes on by itself on a day: a week before, what is charged then is told again."""
    due_at = local_moment(on - timedelta(days=DAYS_BEFORE["resuming"]), MORNING, zone)
    return Announcement("resuming", on, due_at, day_start(on, zone))


def is_long_trial(started_on: date, ends_on: date) -> bool:
    """Whether a trial is one that must be announced seven days before it ends."""
    return (ends_on - started_on).days > LONG_TRIAL


def _before(contract: Contract, kind: Kind, on: date, charge_at: datetime) -> Announcement:
    day = on - timedelta(days=DAYS_BEFORE[kind])
    return Announcement(kind, on, local_moment(day, MORNING, contract.zone), charge_at)


def _is_half_yearly(contract: Contract, standing: list[Recurring], on: date) -> bool:
    """Whether a charge is the first on or after one of the days that lie six, twelve, eighteen … months after the start."""
    day = on - timedelta(days=1)
    before = max(_period(item, contract.anchor, day).start for item in standing)
    number = 1
    while boundary(contract.started_on, HALF_A_YEAR, number) <= before:
        number += 1
    return boundary(contract.started_on, HALF_A_YEAR, number) <= on


def _period(item: Recurring, anchor: date, day: date) -> Period:
    return scheduling.next_due(replace(item, charged_through=day), anchor=anchor).whole


def earliest(kind: Kind, *, sent_at: datetime, zone: str) -> datetime:
    """When a charge may be taken whose announcement left at a moment: its lead later at least.

    Trials end at noon; for others the last day of the lead is gone by.
    """
    lead, day = Span(days=LEAD[kind]), local_date(sent_at, zone)
    if kind != "trial":
        return day_start(lead.after(day) + timedelta(days=1), zone)
    noon = local_moment(lead.after(day), NOON, zone)
    return (
        noon
        if noon - sent_at >= timedelta(days=LEAD[kind])
        else local_moment(lead.after(day) + timedelta(days=1), NOON, zone)
    )
