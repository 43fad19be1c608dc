"""The worker process: runs queued jobs, and hears from the edge that new rows have landed."""

import gc
import logging
import sys
import threading
import time

import django
import psycopg
from django.db import DatabaseError, close_old_connections, connection

from plainsail.cli.lifeline import announce_ready
from plainsail.kernel import environment

LANDING = "plainsail_landing"
"""The channel on which the edge tells that it committed rows."""
DRAIN = "tracking.drain"
DUE_TICK = "kernel.due_tick"
LONGEST_SILENCE = 30.0
PAUSE = 2.0

logger = logging.getLogger("plainsail.worker")


def work(*, concurrency: int) -> None:
    """Work until a signal says stop: jobs under way get 20 s to finish. Blocks.

    Ends with status 1 when the queue's connection is lost: whoever looks after the process starts it anew.
    """
    django.setup()
    from plainsail.kernel import jobs
    from plainsail.mail.services import sending

    # What is loaded by now stays: looking for rubbish in all of it takes as long as taking a thousand people a step further.
    gc.collect()
    gc.freeze()
    threading.Thread(target=listen, name="landing", daemon=True).start()
    announce_ready()
    # A sending process has a job wait for it, which must not keep a receipt waiting.
    if not jobs.run_worker(concurrency=concurrency + sending.lanes()):
        logger.error("the queue is away; ending, to be started anew")
        sys.exit(1)


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

    drain, due_tick = JOBS[DRAIN], JOBS[DUE_TICK]
    with psycopg.connect(environment.current().database_url, autocommit=True) as channel:
        channel.execute(f"LISTEN {LANDING}")
        # What landed and what fell due while nobody listened.
        drain.once(DRAIN)
        due_tick.once(DUE_TICK)
        while True:
            close_old_connections()
            for _news in channel.notifies(timeout=LONGEST_SILENCE, stop_after=1):
                drain.once(DRAIN)
            channel.execute("SELECT 1")  # a dead connection is silent too
