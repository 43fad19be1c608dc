"""What an imagined customer would get back under a policy: by the very function that quotes real cancellations. Pure.

The imagined contract has one item, is bought as a day begins and paid for as each period begins; it is cancelled at noon.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from plainsail.commerce.services import proration, taxing
from plainsail.kernel.money import Money
from plainsail.kernel.periods import Interval, Period, day_start, local_moment, period_at
from plainsail.subscriptions.queries import Facts, ItemFacts, PaidLine
from plainsail.subscriptions.services import policies, quoting, scheduling
from plainsail.subscriptions.services.quoting import Quote, When

MOST_POINTS = 366
NOON = time(12)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A contract and its cancellation as somebody imagines them. `price` is one period's, `tax_rate` in percent."""

    price: Money
    tax_rate: Decimal
    tax_behavior: str
    interval: Interval
    starts_on: date
    ends_on: date
    zone: str
    kind: str = "ordinary"
    when: When = "now"
    is_consumer: bool = True
    country: str = ""

    @property
    def period(self) -> Period:
        """The period that runs on the day of cancelling."""
        return period_at(self.starts_on, self.interval, self.ends_on)

    @property
    def paid(self) -> Money:
        """What a period costs, tax included."""
        return Money(self._taxed.gross, self.price.currency)

    @property
    def _taxed(self) -> taxing.Taxed:
        return taxing.tax(self._taxable)

    @property
    def _taxable(self) -> taxing.Taxable:
        return taxing.Taxable(self.price.minor, self.tax_rate, self.tax_behavior)

    @property
    def billed(self) -> proration.Billed:
        return proration.billed([(self._taxable, self._taxed)], taxing.LINE)[0]

    @property
    def at(self) -> datetime:
        """When the cancellation arrives."""
        return local_moment(self.ends_on, NOON, self.zone)


def preview(sample: Sample, text: dict[str, Any], *, newest: dict[str, Any] | None = None) -> Quote:
    """What the sample's cancellation does where the contract was bought under a refund policy; `newest` counts beside it."""
    return quoting.quote(_facts(sample, text, newest or text), when=sample.when, at=sample.at)


def by_day(sample: Sample, text: dict[str, Any]) -> list[tuple[date, int]]:
    """What cancelling at once would give back on each day of the running period, tax included, in minor units.

    A period of more than a year is looked at in even steps.
    """
    at_once = replace(sample, when="now")
    return [
        (day, preview(replace(at_once, ends_on=day), text).refund_minor) for day in _days(sample.period, MOST_POINTS)
    ]


def _days(period: Period, most: int) -> Iterator[date]:
    step = -(-period.days // most)
    return (period.start + timedelta(days=number) for number in range(0, period.days, step))


def _facts(sample: Sample, text: dict[str, Any], newest: dict[str, Any]) -> Facts:
    plan = scheduling.Plan(sample.price, sample.interval, sample.starts_on)
    begun = scheduling.begun(plan, anchor=sample.starts_on, zone=sample.zone, at=sample.at)
    lines = [_line(sample, period) for period in begun]
    is_withdrawal = sample.kind == "withdrawal"
    return Facts(
        reference="",
        currency=sample.price.currency,
        timezone=sample.zone,
        kind=sample.kind,
        started_at=day_start(sample.starts_on, sample.zone),
        trial_ends_at=None,
        is_consumer=sample.is_consumer,
        country=sample.country,
        items=(ItemFacts("", "", sample.paid, sample.interval, begun[-1].end, is_addon=False),),
        paid=tuple(line for line in lines if is_withdrawal or line.period.end > sample.ends_on),
        terms=policies.DEFAULTS | {"refund": text},
        newest={"refund": newest},
    )


def _line(sample: Sample, period: Period) -> PaidLine:
    return PaidLine(
        invoice_id="",
        line_id="",
        item_id="",
        description="",
        period=period,
        interval=sample.interval,
        billed=sample.billed,
        paid_at=day_start(period.start, sample.zone),
        is_first=period.start == sample.starts_on,
        first_paid_at=day_start(sample.starts_on, sample.zone),
    )
