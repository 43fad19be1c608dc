"""Doing in a test, at once and in order, what a worker would do in the background."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from plainsail.kernel import clock, due, events, tenancy
from plainsail.kernel.jobs import JOBS
from plainsail.kernel.models import PendingEvent, Workspace

ROUNDS = 100


def run_jobs(*, at: datetime | None = None) -> int:
    """Hear all events and run all waiting jobs and due work until nothing is left; returns how many jobs ran.

    With `at` the clock stands there meanwhile. A failing job fails the test.
    """
    moment = at or clock.now()
    ran = 0
    with _no_workspace(), clock.fixed(moment):
        for _round in range(ROUNDS):
            did = _hear_events(moment) + _run_due(moment) + _run_queue(moment)
            ran += did
            if not did:
                return ran
    raise AssertionError("Jobs keep making jobs.")


def _hear_events(moment: datetime) -> int:
    heard = 0
    for workspace_id in Workspace.objects.order_by("id").values_list("id", flat=True):
        waiting = _subscribers_with_news(workspace_id)
        for subscriber in events.subscribers():
            if subscriber in waiting:
                heard += events.hear_batch(workspace_id, subscriber, at=moment)
                # Who has heard may have told something to those who come after.
                waiting = _subscribers_with_news(workspace_id)
    return heard


def _subscribers_with_news(workspace_id: UUID) -> set[str]:
    with tenancy.workspace(workspace_id):
        return set(PendingEvent.objects.values_list("subscriber", flat=True))


def _run_due(moment: datetime) -> int:
    claimed = due.claim(at=moment)
    for workspace_id, kind in claimed:
        due.run.function(workspace_id=workspace_id, kind=kind, lease=moment + due.LEASE)
    return len(claimed)


def _run_queue(moment: datetime) -> int:
    """Each waiting job once; deleted first, as a worker's success would."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM procrastinate_jobs WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= %s) "
            "RETURNING id, task_name, args",
            [moment],
        )
        waiting: list[tuple[int, str, dict[str, Any]]] = sorted(cursor.fetchall())
    ran = 0
    for _id, name, arguments in waiting:
        call = arguments if isinstance(arguments, dict) else __import__("json").loads(arguments)
        if name == events.drain.name:
            continue
        JOBS[name].perform(call["call"], call["workspace"])
        ran += 1
    return ran


@contextmanager
def _no_workspace() -> Iterator[None]:
    """Step out of the test's own workspace for a while: the worker starts with none."""
    outer = tenancy._current.get()
    token = tenancy._current.set(None)
    try:
        yield
    finally:
        tenancy._current.reset(token)
        if outer is not None:
            tenancy._tell_database(str(outer))
