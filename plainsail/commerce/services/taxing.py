"""Tax on amounts: inclusive or exclusive, rounded by line or over the document. Pure; integer minor units.

The three ways of rounding over a document are named as pretix names them (doc/development/algorithms/pricing.rst). Ours
never change a price that was shown with its tax: where no net gives that gross, pretix charges a cent more or less.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from plainsail.kernel.money import half_up

# The values of `models.Rounding` and `models.TaxBehavior`. Spelled out, so that this needs neither Django nor settings.
LINE, SUM_BY_NET, SUM_BY_NET_KEEP_GROSS = ROUNDINGS = ("line", "sum_by_net", "sum_by_net_keep_gross")
INCLUSIVE, EXCLUSIVE = BEHAVIORS = ("inclusive", "exclusive")

Rounded = Literal["round_net", "round_tax"]
"""Which half of an inclusive price is rounded; the other is what is left. Ours is the net, for every seller."""


class BadRounding(ValueError):
    """Not one of the three ways of rounding over a document."""


@dataclass(frozen=True)
class Taxed:
    """`gross = net + tax`, in minor units."""

    net: int
    tax: int

    @property
    def gross(self) -> int:
        return self.net + self.tax


NOTHING = Taxed(0, 0)


@dataclass(frozen=True)
class Taxable:
    """An amount as it is priced: with its tax inside, or to be added. `rate` in percent."""

    amount: int
    rate: Decimal
    behavior: str

    @property
    def part(self) -> Fraction:
        return percent(self.rate)

    @property
    def is_inclusive(self) -> bool:
        return self.behavior == INCLUSIVE

    @property
    def exact_net(self) -> Fraction:
        return Fraction(self.amount) / (1 + self.part) if self.is_inclusive else Fraction(self.amount)


def percent(rate: Decimal) -> Fraction:
    """A rate in percent as a part of one, exact."""
    return Fraction(rate) / 100


def tax(line: Taxable, *, rounded: Rounded = "round_net") -> Taxed:
    """One amount on its own, rounded half up. An inclusive price keeps its gross."""
    if not line.is_inclusive:
        return Taxed(line.amount, half_up(line.amount * line.part))
    if rounded == "round_tax":
        inside = half_up(line.amount - line.exact_net)
        return Taxed(line.amount - inside, inside)
    net = half_up(line.exact_net)
    return Taxed(net, line.amount - net)


def tax_all(lines: Sequence[Taxable], rounding: str) -> list[Taxed]:
    """Every line of a document, rounded by the seller's mode; the sums over the lines are the document's.

    Lines of one rate are rounded together. Raises BadRounding.
    """
    if rounding not in ROUNDINGS:
        raise BadRounding(rounding)
    if rounding == LINE:
        return [tax(line) for line in lines]
    results: dict[int, Taxed] = {}
    groups: dict[tuple[Decimal, bool], list[int]] = defaultdict(list)
    for index, line in enumerate(lines):
        groups[line.rate, keeps_gross(line, rounding)].append(index)
    for (_rate, is_kept), indexes in groups.items():
        split = _keeping_gross if is_kept else _by_sum_of_net
        results.update(zip(indexes, split([lines[index] for index in indexes]), strict=True))
    return [results[index] for index in range(len(lines))]


def keeps_gross(line: Taxable, rounding: str) -> bool:
    """Whether a mode leaves the price of a line as shown and moves a cent between its net and tax."""
    return rounding == SUM_BY_NET_KEEP_GROSS and line.is_inclusive


def _by_sum_of_net(lines: Sequence[Taxable]) -> list[Taxed]:
    """The tax of the sum of nets: each line has what it adds to the tax of the lines before it."""
    results, reached = [], 0
    for line in lines:
        net = half_up(line.exact_net)
        results.append(Taxed(net, tax_between(line.part, reached, reached + net)))
        reached += net
    return results


def tax_between(part: Fraction, reached: int, now: int) -> int:
    """What the tax on a sum of nets grows by when the sum grows from `reached` to `now`.

    Rounding the sum rather than each step makes any number of steps, lines of an invoice or credit notes on it, come out
    as the tax of the whole (billing design, 4.5: tax_k = round(rate x net up to k) - tax before).
    """
    return half_up(now * part) - half_up(reached * part)


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
    part = percent(rate)
    guess = half_up(Fraction(gross) / (1 + part))
    return any(net + half_up(net * part) == gross for net in range(guess - 1, guess + 2))


def cumulative(whole: int, so_far: int, of: int, taken: int) -> int:
    """What of `whole` belongs to the next slice, once `so_far` of `of` is reached and `taken` was given before.

    Rounding what was reached rather than each slice makes the last slice come out even.
    """
    return half_up(Fraction(whole * so_far, of)) - taken if of else whole - taken
