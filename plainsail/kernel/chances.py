"""Which of several variants is the best, told from what was seen of each. Pure: numbers in, chances out.

Each variant's rate is unknown; what was seen makes some rates likelier than others. With no opinion beforehand the rate of
k people out of n follows a Beta distribution (1 + k, 1 + n - k), and the chance that a variant is the best one is the
integral of its density times the probability that all others lie below. What each person brought (nothing, for most) has
a mean that is unknown too; with many people it follows a normal distribution around the mean that was seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import erf, exp, lgamma, log, pi, sqrt

POINTS = 2000
WIDE = 8
"""Standard deviations around the middle that are looked at; beyond them nothing weighs."""


@dataclass(frozen=True)
class Result:
    """What was seen of a variant: to how many it went, and how many of them clicked, or bought."""

    letter: str
    sent: int
    people: int

    @property
    def share(self) -> float:
        return self.people / self.sent if self.sent else 0.0


@dataclass(frozen=True)
class Earned:
    """What was seen of a variant where people bring more or less: how many there were, the sum, the sum of squares."""

    letter: str
    sent: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        return self.total / self.sent if self.sent else 0.0

    @property
    def deviation(self) -> float:
        """Standard deviation of the mean. One person more than there were, who brought the mean, keeps it above zero."""
        if self.sent < 2:
            return max(abs(self.total), 1.0)
        spread = max(self.squares / self.sent - self.mean**2, 0.0)
        return max(sqrt(spread / self.sent), 1e-9, abs(self.mean) / self.sent)


def chances_to_be_best(results: Sequence[Result]) -> dict[str, float]:
    """For each variant the chance that its rate is the highest. They add up to one."""
    if len(results) == 1:
        return {results[0].letter: 1.0}
    grid = _grid(results)
    densities = [_density(each, grid) for each in results]
    below = [_cumulated(density, grid) for density in densities]
    found: dict[str, float] = {}
    for place, each in enumerate(results):
        product = list(densities[place])
        for other, cumulated in enumerate(below):
            if other != place:
                product = [value * part for value, part in zip(product, cumulated, strict=True)]
        found[each.letter] = _cumulated(product, grid)[-1]
    whole = sum(found.values()) or 1.0
    return {letter: chance / whole for letter, chance in found.items()}


def interval(result: Result) -> tuple[float, float]:
    """Between which rates the true one lies with 95 % (Wilson 1927), for the plot."""
    if not result.sent:
        return 0.0, 1.0
    n, p, z = result.sent, result.share, 1.959964
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def enough_for(rate: float, lift: float) -> int:
    """About how many people each variant needs to see that lift of a rate (two-sided 5 %, power 80 %).

    `lift` is relative: 0.2 asks for 3.6 % where the rate is 3 %.
    """
    other = min(rate * (1 + lift), 0.999)
    middle = (rate + other) / 2
    spread = 1.959964 * sqrt(2 * middle * (1 - middle)) + 0.841621 * sqrt(rate * (1 - rate) + other * (1 - other))
    return int((spread / (other - rate)) ** 2) + 1


def chances_to_earn_most(results: Sequence[Earned]) -> dict[str, float]:
    """For each variant the chance that its mean is the highest. They add up to one."""
    if len(results) == 1:
        return {results[0].letter: 1.0}
    lowest = min(each.mean - WIDE * each.deviation for each in results)
    highest = max(each.mean + WIDE * each.deviation for each in results)
    step = (highest - lowest) / POINTS
    grid = [lowest + step * place for place in range(POINTS + 1)]
    found: dict[str, float] = {}
    for each in results:
        values = [
            _normal(each, point) * _product(_below(other, point) for other in results if other is not each)
            for point in grid
        ]
        found[each.letter] = _cumulated(values, grid)[-1]
    whole = sum(found.values()) or 1.0
    return {letter: chance / whole for letter, chance in found.items()}


def _normal(seen: Earned, point: float) -> float:
    distance = (point - seen.mean) / seen.deviation
    return exp(-distance * distance / 2) / (seen.deviation * sqrt(2 * pi))


def _below(seen: Earned, point: float) -> float:
    return (1 + erf((point - seen.mean) / (seen.deviation * sqrt(2)))) / 2


def _product(factors: Iterable[float]) -> float:
    found = 1.0
    for factor in factors:
        found *= factor
    return found


def _grid(results: Sequence[Result]) -> list[float]:
    """Rates at which the densities are looked at: where any of them weighs something."""
    lowest, highest = 1.0, 0.0
    for each in results:
        a, b = _shape(each)
        middle, deviation = a / (a + b), sqrt(a * b / ((a + b) ** 2 * (a + b + 1)))
        lowest, highest = min(lowest, middle - WIDE * deviation), max(highest, middle + WIDE * deviation)
    lowest, highest = max(lowest, 1e-12), min(highest, 1 - 1e-12)
    return [lowest + (highest - lowest) * step / POINTS for step in range(POINTS + 1)]


def _shape(result: Result) -> tuple[float, float]:
    people = min(result.people, result.sent)
    return 1.0 + people, 1.0 + result.sent - people


def _density(result: Result, grid: Sequence[float]) -> list[float]:
    a, b = _shape(result)
    constant = lgamma(a + b) - lgamma(a) - lgamma(b)
    return [exp(constant + (a - 1) * log(rate) + (b - 1) * log(1 - rate)) for rate in grid]


def _cumulated(values: Sequence[float], grid: Sequence[float]) -> list[float]:
    """The integral up to each point, by trapezoids."""
    found = [0.0]
    width = grid[1] - grid[0]
    for left, right in pairwise(values):
        found.append(found[-1] + (left + right) / 2 * width)
    return found
