"""How long a thread that computes keeps others waiting. Django-free: sending processes use it, too."""

from __future__ import annotations

import sys

TURN = 0.0005
"""Seconds. Python's own 5 ms are as long as a whole statement: a thread that hears from the database would wait that long for its turn."""


def shorten() -> None:
    """For a process in which one thread computes while another waits for the database; from here on."""
    sys.setswitchinterval(min(sys.getswitchinterval(), TURN))
