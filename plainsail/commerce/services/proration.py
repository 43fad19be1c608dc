"""Parts of what was billed: of a line by days, by net or by gross, and what of a part is money to be paid back. Pure.

Quotes, credit notes and refunds all cut lines with these functions, so that what is shown is what is done. Amounts are
integer minor units of the line's currency.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

from plainsail.commerce.services import taxing
from plainsail.commerce.services.taxing import NOTHING, Taxable, Taxed
from plainsail.kernel.money import half_up
from plainsail.kernel.periods import BadPeriod, Measure, Period, day_start, local_date, part

CancelDay = Literal["unused", "used"]
"""Whose the day of an ending is: unused favours the customer, and gives all of a first day back."""


class ExceedsBilled(ValueError):
    """More would be taken of a line than is left of it, or the other way round (of a deduction, a charge)."""


def unused(
    period: Period, *, at: datetime, zone: str, by: Measure = "day", cancel_day: CancelDay = "unused"
) -> Fraction:
    """Which part of a period is not used when it ends at a moment: 1 before its start, 0 after its end.

    Days are the local ones of an IANA zone. By seconds there is no day to give to either side.
    """
    if by == "second":
        start, end = day_start(period.start, zone), day_start(period.end, zone)
        left = min(max(end - at, timedelta(0)), end - start)
        return Fraction(left // timedelta(microseconds=1), (end - start) // timedelta(microseconds=1))
    if period.days < 28:
        by = "day"  # months of thirty days have nothing to say about a week
    first = local_date(at, zone) + timedelta(days=1 if cancel_day == "used" else 0)
    first = min(max(first, period.start), period.end)
    return part(first, period.end, period, by=by, zone=zone)


def of_days(amount: int, days: int, period_days: int) -> int:
    """What so many days of a period of so many days cost, rounded half up. Raises BadPeriod."""
    if days < 0 or period_days < 1:
        raise BadPeriod(f"{days} of {period_days} days")
    return half_up(Fraction(amount * days, period_days))


@dataclass(frozen=True, kw_only=True)
class Billed:
    """A line as an invoice states it, and what credit notes have taken of it so far.

    `before` is the net of the lines before it whose tax was rounded in one sum with its own.
    """

    net: int
    tax: int
    rate: Decimal
    behavior: str
    before: int = 0
    taken: Taxed = NOTHING

    @property
    def is_inclusive(self) -> bool:
        return self.behavior == taxing.INCLUSIVE

    @property
    def left(self) -> Taxed:
        return Taxed(self.net - self.taken.net, self.tax - self.taken.tax)

    def less(self, taken: Taxed) -> Billed:
        """The line after a further note took something of it."""
        return replace(self, taken=Taxed(self.taken.net + taken.net, self.taken.tax + taken.tax))

    def by_part(self, wanted: Fraction) -> Taxed:
        """A part (0 to 1) of what is left, cut as the line was priced: of the gross where tax is inside, else of the net.

        Raises ExceedsBilled.
        """
        if self.is_inclusive:
            return self.by_gross(half_up(self.left.gross * wanted))
        return self.by_net(half_up(self.left.net * wanted))

    def by_gross(self, gross: int) -> Taxed:
        """The net and tax of a gross amount: the line's own proportion, rounded over all notes. Raises ExceedsBilled."""
        whole = self.net + self.tax
        sign = _refuse_beyond(gross, left=self.left.gross, whole=whole)
        tax = taxing.cumulative(self.tax, self.taken.gross + gross, whole, self.taken.tax)
        least = (gross - self.left.net) * sign
        tax = sign * max(least, 0, min(tax * sign, self.left.tax * sign, gross * sign))
        return Taxed(gross - tax, tax)

    def by_net(self, net: int) -> Taxed:
        """A net amount with its tax, rounded over all notes; the last one takes all that is left. Raises ExceedsBilled."""
        sign = _refuse_beyond(net, left=self.left.net, whole=self.net)
        if net == self.left.net:
            return self.left
        tax = self._tax_of(self.taken.net + net) - self.taken.tax
        return Taxed(net, sign * max(0, min(tax * sign, self.left.tax * sign)))

    def _tax_of(self, net: int) -> int:
        """The tax of the first so much of the net. By the rate, unless the line's own tax was moved by a cent."""
        rate = taxing.percent(self.rate)
        if taxing.tax_between(rate, self.before, self.before + self.net) == self.tax:
            return taxing.tax_between(rate, self.before, self.before + net)
        return taxing.cumulative(self.tax, net, self.net, 0)


def _refuse_beyond(amount: int, *, left: int, whole: int) -> int:
    sign = -1 if whole < 0 else 1
    if not 0 <= amount * sign <= left * sign:
        raise ExceedsBilled(f"{amount} of {left}")
    return sign


def billed(lines: Sequence[tuple[Taxable, Taxed]], rounding: str) -> list[Billed]:
    """The lines of an invoice, in its order, as they were taxed under its rounding."""
    found: list[Billed] = []
    together: dict[Decimal, int] = defaultdict(int)
    for priced, taxed in lines:
        is_alone = rounding == taxing.LINE or taxing.keeps_gross(priced, rounding)
        before = 0 if is_alone else together[priced.rate]
        found.append(Billed(net=taxed.net, tax=taxed.tax, rate=priced.rate, behavior=priced.behavior, before=before))
        together[priced.rate] += 0 if is_alone else taxed.net
    return found


class Split(NamedTuple):
    """A credit: what is paid back, and what only lowers what is owed."""

    refund: int
    credit: int


def split(credit: int, *, paid: int, used: int) -> Split:
    """What was paid beyond what is used comes back as money, at most the whole credit; the rest lowers the debt."""
    refund = max(0, min(credit, paid - used))
    return Split(refund, credit - refund)


def newest_first(amount: int, held: Sequence[int]) -> list[int]:
    """How much of an amount each payment gives back, for payments oldest first that still hold so much.

    The newest gives first. The sum is less than the amount where they don't hold enough.
    """
    parts: list[int] = []
    for holds in reversed(held):
        parts.append(max(0, min(amount - sum(parts), holds)))
    return parts[::-1]
