"""The worker process: runs queued jobs, and hears from the edge that new rows have landed."""

import logging
import threading
import time

import django
import psycopg
from django.db import DatabaseError, connection

from plainsail.cli.lifeline import announce_ready
from plainsail.kernel import environment

LANDING = "plainsail_landing"
"""The channel on which the edge tells that it committed rows."""
DRAIN = "tracking.drain"
LONGEST_SILENCE = 30.0
PAUSE = 2.0

logger = logging.getLogger("plainsail.worker")


def work(*, concurrency: int) -> None:
    """Work until a signal says stop: jobs under way get 20 s to finish. Blocks."""
    django.setup()
    from plainsail.kernel import jobs

    threading.Thread(target=listen, name="landing", daemon=True).start()
    announce_ready()
    jobs.run_worker(concurrency=concurrency)


def listen() -> None:
    """Put the landing table's drain into the queue whenever the edge says so; reconnect when the database was away."""
    while True:
        try:
            _listen_once()
        except (psycopg.OperationalError, DatabaseError):
            logger.warning("the landing channel is away, trying again")
        connection.close()
        time.sleep(PAUSE)


def _listen_once() -> None:
    from plainsail.kernel.jobs import JOBS

    drain = JOBS[DRAIN]
    with psycopg.connect(environment.current().database_url, autocommit=True) as channel:
        channel.execute(f"LISTEN {LANDING}")
        # What landed while nobody listened.
        drain.once(DRAIN)
        while True:
            for _news in channel.notifies(timeout=LONGEST_SILENCE, stop_after=1):
                drain.once(DRAIN)
            channel.execute("SELECT 1")  # a dead connection is silent too
