"""Random hex digits from the system, drawn in bulk: a call into the kernel for each would cost more than the rest."""

from __future__ import annotations

import os

BULK = 4096

_digits = ""
_used = 0


def hex_digits(count: int) -> str:
    """So many fresh random hex digits, fit for identifiers that must not be guessed."""
    global _digits, _used  # noqa: PLW0603 - one supply for the whole worker
    start = _used
    if start + count > len(_digits):
        _digits, start = os.urandom(BULK).hex(), 0
    _used = start + count
    return _digits[start:_used]


def forget() -> None:
    """Start anew, so that a forked worker never hands out what its parent would."""
    global _digits  # noqa: PLW0603
    _digits = ""


os.register_at_fork(after_in_child=forget)
