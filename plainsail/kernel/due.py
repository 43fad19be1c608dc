"""Which workspace has something due: one shared table, so that a minute's job never loops over all workspaces.

A claim moves the row ten minutes ahead and queues the run in the same transaction. A run that ends well sets what its
function says is next; one that dies is claimed again when the ten minutes are over.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from plainsail.kernel import clock, tenancy
from plainsail.kernel.jobs import every, job
from plainsail.kernel.models import Due, Workspace

LEASE = timedelta(minutes=10)

Run = Callable[..., datetime | None]


class DueWork:
    """A function that does what is due in a workspace and says when it must be called again."""

    def __init__(self, kind: str, function: Run, *, also_when_closed: bool = False) -> None:
        self.kind = kind
        self.function = function
        self.also_when_closed = also_when_closed
        self.__doc__ = function.__doc__

    def __call__(self, **arguments: Any) -> datetime | None:
        return self.function(**arguments)


KINDS: dict[str, DueWork] = {}


def runs(kind: str, *, also_when_closed: bool = False) -> Callable[[Run], DueWork]:
    """Name the function that does what is due of a kind: `(*, at) -> next due time or None`, in the workspace.

    Marked `@outside_transaction` it gets `workspace_id=` too and opens the workspace itself. In a business that is
    closed nothing falls due: it waits as it stands, and comes when the closing is taken back. `also_when_closed` is for
    what closing itself consists of, and for money on its way back.
    """

    def decorate(function: Run) -> DueWork:
        KINDS[kind] = DueWork(kind, function, also_when_closed=also_when_closed)
        return KINDS[kind]

    return decorate


def schedule(kind: str, at: datetime) -> None:
    """In the open workspace, something of this kind is due at a moment. The earliest one wins."""
    schedule_for(tenancy.current_workspace_id(), kind, at)


def schedule_for(workspace_id: UUID, kind: str, at: datetime) -> None:
    """The same for a workspace that is not open."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_due (workspace_id, kind, due_at) VALUES (%s, %s, %s) "
            "ON CONFLICT (workspace_id, kind) DO UPDATE SET due_at = LEAST(kernel_due.due_at, EXCLUDED.due_at)",
            [workspace_id, kind, at],
        )


def hurry(kind: str) -> None:
    """Have what of this kind is due in the open workspace done right after the commit, not at the next minute.

    Should the job be lost, the minute's look finds it all the same.
    """
    workspace_id = tenancy.current_workspace_id()
    at_once.in_turn(f"hurry:{kind}:{workspace_id}", turn=f"due:{kind}:{workspace_id}", kind=kind)


def claim(*, at: datetime, limit: int = 1000) -> list[tuple[UUID, str]]:
    """Take what is due, for ten minutes: (workspace id, kind) pairs that nobody else gets meanwhile."""
    always = [kind for kind, work in KINDS.items() if work.also_when_closed]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE kernel_due SET due_at = %s FROM (SELECT due.workspace_id, due.kind FROM kernel_due due "
            "JOIN kernel_workspace business ON business.id = due.workspace_id "
            "WHERE due.due_at <= %s AND (business.state = %s OR due.kind = ANY(%s)) "
            "ORDER BY due.due_at LIMIT %s FOR UPDATE OF due SKIP LOCKED) ready "
            "WHERE kernel_due.workspace_id = ready.workspace_id AND kernel_due.kind = ready.kind "
            "RETURNING kernel_due.workspace_id, kernel_due.kind",
            [at + LEASE, at, Workspace.State.OPEN, always, limit],
        )
        return list(cursor.fetchall())


@job("kernel.due_tick")
def tick() -> None:
    """Queue a run for everything that is due."""
    at = clock.now()
    for workspace_id, kind in claim(at=at):
        if kind in KINDS:
            run.once(f"due:{kind}:{workspace_id}", workspace_id=workspace_id, kind=kind, lease=at + LEASE)


@job("kernel.due_run", also_when_closed=True)
@tenancy.outside_transaction
def run(*, workspace_id: UUID, kind: str, lease: datetime) -> None:
    """Do what is due of one kind in one workspace, then set what is next."""
    work, at = KINDS[kind], clock.now()
    if not work.also_when_closed and tenancy.is_closed(workspace_id):
        # Closed since it was claimed: the claimed row stays, and is claimed again should the closing be taken back.
        return
    if tenancy.is_outside_transaction(work.function):
        following = work.function(workspace_id=workspace_id, at=at)
        with tenancy.workspace(workspace_id):
            _settle(workspace_id, kind, lease, following)
        return
    with tenancy.workspace(workspace_id):
        following = work.function(at=at)
        _settle(workspace_id, kind, lease, following)


@job("kernel.due_at_once", also_when_closed=True)
@tenancy.outside_transaction
def at_once(*, workspace_id: UUID, kind: str) -> None:
    """Claim one kind of one workspace, and do what is due of it."""
    at = clock.now()
    lease = at + LEASE
    with tenancy.workspace(workspace_id):
        claimed = Due.objects.filter(workspace_id=workspace_id, kind=kind, due_at__lte=at).update(due_at=lease)
    if claimed:
        run.function(workspace_id=workspace_id, kind=kind, lease=lease)


def _settle(workspace_id: UUID, kind: str, lease: datetime, following: datetime | None) -> None:
    Due.objects.filter(workspace_id=workspace_id, kind=kind, due_at=lease).delete()
    if following is not None:
        schedule_for(workspace_id, kind, following)


every(tick, minutes=1)
