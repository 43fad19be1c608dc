"""Group commit: whatever arrived while the last batch was being written goes into the next one.

One writer a worker COPYs batches into the landing table. There is no fixed wait for rows that somebody waits for. Rows
that nobody waits for (page views) may linger a little, and are bundled: the lines of a thousand views are stored as they
are in one row, which costs the database a hundredth of a thousand rows. `tracking` unpacks them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar

import psycopg

from plainsail.kernel.ids import new_id
from plainsail.kernel.landing import COPY

log = logging.getLogger("plainsail.edge")

T = TypeVar("T")

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


@dataclass(slots=True)
class Entry:
    """A row on its way."""

    line: str
    tell: Callable[[Exception | None], None]
    """Told in the event loop, once: that the row is committed, or what came in between."""
    until: float
    """When to give up on it, on the monotonic clock."""
    keep: bool = False
    """Whether the row stays when nobody waits for it any more."""
    is_settled: bool = False

    def settle(self, error: Exception | None = None) -> None:
        if self.is_settled:
            return
        self.is_settled = True
        try:
            self.tell(error)
        except Exception as failure:  # one answer that fails must not take the writer along, and all others with it
            log.exception("an answer failed", exc_info=failure)


class Intake:
    """The landing table's writer. At most `capacity` rows wait in memory; beyond it new ones are turned away.

    Made inside the event loop. Rows may come from any thread: they are appended to a queue, which can't be interrupted, and
    the loop is woken only if it does not know yet that there is something. All else happens in the loop.
    """

    def __init__(self, url: str, *, capacity: int = 50_000) -> None:
        self._url = url
        self._capacity = capacity
        self.is_pressed = False
        """More views come than the database takes: they should be answered more slowly, before any is dropped."""
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Entry] = deque()
        self._views: deque[str] = deque()
        self._on_its_way: Sequence[Entry] = ()
        self._arrived = asyncio.Event()
        self._is_awake = False
        self._is_view_expected = False
        self._is_watching = False
        self._has_news = False
        self._told_at = 0.0
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self.dropped = 0
        """Page views turned away because the buffer was full, since the worker started."""

    @property
    def is_full(self) -> bool:
        return len(self._waiting) + len(self._views) >= self._capacity

    def add(self, line: str) -> None:
        """Take a row that nobody waits for. It is committed within a moment; a full buffer drops and counts it."""
        if len(self._views) >= self._capacity // 4:
            self.is_pressed = True
        if self.is_full:
            self.dropped += 1
            if self.dropped % 1000 == 1:
                log.error("page views dropped: the database is too slow or away", extra={"dropped": self.dropped})
            return
        self._views.append(line)
        if not self._is_view_expected:
            self._is_view_expected = True
            self._loop.call_soon_threadsafe(self._loop.call_later, LINGER, self._views_have_lingered)

    def take(self, line: str, *, tell: Callable[[Exception | None], None], patience: float, keep: bool = False) -> None:
        """Take a row, and `tell` once it is committed: None, IntakeDown after `patience` seconds, or Unstorable.

        Raises IntakeDown when the buffer is full. A row that was given up is withdrawn unless it is on its way, so a visitor
        who tries again rarely doubles it. With `keep` it stays, to be written when the database is back: for what happened
        whether or not we say so.
        """
        if self.is_full:
            raise IntakeDown
        self._waiting.append(Entry(line, tell, monotonic() + patience, keep))
        if not self._is_awake:
            self._is_awake = True
            self._loop.call_soon_threadsafe(self._arrived.set)
        if not self._is_watching:
            self._is_watching = True
            self._loop.call_soon_threadsafe(self._loop.call_later, WATCH_EVERY, self._give_up_on_late)

    async def commit(self, line: str, *, patience: float, keep: bool = False) -> None:
        """Take a row and return once it is committed. Raises what `take` tells, and for the same reasons."""
        awaited: asyncio.Future[None] = self._loop.create_future()

        def tell(error: Exception | None) -> None:
            if awaited.done():
                return
            if error is None:
                awaited.set_result(None)
            else:
                awaited.set_exception(error)

        self.take(line, tell=tell, patience=patience, keep=keep)
        await awaited

    async def run(self) -> None:
        """Write until cancelled."""
        try:
            while True:
                await self._wait_for_rows()
                batch, views = _taken(self._waiting), _taken(self._views)
                self.is_pressed = len(self._views) >= self._capacity // 4
                if len(views) == LARGEST_BATCH:
                    self._arrived.set()  # whoever said that there are views will not say so again for the rest
                self._on_its_way = batch
                await self._store(batch)
                self._on_its_way = ()
                await self._bundle(views)
                if self._has_news:
                    await self._tell_workers()
        finally:
            await self._hang_up()

    async def drain(self, within: float) -> int:
        """Give the writer time to commit what waits, before a worker ends; returns how many rows it could not."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while self._waiting or self._views or self._is_awake:
                    self._arrived.set()
                    await asyncio.sleep(0.01)
        return len(self._waiting) + len(self._views)

    def _views_have_lingered(self) -> None:
        self._is_view_expected = False  # before they are taken: one that comes meanwhile says so itself
        self._arrived.set()

    async def _wait_for_rows(self) -> None:
        self._is_awake = False  # before looking: a row that comes after the look sees it, and wakes us
        if not self._waiting:
            await self._wake_up()
        self._is_awake = True
        self._arrived.clear()

    async def _wake_up(self) -> None:
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
            entry.settle()
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
        batch[0].settle(Unstorable())

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
        self._is_watching = False  # before looking, as in _wait_for_rows
        now = monotonic()
        for entry in self._on_its_way:
            if entry.until <= now:
                entry.settle(IntakeDown())
        # What waits for its turn is withdrawn; what is on its way may be committed already. One after the other, all the way
        # round, because more may be appended meanwhile.
        for _ in range(len(self._waiting)):
            entry = self._waiting.popleft()
            if entry.until <= now:
                entry.settle(IntakeDown())
            if _is_wanted(entry):
                self._waiting.append(entry)
        is_awaited = any(not entry.is_settled for entry in self._on_its_way) or self._waiting
        if is_awaited and not self._is_watching:
            self._is_watching = True
            self._loop.call_later(WATCH_EVERY, self._give_up_on_late)


def _taken(queue: deque[T]) -> list[T]:
    """The next of a queue, at most so many as make a batch."""
    return [queue.popleft() for _ in range(min(len(queue), LARGEST_BATCH))]


def _is_wanted(entry: Entry) -> bool:
    """Not one that somebody waited for in vain and will send again."""
    return entry.keep or not entry.is_settled


def _still_wanted(entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if _is_wanted(entry)]
