"""Random hex digits from the system, drawn in bulk: a call into the kernel for each would cost more than the rest."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

BULK = 4096


def supply(count: int, *, shape: Callable[[str], str] = str) -> Callable[[], str]:
    """A function that gives so many fresh random hex digits, put into shape; fit for identifiers that must not be guessed.

    Any thread may call it: each piece is handed out once, because taking one from a list can't be interrupted.
    """
    drawn: list[str] = []
    # A forked worker never hands out what its parent would.
    os.register_at_fork(after_in_child=drawn.clear)
    return partial(_next, drawn, count, shape)


def _next(drawn: list[str], count: int, shape: Callable[[str], str]) -> str:
    while True:
        try:
            return drawn.pop()
        except IndexError:
            digits = os.urandom(BULK).hex()
            drawn += [shape(digits[start : start + count]) for start in range(0, len(digits) - count + 1, count)]
