"""What another plan in a contract's place means: now or later, from which day, for which days, and what comes back. Pure.

The page that asks for a confirmation and the service that carries a change out use this one function. Days are local ones
in the contract's own zone; boundaries come from its anchor, which never moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, Literal

from plainsail.commerce.services import proration
from plainsail.kernel.money import Money
from plainsail.kernel.periods import Interval, local_date
from plainsail.subscriptions.queries import PaidLine
from plainsail.subscriptions.services.promises import Promise
from plainsail.subscriptions.services.scheduling import Due, Plan, next_due

When = Literal["now", "later", "trial"]
"""At once and paid at once; when the time paid for is over; at once and free, because a trial runs."""

_A_DAY = {"day": Fraction(1), "week": Fraction(1, 7), "month": Fraction(12, 365), "year": Fraction(1, 365)}
"""Which part of it a day is, in an average year."""


@dataclass(frozen=True)
class Priced:
    """What one period of a plan costs, tax included, and how long it is."""

    gross: Money
    interval: Interval

    @property
    def a_day(self) -> Fraction:
        """Minor units for one day of an average year: the same in February as in March."""
        return Fraction(self.gross.minor, self.interval.count) * _A_DAY[self.interval.unit]


@dataclass(frozen=True)
class Standing:
    """A contract’s plan as it stands: its price, the first day not charged for, and its lines whose paid days run on."""

    anchor_on: date
    timezone: str
    is_trialing: bool
    price: Priced
    charged_through: date
    paid: tuple[PaidLine, ...] = ()


@dataclass(frozen=True)
class Back:
    """What comes back of one paid line: gross, and its net where the price came without tax and so is cut by its net."""

    invoice_id: str
    line_id: str
    gross_minor: int
    net_minor: int | None = None


@dataclass(frozen=True)
class Course:
    """How a change goes: `days` are the new plan’s first ones to be paid for, from `starts_on`."""

    when: When
    starts_on: date
    days: Due
    back: tuple[Back, ...]

    @property
    def next_on(self) -> date:
        """When the new plan is charged for next, not counting what is charged at once."""
        return self.days.period.end if self.when == "now" else self.starts_on


def course(standing: Standing, wanted: Priced, *, at: datetime) -> Course:
    """How another plan takes the place of one: dearer by the day, or equal, at once; cheaper when the paid time is over.

    At once means that the new plan pays its part of the period in which today lies, counted from the anchor, and that the
    old one's days from today on come back: no day is paid for twice.
    """
    today = local_date(at, standing.timezone)
    when = _when(standing, wanted)
    starts_on = today if when == "now" else standing.charged_through
    plan = Plan(wanted.gross, wanted.interval, starts_on)
    back = _unused(standing, at=at) if when == "now" else ()
    return Course(when, starts_on, next_due(plan, anchor=standing.anchor_on), back)


def _when(standing: Standing, wanted: Priced) -> When:
    if standing.is_trialing:
        return "trial"
    return "now" if wanted.a_day >= standing.price.a_day else "later"


def _unused(standing: Standing, *, at: datetime) -> tuple[Back, ...]:
    found = []
    for paid in standing.paid:
        cut = paid.billed.by_part(proration.unused(paid.period, at=at, zone=standing.timezone))
        if cut.gross:
            net = None if paid.billed.is_inclusive else cut.net
            found.append(Back(paid.invoice_id, paid.line_id, cut.gross, net))
    return tuple(found)


@dataclass(frozen=True)
class Quote(Promise):
    """A change as it is shown, and then carried out. Amounts are minor units of `currency`, tax included."""

    price_id: str
    description: str
    currency: str
    when: When
    starts_on: date
    each_minor: int
    """What a whole period costs."""
    interval_unit: str
    interval_count: int
    charge_minor: int
    """What is charged at once, for the days up to `paid_until`."""
    paid_until: date
    back: tuple[Back, ...]
    next_on: date
    next_minor: int

    @property
    def each(self) -> Money:
        return Money(self.each_minor, self.currency)

    @property
    def charge(self) -> Money:
        return Money(self.charge_minor, self.currency)

    @property
    def paid_last(self) -> date:
        """The last day that is paid for at once, as people name it."""
        return self.paid_until - timedelta(days=1)

    @property
    def comes_back(self) -> Money:
        return Money(sum(one.gross_minor for one in self.back), self.currency)

    @property
    def next_charge(self) -> Money:
        return Money(self.next_minor, self.currency)


def from_json(stored: dict[str, Any]) -> Quote:
    """A stored quote as it was made."""
    days = {name: date.fromisoformat(stored[name]) for name in ("starts_on", "paid_until", "next_on")}
    return Quote(**stored | days | {"back": tuple(Back(**one) for one in stored["back"])})
