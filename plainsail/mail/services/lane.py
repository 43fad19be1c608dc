"""A sending process: `python -m plainsail.mail.services.lane`, with what to send as JSON on its standard input.

Started by a worker when a broadcast has something to send, ended when nothing waits; no Django, some 40 MB.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import resource
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import psycopg

from plainsail.contacts.services.setwise import Cursor
from plainsail.kernel import clock, environment, turns
from plainsail.mail.services import servers
from plainsail.mail.services.bulk import Lane
from plainsail.mail.services.pipelines import Pool
from plainsail.mail.services.plans import Plan, signer_of
from plainsail.mail.services.smtp import Server

logger = logging.getLogger("plainsail.mail")


class PsycopgStore:
    """The database through a connection of our own, as the application's role, under the same policies."""

    def __init__(self, connection: psycopg.Connection[Any], workspace_id: UUID) -> None:
        self._connection = connection
        self._workspace_id = str(workspace_id)

    @contextmanager
    def _open(self) -> Iterator[Cursor]:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute("SELECT set_config('plainsail.workspace', %s, true)", [self._workspace_id])
            yield cast("Cursor", cursor)

    def transaction(self) -> AbstractContextManager[Cursor]:
        return self._open()


def main() -> None:
    """Send, and print one JSON object about it. Ends with status 1 when the database is lost: the journal remains."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    task = json.loads(sys.stdin.readline())
    plan = Plan.from_json(task["plan"])
    until = clock.now() + timedelta(seconds=task["seconds"])
    stopped = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGTERM, stop)
    # What is loaded stays, and a message leaves no cycles behind: looking for some is a few percent of the work.
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
    turns.shorten()
    server = Server.from_url(environment.current().smtp_url)
    try:
        with psycopg.connect(task["database"], autocommit=True) as connection:
            pool = Pool(server)
            store, meter = PsycopgStore(connection, plan.workspace_id), servers.Meter(server, pool)
            with ThreadPoolExecutor(1) as executor:
                lane = Lane(plan, store, pool, now=clock.now, executor=executor, signer=signer_of(plan.signing))
                end = lane.run(until=until, is_stopped=lambda: stopped, meter=meter)
            pool.close()
    except psycopg.OperationalError as error:
        logger.warning("the database is away", extra={"reason": str(error)})
        sys.stderr.flush()
        os._exit(1)
    used = resource.getrusage(resource.RUSAGE_SELF)
    said = {
        "end": end,
        "waits_until": lane.waits_until.isoformat() if lane.waits_until else None,
        "cpu": used.ru_utime + used.ru_stime,
        "rss_kb": _most_memory(),
    }
    json.dump(said, sys.stdout)


def _most_memory() -> int:
    """The most memory that this process ever had, in KB; getrusage would tell that of the worker that started it."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(status.split("VmHWM:")[1].split()[0])


if __name__ == "__main__":
    main()
