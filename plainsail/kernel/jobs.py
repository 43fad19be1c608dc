"""Work that can wait: a service function with `@job` and `.later()`. Hides the queue library (procrastinate).

Enqueueing is part of the caller's transaction. The job runs in the workspace it was asked for in, in one transaction,
unless it is marked `@outside_transaction`. It may run twice: after a crash, a job that was under way is run again.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import procrastinate
from django.db import close_old_connections, connection, transaction
from procrastinate.contrib.django import app as queue_app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import AlreadyEnqueued, UniqueViolation
from procrastinate.manager import JobManager

from plainsail.kernel import clock, tenancy
from plainsail.kernel.ids import new_id
from plainsail.kernel.logging import request_id

logger = logging.getLogger("plainsail.jobs")

RETRY = procrastinate.RetryStrategy(max_attempts=9, exponential_wait=3)
STALLED_AFTER = 30
"""Seconds without a worker's heartbeat after which its jobs are run again (procrastinate beats every 10 s)."""

RECOVER = "kernel.recover_stalled"
FIRST = 10
"""The queue's priority of what the clock asks for; all else has 0."""
WAITS = timedelta(hours=1)
"""How long a job is put off whose business is closed."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)

Function = Callable[..., None]


class Job:
    """A function that a worker runs. `later` puts it in the queue, `once` keeps at most one waiting under a key."""

    def __init__(self, name: str, function: Function, *, also_when_closed: bool = False) -> None:
        self.name = name
        self.function = function
        self.also_when_closed = also_when_closed
        self.__doc__ = function.__doc__
        self.__name__ = getattr(function, "__name__", name)
        self.__module__ = function.__module__

    def __call__(self, **arguments: Any) -> None:
        """Run it here and now, as the worker would inside the workspace."""
        self.function(**arguments)

    def later(self, **arguments: Any) -> None:
        """Run it soon, once the transaction around is committed."""
        self._defer({}, arguments)

    def later_at(self, at: datetime, **arguments: Any) -> None:
        """Run it at a moment."""
        self._defer({"schedule_at": at}, arguments)

    def once(self, key: str, **arguments: Any) -> None:
        """Run it soon, unless the same key waits already; runs of one key never overlap."""
        self.in_turn(key, turn=key, **arguments)

    def in_turn(self, key: str, *, turn: str, **arguments: Any) -> None:
        """The same, and one after the other with all that is queued for the same turn."""
        try:
            with transaction.atomic():
                self._defer({"queueing_lock": key, "lock": turn}, arguments)
        except AlreadyEnqueued:
            logger.debug("already waiting", extra={"job": self.name, "key": key})

    def _defer(self, options: dict[str, Any], arguments: dict[str, Any]) -> None:
        task = queue_app.configure_task(name=self.name, **options)
        task.defer(
            call=dump(arguments),
            workspace=str(tenancy.current_workspace_id()) if tenancy.has_workspace() else None,
            # So that a request's id is found in the log of what it had done later, too.
            request=request_id.get(),
        )

    def perform(self, call: dict[str, Any], workspace: str | None) -> None:
        """Run a queued call: what the worker does. The workspace's transaction is open unless the job stands outside.

        In a business that is closed nothing is done: what was queued waits, until the closing is taken back or the
        business is erased.
        """
        arguments = load(call)
        if self._has_to_wait(UUID(workspace) if workspace else arguments.get("workspace_id")):
            logger.info("waits, for its business is closed", extra={"job": self.name})
            self._put_off(call, workspace)
            return
        if tenancy.is_outside_transaction(self.function):
            if workspace is not None:
                arguments.setdefault("workspace_id", UUID(workspace))
            self.function(**arguments)
        elif workspace is None:
            with transaction.atomic():
                self.function(**arguments)
        else:
            with tenancy.workspace(UUID(workspace)):
                self.function(**arguments)

    def _has_to_wait(self, workspace_id: UUID | None) -> bool:
        return not self.also_when_closed and workspace_id is not None and tenancy.is_closed(workspace_id)

    def _put_off(self, call: dict[str, Any], workspace: str | None) -> None:
        """Wait on; of calls that are the same one waits, however many came while the business was closed."""
        same = hashlib.blake2b(json.dumps([call, workspace], sort_keys=True).encode(), digest_size=16).hexdigest()
        try:
            with transaction.atomic():
                later = queue_app.configure_task(
                    name=self.name, schedule_at=clock.now() + WAITS, queueing_lock=f"closed:{self.name}:{same}"
                )
                later.defer(call=call, workspace=workspace, request=request_id.get())
        except AlreadyEnqueued:
            logger.debug("already waiting", extra={"job": self.name})


JOBS: dict[str, Job] = {}
TIMETABLE: dict[str, str] = {}
"""Job name to its cron expression."""


def job(name: str, *, also_when_closed: bool = False) -> Callable[[Function], Job]:
    """Make a function a job, under a name fixed for ever. Its arguments: UUID, str, int, bool, datetime, None, lists.

    `also_when_closed`: it is done in a closed business too, where all other work waits.
    """

    def decorate(function: Function) -> Job:
        if name in JOBS:
            raise ValueError(f"Two jobs are called {name!r}.")
        JOBS[name] = Job(name, function, also_when_closed=also_when_closed)
        return JOBS[name]

    return decorate


def every(work: Job, *, minutes: int = 0, hours: int = 0, cron: str = "") -> None:
    """Run a job without arguments by the clock: every so many minutes or hours, or by a cron expression (UTC)."""
    TIMETABLE[work.name] = cron or (f"*/{minutes} * * * *" if minutes else f"7 */{hours} * * *")


def register() -> None:
    """Tell the queue every job and the timetable. Called once, when all areas are loaded."""
    for work in JOBS.values():
        queue_app.task(name=work.name, retry=RETRY)(_performer(work))
    for name, cron in TIMETABLE.items():
        _by_the_clock(f"every:{name}", cron, _timed(JOBS[name]), periodic_id=name, lock=f"every:{name}")
    _by_the_clock(RECOVER, "* * * * *", recover_stalled, pass_context=True)


def _by_the_clock(name: str, cron: str, function: Callable[..., Any], *, periodic_id: str = "", **options: Any) -> None:
    """Queue a function by the clock, once at a time, and before all other work: an hour of mail must not hold the clock up."""
    task: Callable[..., Any] = queue_app.task(name=name, queueing_lock=name, priority=FIRST, **options)
    queue_app.periodic(cron=cron, periodic_id=periodic_id)(task(function))


def _performer(work: Job) -> Callable[..., None]:
    def perform(call: dict[str, Any], workspace: str | None = None, request: str = "") -> None:
        with _by_itself(request):
            work.perform(call, workspace)

    return perform


def _timed(work: Job) -> Callable[[int], None]:
    def run(timestamp: int) -> None:
        with _by_itself(""):
            work.perform({}, None)

    return run


@contextmanager
def _by_itself(request: str) -> Iterator[None]:
    """Log under the id of the request that asked for this; what the clock asked for gets one of its own.

    The database's connection goes back at the end: the next job may run in another thread.
    """
    token = request_id.set(request or new_id().hex)
    try:
        yield
    finally:
        request_id.reset(token)
        close_old_connections()


class Manager(JobManager):
    """The queue's own, but for a job that shall wait again while another waits under its key: it gives way to that one.

    Both would do the same. A key waits once, so the queue would refuse, and the job would keep its lock for ever.
    """

    async def retry_job(self, job: procrastinate.jobs.Job, *arguments: Any, **when: Any) -> None:
        try:
            await super().retry_job(job, *arguments, **when)
        except UniqueViolation:
            await self.finish_job(job, status=procrastinate.jobs.Status.FAILED, delete_job=True)


def worker_app() -> procrastinate.App:
    """The queue as a worker talks to it."""
    connector = procrastinate.PsycopgConnector(
        kwargs=connector_params(), min_size=1, max_size=4, max_idle=3, num_workers=1
    )
    made = queue_app.with_connector(connector)
    made.job_manager = Manager(made.connector)
    return made


async def recover_stalled(context: procrastinate.JobContext, timestamp: int) -> None:
    """Run again the jobs of workers that stopped beating."""
    manager = context.app.job_manager
    for stalled in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
        logger.warning("stalled job runs again", extra={"job": stalled.task_name, "job_id": stalled.id})
        await manager.retry_job(stalled)


def run_worker(*, concurrency: int = 4) -> bool:
    """Work until a signal says stop, and return whether one did: else the queue's own connection was lost. Blocks.

    Jobs under way get 20 s to finish. A second signal ends the process at once.
    """
    return asyncio.run(_work(concurrency))


async def _work(concurrency: int) -> bool:
    app, loop = worker_app(), asyncio.get_running_loop()

    def stop() -> None:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
        working.cancel()

    async with app.open_async():
        working = asyncio.ensure_future(
            app.run_worker_async(
                concurrency=concurrency,
                fetch_job_polling_interval=5.0,
                shutdown_graceful_timeout=20.0,
                delete_jobs="successful",
                install_signal_handlers=False,
            )
        )
        for number in SIGNALS:
            loop.add_signal_handler(number, stop)
        try:
            await working
        except asyncio.CancelledError:
            return True
    return False


def attempt(function: Callable[[], None], *, what: str) -> str | None:
    """Run in a savepoint; on any failure roll back to it, log, and give the reason. Only for work done on others' behalf."""
    try:
        with transaction.atomic():
            function()
            if connection.features.supports_foreign_keys:
                # Tied keys are checked at commit: ask now, while the failure can still be pinned to this piece of work.
                connection.check_constraints()
                with connection.cursor() as cursor:
                    cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except Exception as error:
        logger.warning("failed, will be tried again", extra={"what": what}, exc_info=True)
        return "".join(traceback.format_exception_only(error)).strip()
    return None


def dump(arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments as JSON, with UUIDs and moments marked."""
    return {name: _dump(value) for name, value in arguments.items()}


def _dump(value: Any) -> Any:
    if isinstance(value, UUID):
        return {"$id": str(value)}
    if isinstance(value, datetime):
        return {"$at": value.isoformat()}
    return [_dump(item) for item in value] if isinstance(value, list | tuple) else value


def load(call: dict[str, Any]) -> dict[str, Any]:
    """What `dump` wrote, as it was."""
    return {name: _load(value) for name, value in call.items()}


def _load(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"$id"}:
        return UUID(value["$id"])
    if isinstance(value, dict) and set(value) == {"$at"}:
        return datetime.fromisoformat(value["$at"])
    return [_load(item) for item in value] if isinstance(value, list) else value
