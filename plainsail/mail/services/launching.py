"""Starts sending processes for a worker, and waits for them."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection
from psycopg.conninfo import make_conninfo

from plainsail.kernel import clock, environment
from plainsail.mail.services import planning
from plainsail.mail.services.bulk import End, Lane
from plainsail.mail.services.pipelines import Pool
from plainsail.mail.services.plans import Plan, signer_of
from plainsail.mail.services.servers import Meter
from plainsail.mail.services.smtp import Server

if TYPE_CHECKING:
    from plainsail.mail.services.carrying import CarrierPool

logger = logging.getLogger("plainsail.mail")

GRACE = 180.0
"""Seconds that a process may take after its time is up: the longest wait for a server's last answer, and some."""


class Lost(Exception):
    """A sending process ended without saying how far it came; its journal says it."""


@dataclass(frozen=True)
class Course:
    """How a course of sending ended; with LIMITED, when it may go on."""

    end: End
    waits_until: datetime | None = None


def run(plan: Plan, *, until: datetime) -> Course:
    """Send a broadcast until nothing waits or the time is up, in a process of its own. Raises Lost.

    Inside somebody's transaction no other process could see what waits: there it is sent from here.
    """
    if connection.in_atomic_block:
        return _run_here(plan, until=until)
    said = run_apart(plan, seconds=(until - clock.now()).total_seconds())
    waits_until = datetime.fromisoformat(said["waits_until"]) if said["waits_until"] else None
    return Course(End(said["end"]), waits_until)


def run_carried(plan: Plan, pool: CarrierPool, *, until: datetime) -> Course:
    """Send a broadcast through a mail service, from this process: what it waits for is the service, not the processor."""
    lane = Lane(plan, planning.DjangoStore(plan.workspace_id), pool, now=clock.now)
    return Course(lane.run(until=until), lane.waits_until)


def run_apart(plan: Plan, *, seconds: float) -> dict[str, Any]:
    """Start a process, wait for it, and return what it says: `end`, `waits_until`, `cpu` (seconds), `rss_kb`. Raises Lost."""
    with start(plan, seconds=seconds) as process:
        try:
            output, _nothing = process.communicate(timeout=seconds + GRACE)
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise Lost(f"A sending process ended with {process.returncode}.")
    said: dict[str, Any] = json.loads(output)
    logger.info("a sending process is done", extra=said)
    return said


def start(plan: Plan, *, seconds: float) -> subprocess.Popen[str]:
    """The process, with its task on its way to it. It knows the database through that pipe, not by its environment."""
    process = subprocess.Popen(
        [sys.executable, "-m", "plainsail.mail.services.lane"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps({"plan": plan.to_json(), "seconds": seconds, "database": _conninfo()}) + "\n")
    process.stdin.flush()
    return process


def _conninfo() -> str:
    found = connection.get_connection_params()
    known = ("dbname", "user", "password", "host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "options")
    return make_conninfo("", **{name: found[name] for name in known if found.get(name)})


def _run_here(plan: Plan, *, until: datetime) -> Course:
    server = Server.from_url(environment.current().smtp_url)
    pool = Pool(server)
    try:
        store, signer = planning.DjangoStore(plan.workspace_id), signer_of(plan.signing)
        lane = Lane(plan, store, pool, now=clock.now, signer=signer)
        return Course(lane.run(until=until, meter=Meter(server, pool)), lane.waits_until)
    finally:
        pool.close()
