"""Tax on amounts: inclusive or exclusive, rounded by line or over the document. Pure; integer minor units.

The three ways of rounding over a document are those of pretix (doc/development/algorithms/pricing.rst).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from plainsail.commerce.models import Rounding, TaxBehavior
from plainsail.kernel.money import half_up


@dataclass(frozen=True)
class Taxed:
    """`gross = net + tax`, in minor units."""

    net: int
    tax: int

    @property
    def gross(self) -> int:
        return self.net + self.tax


@dataclass(frozen=True)
class Taxable:
    """An amount as it is priced: with its tax inside, or to be added. `rate` in percent."""

    amount: int
    rate: Decimal
    behavior: str

    @property
    def part(self) -> Fraction:
        return Fraction(self.rate) / 100

    @property
    def is_inclusive(self) -> bool:
        return self.behavior == TaxBehavior.INCLUSIVE

    @property
    def exact_net(self) -> Fraction:
        return Fraction(self.amount) / (1 + self.part) if self.is_inclusive else Fraction(self.amount)


def tax(line: Taxable) -> Taxed:
    """One amount on its own. An inclusive price keeps its gross: the net is rounded half up, the tax is what is left."""
    net = half_up(line.exact_net)
    return Taxed(net, line.amount - net if line.is_inclusive else half_up(net * line.part))


def tax_all(lines: Sequence[Taxable], rounding: str) -> list[Taxed]:
    """Every line of a document, rounded by the seller's mode; the sums over the lines are the document's."""
    if rounding == Rounding.LINE:
        return [tax(line) for line in lines]
    results: dict[int, Taxed] = {}
    groups: dict[tuple[Decimal, bool], list[int]] = defaultdict(list)
    for index, line in enumerate(lines):
        keeps_gross = rounding == Rounding.SUM_BY_NET_KEEP_GROSS and line.is_inclusive
        groups[line.rate, keeps_gross].append(index)
    for (_rate, keeps_gross), indexes in groups.items():
        split = _keeping_gross if keeps_gross else _by_sum_of_net
        results.update(zip(indexes, split([lines[index] for index in indexes]), strict=True))
    return [results[index] for index in range(len(lines))]


def _by_sum_of_net(lines: Sequence[Taxable]) -> list[Taxed]:
    """The tax of the sum of nets, dealt out to the lines."""
    nets = [half_up(line.exact_net) for line in lines]
    part = lines[0].part
    taxes = deal([net * part for net in nets], half_up(sum(nets) * part))
    return [Taxed(net, share) for net, share in zip(nets, taxes, strict=True)]


def _keeping_gross(lines: Sequence[Taxable]) -> list[Taxed]:
    """The net of the sum of prices, dealt out to the lines; every price stays as shown."""
    total = sum(line.amount for line in lines)
    nets = deal([line.exact_net for line in lines], half_up(Fraction(total) / (1 + lines[0].part)))
    return [Taxed(net, line.amount - net) for line, net in zip(lines, nets, strict=True)]


def deal(exact: Sequence[Fraction], total: int) -> list[int]:
    """Round parts so that they sum to a total: largest remainder, the earlier part first on a tie."""
    floors = [value.numerator // value.denominator for value in exact]
    missing = total - sum(floors)
    order = sorted(range(len(exact)), key=lambda index: (floors[index] - exact[index], index))
    gains = set(order[:missing])
    return [floor + (index in gains) for index, floor in enumerate(floors)]


def has_exact_net(gross: int, rate: Decimal) -> bool:
    """Whether some net gives just this gross when its tax is added and rounded. Often none does (99.99 at 19 %)."""
    part = Fraction(rate) / 100
    guess = half_up(Fraction(gross) / (1 + part))
    return any(net + half_up(net * part) == gross for net in range(guess - 1, guess + 2))


def cumulative(whole: int, so_far: int, of: int, taken: int) -> int:
    """What of `whole` belongs to the next slice, once `so_far` of `of` is reached and `taken` was given before.

    Rounding what was reached rather than each slice makes the last slice come out even.
    """
    return half_up(Fraction(whole * so_far, of)) - taken if of else whole - taken
