"""What a funnel could bring, by assumed rates. Pure: nothing is measured here and nothing is promised.

visitors × rate of each step before = people at a step;  people × rate of a step that sells × its price = its revenue
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from plainsail.funnels.models import FunnelStep
from plainsail.funnels.services.routing import Kind
from plainsail.kernel.money import Money

MOST = 10_000_000
ENOUGH = 30
"""People at a step from whom on its own rate says something: of one who bought, a hundred per cent did."""
TYPICAL = {
    Kind.PAGE: 40,
    Kind.FORM: 30,
    Kind.CHECKOUT: 25,
    Kind.UPSELL: 15,
    Kind.DOWNSELL: 10,
    Kind.SPLIT: 40,
}
"""Per cent to begin with, until a business has its own numbers: guesses, and said to be."""


@dataclass(frozen=True)
class Expected:
    """A step by assumed rates: people who come to it, those who do what it asks, and what it brings."""

    step: FunnelStep
    people: int
    rate: int
    done: int
    revenue: Money | None = None


def simulate(steps: Sequence[FunnelStep], *, visitors: int, rates: Mapping[str, int]) -> list[Expected]:
    """Each shown step with the people that come to it. `rates` by step id, in per cent; the typical one where none is given.

    Everybody who leaves an upsell or a downsell goes on, whatever they said; of a page, a form and a checkout those who did what it asks.
    Numbers of people are rounded down, each at its step.
    """
    found: list[Expected] = []
    coming, refused = visitors, 0
    for step in steps:
        if not step.is_shown:
            continue
        rate = rates.get(str(step.id), TYPICAL.get(Kind(step.kind), 100))
        people = refused if step.kind == Kind.DOWNSELL else coming
        done = people * rate // 100
        revenue = (
            Money(done * step.offer.price.unit_minor, step.offer.price.currency) if step.sells and step.offer else None
        )
        found.append(Expected(step, people, rate, done, revenue))
        if step.kind == Kind.UPSELL:
            refused = people - done
        elif step.kind != Kind.DOWNSELL:
            coming = done
    return found


def total(expected: Sequence[Expected]) -> list[Money]:
    """What all steps bring, by currency."""
    sums: dict[str, int] = {}
    for each in expected:
        if each.revenue is not None:
            sums[each.revenue.currency] = sums.get(each.revenue.currency, 0) + each.revenue.minor
    return [Money(minor, currency) for currency, minor in sorted(sums.items())]
