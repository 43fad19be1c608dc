"""Which variant won, by a rule that can be said in a sentence. Pure: numbers in, a decision out.

Where the chance that a variant is the best one (`kernel.chances` works it out) is above 95 %, it has won. Else nobody can
be sure, and the one with the highest share goes to the rest; of equal ones the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from plainsail.kernel.chances import Result, chances_to_be_best, enough_for, interval

__all__ = ["SURE", "Decision", "Result", "Rule", "chances_to_be_best", "decide", "enough_for", "interval"]

SURE = 0.95

Rule = Literal["sure", "leading", "tie", "nobody"]


@dataclass(frozen=True)
class Decision:
    """Who won and why: `sure` (above 95 %), `leading` (the highest share), `tie`, or `nobody` did anything yet."""

    letter: str
    rule: Rule
    chances: Mapping[str, float]


def decide(results: Sequence[Result]) -> Decision:
    """The winner among one or more variants."""
    chances = chances_to_be_best(results)
    best = max(results, key=lambda each: each.share)
    if not any(each.people for each in results):
        return Decision(results[0].letter, "nobody", chances)
    surest = max(results, key=lambda each: chances[each.letter])
    if chances[surest.letter] > SURE:
        return Decision(surest.letter, "sure", chances)
    is_alone = sum(1 for each in results if each.share == best.share) == 1
    return Decision(best.letter, "leading" if is_alone else "tie", chances)
