"""When a declined charge is tried again, and when a debt is asked for. Pure.

A dunning policy is data: `{"retry_days": [3, 7, 14]}`, days after the first try, or `{"every_days": 8, "retries": 3}`.
`mails` says after which declined charges the customer is written to: `each`, or `first_and_last`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from plainsail.kernel.money import Money
from plainsail.kernel.periods import local_date, local_moment


class BadSchedule(ValueError):
    """A policy whose tries don't come one day or more after each other."""


def days(policy: Mapping[str, Any]) -> tuple[int, ...]:
    """How many days after the first try each further one comes. Raises BadSchedule."""
    if "retry_days" in policy:
        found = tuple(policy["retry_days"])
    else:
        found = tuple(policy["every_days"] * number for number in range(1, policy["retries"] + 1))
    if any(later <= earlier for earlier, later in zip((0, *found), found, strict=False)):
        raise BadSchedule(f"{found} aren't days that follow each other.")
    return found


def dates(failed_on: date, policy: Mapping[str, Any]) -> list[date]:
    """The local days on which a charge that failed on one is tried again. Raises BadSchedule."""
    return [failed_on + timedelta(days=number) for number in days(policy)]


def next_try(policy: Mapping[str, Any], *, first_tried_at: datetime, tries: int, zone: str) -> datetime | None:
    """When to try again after so many further tries: at the local time of the first one. None where it is given up."""
    left = dates(local_date(first_tried_at, zone), policy)[tries:]
    return local_moment(left[0], first_tried_at.astimezone(ZoneInfo(zone)).time(), zone) if left else None


def gap(policy: Mapping[str, Any], *, tries: int) -> timedelta:
    """How long after the try before it the next one comes, after so many further tries. Raises BadSchedule, IndexError."""
    found = (0, *days(policy))
    return timedelta(days=found[tries + 1] - found[tries])


def gentler(own: Mapping[str, Any], newest: Mapping[str, Any]) -> Mapping[str, Any]:
    """The policy that leaves a customer more time until the contract ends, or with as much time has fewer charges declined, or rests.

    Never parts of both: a plan that nobody wrote would surprise everybody. Their own, where nothing is in it.
    """
    return min(own, newest, key=_harshness)


def _harshness(policy: Mapping[str, Any]) -> tuple[int, int, bool]:
    return -max(days(policy), default=0), len(days(policy)), policy.get("then") != "pause"


def is_told(policy: Mapping[str, Any], *, tries: int) -> bool:
    """Whether the customer is written to now that the try of this number (from 1) was set."""
    return policy.get("mails", "each") == "each" or tries in {1, len(days(policy))}


@dataclass(frozen=True)
class Campaign:
    """How often and how fast a customer is asked for what is overdue, and from how much on in each currency."""

    max_attempts: int
    days_between: int
    thresholds: Mapping[str, Money]


@dataclass(frozen=True)
class Asked:
    """How often a customer was asked, by currency, and on which day last."""

    attempts: Mapping[str, int] = field(default_factory=dict)
    last_on: date | None = None


def to_ask(campaign: Campaign, asked: Asked, overdue: Mapping[str, Money], *, on: date) -> list[str]:
    """The currencies in which a customer is to be asked on a day: enough is overdue and tries are left.

    More than `days_between` days must have gone by since the last time, whichever currency that was: a customer has one
    pace. (As Lago's campaigns do it.)
    """
    if asked.last_on is not None and (on - asked.last_on).days <= campaign.days_between:
        return []
    return [
        currency
        for currency, threshold in campaign.thresholds.items()
        if overdue.get(currency, Money.zero(currency)) >= max(threshold, Money(1, currency))
        and asked.attempts.get(currency, 0) < campaign.max_attempts
    ]


def ask(asked: Asked, currencies: list[str], *, on: date) -> Asked:
    """The state after a customer was asked in some currencies."""
    counts = dict(asked.attempts) | {currency: asked.attempts.get(currency, 0) + 1 for currency in currencies}
    return Asked(counts, on if currencies else asked.last_on)


def is_exhausted(campaign: Campaign, asked: Asked) -> bool:
    """Whether every currency that a customer was asked in has had all its tries."""
    return bool(asked.attempts) and all(count >= campaign.max_attempts for count in asked.attempts.values())


def settled(asked: Asked, currency: str) -> Asked:
    """The state after all that was overdue in a currency is paid: asking begins anew there."""
    counts = {other: count for other, count in asked.attempts.items() if other != currency}
    return Asked(counts, asked.last_on if counts else None)
