"""Group commit: whatever arrived while the last batch was being written goes into the next one.

One writer a worker COPYs batches into the landing table. There is no fixed wait for rows that somebody waits for. Rows
that nobody waits for (page views) may linger a little, and are bundled: the lines of a thousand views are stored as they
are in one row, which costs the database a hundredth of a thousand rows. `tracking` unpacks them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, NamedTuple

import psycopg

from plainsail.kernel.ids import new_id
from plainsail.kernel.landing import COPY

log = logging.getLogger("plainsail.edge")

CHANNEL = "plainsail_landing"
BUNDLE = b"INSERT INTO tracking_viewbundle (id, lines) VALUES (%s, %s)"
LARGEST_BATCH = 2000
LINGER = 0.05
NOTIFY_EVERY = 0.2
WATCH_EVERY = 0.25
LONGEST_COPY = 30.0


class IntakeDown(Exception):
    """The row could not be committed in time; it was not acknowledged, and must not be."""


class Unstorable(Exception):
    """The database refuses this very row, and always will."""


class Entry(NamedTuple):
    """A row on its way."""

    line: str
    awaited: asyncio.Future[None]
    """Who waits for its commit."""
    until: float
    """When that one gives up, on the loop's clock."""
    keep: bool = False
    """Whether the row stays when nobody waits for it any more."""


class Intake:
    """The landing table's writer. At most `capacity` rows wait in memory; beyond it new ones are turned away."""

    def __init__(self, url: str, *, capacity: int = 50_000) -> None:
        self._url = url
        self._capacity = capacity
        self._waiting: list[Entry] = []
        self._views: list[str] = []
        self._on_its_way: Sequence[Entry] = ()
        self._watch: asyncio.TimerHandle | None = None
        self._arrived = asyncio.Event()
        self._urgent = asyncio.Event()
        self._has_news = False
        self._told_at = 0.0
        self._idle = asyncio.Event()
        self._idle.set()
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self.dropped = 0
        """Page views turned away because the buffer was full, since the worker started."""

    @property
    def is_full(self) -> bool:
        return len(self._waiting) + len(self._views) >= self._capacity

    def add(self, line: str) -> None:
        """Take a row that nobody waits for. It is committed within a moment; a full buffer drops and counts it."""
        if self.is_full:
            self.dropped += 1
            if self.dropped % 1000 == 1:
                log.error("page views dropped: the database is too slow or away", extra={"dropped": self.dropped})
            return
        self._views.append(line)
        if not self._arrived.is_set():
            self._arrived.set()
            self._idle.clear()

    async def commit(self, line: str, *, patience: float, keep: bool = False) -> None:
        """Take a row and return once it is committed. Raises IntakeDown after `patience` seconds, or Unstorable.

        A row that was given up is withdrawn unless it is on its way, so a visitor who tries again rarely doubles it.
        With `keep` it stays, to be written when the database is back: for what happened whether or not we say so.
        """
        if self.is_full:
            raise IntakeDown
        loop = asyncio.get_running_loop()
        awaited: asyncio.Future[None] = loop.create_future()
        self._waiting.append(Entry(line, awaited, loop.time() + patience, keep))
        self._arrived.set()
        self._urgent.set()
        self._idle.clear()
        if self._watch is None:
            self._watch = loop.call_later(WATCH_EVERY, self._give_up_on_late)
        await awaited

    async def run(self) -> None:
        """Write until cancelled."""
        try:
            while True:
                await self._wait_for_rows()
                if not self._urgent.is_set() and len(self._views) < LARGEST_BATCH:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(LINGER):
                            await self._urgent.wait()
                batch, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
                views, self._views = self._views[:LARGEST_BATCH], self._views[LARGEST_BATCH:]
                if not self._waiting:
                    self._urgent.clear()
                    if not self._views:
                        self._arrived.clear()
                self._on_its_way = batch
                await self._store(batch)
                self._on_its_way = ()
                await self._bundle(views)
                if not self._waiting and not self._views:
                    self._idle.set()
                if self._has_news:
                    await self._tell_workers()
        finally:
            await self._hang_up()

    async def drain(self, within: float) -> int:
        """Give the writer time to commit what waits, before a worker ends; returns how many rows it could not."""
        self._urgent.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._idle.wait()
        return len(self._waiting) + len(self._views)

    async def _wait_for_rows(self) -> None:
        while self._has_news and not self._arrived.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(NOTIFY_EVERY):
                    await self._arrived.wait()
                return
            await self._tell_workers()
        await self._arrived.wait()

    async def _store(self, batch: Sequence[Entry]) -> None:
        """Commit a batch, however long the database is away."""
        pause, is_retry = 0.02, False
        while batch:
            try:
                async with asyncio.timeout(LONGEST_COPY):
                    await self._copy(batch)
                break
            except psycopg.errors.UniqueViolation:
                if is_retry:
                    break  # the attempt whose outcome we never heard had been committed after all
                await self._halve(batch)
                return
            except (psycopg.DataError, psycopg.IntegrityError) as error:
                log.error("row refused by the database", extra={"error": str(error).strip(), "rows": len(batch)})
                await self._halve(batch)
                return
            except (psycopg.Error, TimeoutError) as error:
                log.warning("landing table unreachable", extra={"error": str(error).strip(), "rows": len(batch)})
                is_retry = is_retry or self._connection is not None
                await self._hang_up()
                await asyncio.sleep(pause)
                pause = min(1.0, pause * 2)
                if not is_retry:
                    # No connection was made, nothing was sent: what was given up meanwhile can still be withdrawn.
                    batch = self._on_its_way = _still_wanted(batch)
        for entry in batch:
            if not entry.awaited.done():
                entry.awaited.set_result(None)
            self._has_news = True

    async def _bundle(self, views: Sequence[str]) -> None:
        """Commit page views as one row, however long the database is away."""
        if not views:
            return
        row, pause = (new_id(), "".join(views)), 0.02
        while True:
            try:
                async with asyncio.timeout(LONGEST_COPY):
                    await (await self._connected()).execute(BUNDLE, row)
                break
            except psycopg.errors.UniqueViolation:
                break  # the attempt whose outcome we never heard had been committed after all
            except (psycopg.DataError, psycopg.IntegrityError) as error:
                log.error("page views refused by the database", extra={"error": str(error), "rows": len(views)})
                return
            except (psycopg.Error, TimeoutError) as error:
                log.warning("page views wait: no database", extra={"error": str(error).strip(), "rows": len(views)})
                await self._hang_up()
                await asyncio.sleep(pause)
                pause = min(1.0, pause * 2)
        self._has_news = True

    async def _halve(self, batch: Sequence[Entry]) -> None:
        """One bad row must not take its neighbours along: commit the halves, down to the one that is refused."""
        if len(batch) > 1:
            middle = len(batch) // 2
            await self._store(batch[:middle])
            await self._store(batch[middle:])
            return
        awaited = batch[0].awaited
        if not awaited.done():
            awaited.set_exception(Unstorable())

    async def _copy(self, batch: Sequence[Entry]) -> None:
        connection = await self._connected()
        data = "".join([entry.line for entry in batch]).encode()
        async with connection.cursor() as cursor, cursor.copy(COPY.encode()) as copy:
            await copy.write(data)

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(
                self._url, autocommit=True, connect_timeout=5, application_name="plainsail edge intake"
            )
        return self._connection

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _tell_workers(self) -> None:
        """Say that rows have landed, at most five times a second. May be lost: the workers also look by the clock."""
        if self._connection is None or monotonic() < self._told_at + NOTIFY_EVERY:
            return
        self._told_at, self._has_news = monotonic(), False
        try:
            await self._connection.execute(f"NOTIFY {CHANNEL}".encode())
        except psycopg.Error:
            await self._hang_up()

    def _give_up_on_late(self) -> None:
        """Tell those who have waited long enough. One look at all four times a second costs less than a timer for each."""
        loop = asyncio.get_running_loop()
        now, still_awaited = loop.time(), False
        for _line, awaited, until, _keep in (*self._on_its_way, *self._waiting):
            if awaited.done():
                continue
            if until <= now:
                awaited.set_exception(IntakeDown())
            else:
                still_awaited = True
        # What waits for its turn is withdrawn; what is on its way may be committed already.
        self._waiting = _still_wanted(self._waiting)
        self._watch = loop.call_later(WATCH_EVERY, self._give_up_on_late) if still_awaited else None


def _still_wanted(entries: Sequence[Entry]) -> list[Entry]:
    """Without those that somebody waited for in vain and will send again."""
    return [entry for entry in entries if entry.keep or not entry.awaited.done()]
