"""Random hex digits from the system, drawn in bulk: a call into the kernel for each would cost more than the rest."""

from __future__ import annotations

import os

BULK = 4096

_drawn: dict[int, list[str]] = {}


def hex_digits(count: int) -> str:
    """So many fresh random hex digits, fit for identifiers that must not be guessed. Any thread may ask."""
    while True:
        try:
            # Each piece is handed out once, whichever threads ask: taking one from a list can't be interrupted.
            return _drawn[count].pop()
        except (KeyError, IndexError):
            digits = os.urandom(BULK).hex()
            pieces = [digits[start : start + count] for start in range(0, len(digits) - count + 1, count)]
            _drawn.setdefault(count, []).extend(pieces)


def forget() -> None:
    """Start anew, so that a forked worker never hands out what its parent would."""
    _drawn.clear()


os.register_at_fork(after_in_child=forget)
