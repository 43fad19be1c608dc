"""The RSGI application that granian runs: one per worker, started with its event loop and drained when it ends."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from typing import Any

from plainsail.edge import access_log, config, handover
from plainsail.edge.config import Config
from plainsail.edge.database import Listener
from plainsail.edge.proxy import Gone
from plainsail.edge.request import Request
from plainsail.edge.router import Router
from plainsail.edge.rsgi import Connection, Scope

log = logging.getLogger("plainsail.edge")

DRAIN_WITHIN = 5.0


class Edge:
    """Answers every request of the port."""

    def __init__(self, settings: Config | None = None) -> None:
        self._config = settings
        self._router: Router | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        access_log.configure_logging()
        # What is loaded by now stays; and a cache full of small objects need not be walked every few requests.
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        # Pages are answered in a thread of the server's; under load the loop's, which writes and loads, waits so long for it.
        sys.setswitchinterval(0.001)
        loop.run_until_complete(self._start())
        handover.first_to(self.answer_at_once)

    def answer_at_once(self, scope: Scope, connection: Connection) -> bool:
        """Answer in whichever thread we are, if memory is all it takes; else False."""
        assert self._router is not None
        request = Request(scope, connection)
        try:
            return self._router.answer_at_once(request)
        except BaseException as error:
            self._failed(request, error)
            self._router.log.answered(request)
            raise

    async def __rsgi__(self, scope: Scope, connection: Connection) -> None:
        assert self._router is not None
        request = Request(scope, connection)
        # Not in vain though it was asked before: meanwhile the page may have been loaded for somebody else.
        if self._router.answer_at_once(request):
            return
        try:
            await self._router.answer(request)
        except Gone:
            pass
        except BaseException as error:
            self._failed(request, error)
            raise
        finally:
            self._router.log.answered(request)

    @staticmethod
    def _failed(request: Request, error: BaseException) -> None:
        request.status = request.status or 500
        log.error("request failed", extra={"request_id": request.id, "error": repr(error)})

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.run_until_complete(self._stop())

    async def _start(self) -> None:
        settings = self._config or config.from_environment()
        self._router = router = Router(settings)
        await router.database.open()
        await router.proxy.open()
        channels = {"plainsail_hosts": router.forget_host, "plainsail_published": router.snapshots.forget}
        listener = Listener(settings.database_url, channels, router.forget_everything)
        self._tasks = [asyncio.ensure_future(listener.run()), asyncio.ensure_future(router.intake.run())]
        for task in self._tasks:
            task.add_done_callback(_must_go_on)

    async def _stop(self) -> None:
        """Commit what waits, then close. Requests under way have ended before."""
        assert self._router is not None
        if lost := await self._router.intake.drain(DRAIN_WITHIN):
            log.error("rows not written before the end", extra={"rows": lost})
        for task in self._tasks:
            task.remove_done_callback(_must_go_on)
            task.cancel()
        # Not for ever: Python 3.11's wait_for, which psycopg uses, may swallow a cancellation.
        await asyncio.wait(self._tasks, timeout=1)
        await self._router.proxy.close()
        await self._router.database.close()
        self._router.log.flush()


def _must_go_on(task: asyncio.Task[Any]) -> None:
    """A worker without its writer or its ear is worse than none: end it, and have it started anew."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("a task of the edge failed", exc_info=error)
        raise SystemExit(1)


app = Edge()


def granian_options(*, bind: str, port: int, workers: int) -> list[str]:
    """Command-line arguments for `granian` that run the edge on this address."""
    return [
        *("--interface", "rsgi", "--loop", "uvloop", "--runtime-mode", "st", "--http", "1", "--no-ws"),
        *("--host", bind, "--port", str(port), "--workers", str(workers), "--log-level", "warning"),
        *("--workers-kill-timeout", "15", "--respawn-failed-workers", "--backlog", "2048"),
        "plainsail.edge.server:app",
    ]
