"""Who runs which tests, where several workers share them (`--dist loadscope`).

Tests of a module or a class stay together, because they share what they set up. The journeys share one installation.
What walks over every address shares nothing, and takes minutes in one piece: there each test is a piece of its own.
"""

from __future__ import annotations

import os

from xdist.scheduler.loadscope import LoadScopeScheduling

TOGETHER = "tests/journeys"
IN_PIECES = ("tests/test_screens.py", "tests/test_strangers.py", "tests/test_offers.py", "tests/test_public_garbage.py")


class Sharing(LoadScopeScheduling):
    """Modules and classes as loadscope keeps them together, but for those named above."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(TOGETHER):
            return TOGETHER
        return nodeid if nodeid.startswith(IN_PIECES) else super()._split_scope(nodeid)


def workers() -> int:
    """One more than there are processors: tests that wait, for a process or a browser, leave theirs to others."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (usable or 1) + 1
