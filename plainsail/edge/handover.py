"""How granian hands requests over: to a function at once, and only what that leaves to a task of the event loop.

By itself granian makes a task of each request, which costs more than answering with a page from memory does: a coroutine,
a write that wakes the loop, two rounds of it. A request arrives in a thread of granian's own, beside the loop, and what needs
nothing but memory can be answered right there (docs/decisions/0007).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import granian.server.mp as granian_workers
from granian._granian import CallbackScheduler

from plainsail.edge.rsgi import Connection, Scope

log = logging.getLogger("plainsail.edge")

AtOnce = Callable[[Scope, Connection], bool]
"""Answers, or sees to it that somebody will, and says True; or leaves the request alone. Runs in granian's thread."""


def first_to(at_once: AtOnce) -> None:
    """Have the worker that is being started in this process offer each request to `at_once` first.

    granian has no way to ask for that, so this replaces the one function of its own that makes what schedules a request.
    Should a later granian have none of that name, every request goes the long way, and the answers are the same.
    """
    if not hasattr(granian_workers, "_new_cbscheduler"):
        log.warning("granian hands requests over in a way that is not known here: pages are answered more slowly")
        return

    def scheduler(loop: asyncio.AbstractEventLoop, callback: Any, **_how: Any) -> _Scheduler:
        return _Scheduler(loop, callback, at_once)

    granian_workers._new_cbscheduler = scheduler


class _Scheduler(CallbackScheduler):
    """What granian calls with each request, in the one thread that it has for that."""

    def __new__(cls, loop: asyncio.AbstractEventLoop, callback: Any, _at_once: AtOnce) -> _Scheduler:
        made: _Scheduler = super().__new__(cls, loop, callback, None, None, None)  # type: ignore[call-arg]  # its stub lacks them
        return made

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Any, at_once: AtOnce) -> None:
        self._schedule_fn = schedule_by(loop, callback, at_once)


def schedule_by(loop: asyncio.AbstractEventLoop, callback: Any, at_once: AtOnce) -> Callable[[Any], None]:
    """What to do with a request, which comes inside one of granian's watchers. `callback` makes the long way's coroutine."""

    def start(watcher: Any) -> None:
        watcher.taskref(loop.create_task(callback(watcher)))

    def schedule(watcher: Any) -> None:
        # granian takes no notice of what comes back from here, nor of what is raised.
        try:
            if not at_once(watcher.scope, watcher.proto):
                loop.call_soon_threadsafe(start, watcher)
        except BaseException:
            log.exception("a request was not answered")
            watcher.done()  # with status 500, unless an answer is out already

    return schedule
