"""Parts of a set taken side by side, each on a connection of its own: a set is mostly the database's work, and that takes one core."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from contextvars import copy_context

from django.db import connection

from plainsail.kernel import turns

MOST = 4
"""Lanes, however many cores there are: others want to work, too. Else one more than cores: each computes here now and then, and
its connection has nothing to do meanwhile."""
LEAST = 1000
"""Runs that are worth a lane."""

Part = Sequence[str]
Take = Callable[[Part], int]
SideBySide = Callable[[Take, Part], int]


@contextmanager
def opened() -> Iterator[SideBySide]:
    """What has a set taken in as many parts as there are lanes, and says how many were taken once all are through.

    A lane begins, with its connection, when it first has something to do. What a part raises is raised when the others have ended.
    """
    turns.shorten()
    # Of a transaction that somebody else has open (a test, a command), other connections would see nothing.
    number = 1 if connection.in_atomic_block else min(MOST, (os.cpu_count() or 1) + 1)
    with ExitStack() as stack:
        threads = [stack.enter_context(ThreadPoolExecutor(1, "automations")) for _lane in range(number - 1)]
        used: set[int] = set()

        def side_by_side(take: Take, ids: Part) -> int:
            size = max(LEAST, -(-len(ids) // number))
            mine, *others = [ids[place : place + size] for place in range(0, len(ids), size)]
            begun: list[Future[int]] = []
            for lane, part in enumerate(others):
                used.add(lane)
                begun.append(threads[lane].submit(copy_context().run, take, part))
            return take(mine) + sum(one.result() for one in begun)

        try:
            yield side_by_side
        finally:
            for lane in used:
                threads[lane].submit(_close).result()


def _close() -> None:
    connection.close()  # looked up in the thread whose it is
