"""The edge's ways to PostgreSQL: short reads from a pool, and one ear for notifications."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg_pool import AsyncConnectionPool

log = logging.getLogger("plainsail.edge")

Row = tuple[Any, ...]

ENTER = "SELECT set_config('plainsail.workspace', %s, true)"
"""For the length of its transaction, row-level security shows this workspace and no other."""


class DatabaseDown(Exception):
    """The database did not answer, or not with what was asked."""


class Database:
    """Reads as role `ps_edge`. A database that restarts is waited for, up to `patience` seconds a read."""

    def __init__(self, url: str, *, patience: float = 10.0, connections: int = 4) -> None:
        self._patience = patience
        self._pool = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=connections,
            timeout=patience,
            max_waiting=1000,
            max_idle=60,
            reconnect_timeout=60,
            open=False,
            # Two statements sent as one simple query are one transaction and one round trip: half the cost of a miss.
            # Such a query takes no parameters apart, so psycopg writes them into it, escaped by the client library.
            kwargs={
                "autocommit": True,
                "cursor_factory": psycopg.AsyncClientCursor,
                "application_name": "plainsail edge",
            },
        )

    async def open(self) -> None:
        await self._pool.open()

    async def close(self) -> None:
        await self._pool.close(timeout=2)

    async def read(self, query: str, params: Sequence[Any], *, workspace_id: UUID | None = None) -> list[Row]:
        """Rows of a query, in a transaction that sees this workspace. Raises DatabaseDown."""
        until = monotonic() + self._patience
        while True:
            try:
                return await self._attempt(query, params, workspace_id, max(0.1, until - monotonic()))
            except psycopg.Error as error:
                # Anything but a lost connection (a table not made yet, a right not given) waiting would not mend.
                if monotonic() >= until or not isinstance(error, psycopg.OperationalError):
                    log.warning("database unreachable", extra={"error": str(error).strip()})
                    raise DatabaseDown from error
                await asyncio.sleep(0.05)

    async def is_reachable(self, *, within: float = 2.0) -> bool:
        try:
            async with asyncio.timeout(within):
                await self._attempt("SELECT 1", [], None, within)
        except (psycopg.Error, TimeoutError):
            return False
        return True

    async def _attempt(self, query: str, params: Sequence[Any], workspace_id: UUID | None, wait: float) -> list[Row]:
        async with self._pool.connection(timeout=wait) as connection, connection.cursor() as cursor:
            if workspace_id is None:
                await cursor.execute(query.encode(), params)
            else:
                await cursor.execute(f"{ENTER}; {query}".encode(), [str(workspace_id), *params])
                cursor.nextset()
            return await cursor.fetchall()


class Listener:
    """Hears notifications, and says when some may have been missed.

    `deaf` is called each time the ear is (re)connected: whatever came before was not heard, so caches must be emptied.
    """

    def __init__(self, url: str, channels: Mapping[str, Callable[[str], None]], deaf: Callable[[], None]) -> None:
        self._url = url
        self._channels = channels
        self._deaf = deaf
        self.is_listening = asyncio.Event()

    async def run(self) -> None:
        """Listen for ever; reconnect after each loss, at first at once, later every two seconds."""
        pause = 0.05
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._url, autocommit=True, application_name="plainsail edge listener"
                ) as connection:
                    await self._listen(connection)
                    pause = 0.05
            except psycopg.Error as error:
                log.info("notifications lost", extra={"error": str(error).strip()})
            finally:
                self.is_listening.clear()
            await asyncio.sleep(pause)
            pause = min(2.0, pause * 2)

    async def _listen(self, connection: psycopg.AsyncConnection[Any]) -> None:
        for channel in self._channels:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        self._deaf()
        self.is_listening.set()
        while True:
            async for notification in connection.notifies(timeout=30):
                self._channels[notification.channel](notification.payload)
            # A quiet half minute: make sure that there is still somebody at the other end.
            await connection.execute("SELECT 1")
