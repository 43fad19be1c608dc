"""Single flight: many who want the same thing at once wait for one load of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Flights(Generic[K, V]):
    """Loads under way, by key."""

    def __init__(self) -> None:
        self._under_way: dict[K, asyncio.Task[V]] = {}

    async def join(self, key: K, load: Callable[[], Awaitable[V]], keep: Callable[[K, V], None]) -> V:
        """What `load` returns, loaded once for all who ask meanwhile.

        `keep` is called with it, unless the key was disowned while the load was under way: then what came back may
        already be old, is still good for those who asked before, and must not be remembered. A caller that gives up
        does not stop the load for the others.
        """
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.ensure_future(load())
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._land(key, done, keep))
        return await asyncio.shield(task)

    def disown(self, key: K) -> None:
        """Whatever is being loaded for this key is old by now."""
        self._under_way.pop(key, None)

    def disown_where(self, is_old: Callable[[K], bool]) -> None:
        for key in [key for key in self._under_way if is_old(key)]:
            del self._under_way[key]

    def disown_all(self) -> None:
        self._under_way.clear()

    def _land(self, key: K, task: asyncio.Task[V], keep: Callable[[K, V], None]) -> None:
        if self._under_way.get(key) is not task:
            if not task.cancelled():
                task.exception()  # asked for, so that a failure nobody waits for any more is not reported as forgotten
            return
        del self._under_way[key]
        if not task.cancelled() and task.exception() is None:
            keep(key, task.result())
