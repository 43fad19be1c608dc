"""The engine: everybody who is due goes on, all at the same step of the same version together, a transaction a set.

A set that fails is halved until whoever makes it fail stands alone: only they are held up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db import connection

from plainsail.automations.models import Automation, AutomationVersion, Run, StepLog
from plainsail.automations.services import flows, lanes, stepping
from plainsail.automations.services.entering import RUNS
from plainsail.contacts.services.setwise import ids as array
from plainsail.kernel import clock, due
from plainsail.kernel.jobs import attempt
from plainsail.kernel.tenancy import current_workspace_id, outside_transaction, workspace

SLICE = timedelta(seconds=30)
"""After this long other work gets its turn; what is left is due at once."""
WINDOW = 10_000
"""Due runs that are looked at together, the longest due first."""
MOST_FAILURES = 5
HELD = timedelta(minutes=1)
"""When to look again where all that is due is in other hands."""

State = Run.State
Key = tuple[datetime, str]
Place = tuple[str, str]
"""A version's id and a step's. Ids of runs and versions stay the texts that they came as: there are many, and most only go back."""


@due.runs(RUNS)
@outside_transaction
def advance(*, workspace_id: UUID, at: datetime) -> datetime | None:
    """Take every due run as far as it goes; returns when the next one is due.

    Many workers may do this at once: they pass over each other's runs. Resumable by key: what one leaves behind is due.
    """
    until = clock.now() + SLICE
    with lanes.opened() as side_by_side:
        sweep = Sweep(workspace_id, at, side_by_side)
        while clock.now() < until:
            if not sweep.goes_on(until):
                with workspace(workspace_id):
                    following = _next_due(at=at)
                return min(at + HELD, following or at + HELD) if sweep.is_held else following
    return at


@dataclass
class Sweep:
    """A way through what is due in a workspace at a moment, window after window; begins again behind the last one.

    `is_held` where there was something due that others had.
    """

    workspace_id: UUID
    at: datetime
    side_by_side: lanes.SideBySide
    after: Key | None = None
    taken: int = 0
    is_held: bool = False
    versions: dict[str, AutomationVersion] = field(default_factory=dict)

    def goes_on(self, until: datetime) -> bool:
        """Take one window; False where nothing is left that could be taken."""
        groups, last = self._window()
        if last is None:
            has_begun, self.after = self.after is not None, None
            self.is_held, taken, self.taken = has_begun and not self.taken, self.taken, 0
            return has_begun and taken > 0
        for place, ids in groups.items():
            if clock.now() >= until:
                return True
            # People of one step alone: who takes the same way writes in the same order, and waits for nobody in a circle.
            self.taken += self.side_by_side(partial(self._take, place), ids)
        self.after = last
        return True

    def _window(self) -> tuple[dict[Place, list[str]], Key | None]:
        """The next runs that are due, by where they are, and the last one's key; read from the index alone."""
        with workspace(self.workspace_id):
            found = due_now(at=self.at, after=self.after, limit=WINDOW)
        last = max(((due_at, ids[-1]) for _place, ids, due_at in found), default=None)
        return {place: ids for place, ids, _due_at in found}, last

    def _take(self, place: Place, ids: Sequence[str]) -> int:
        """Let a set walk on from its step, in a transaction; returns how many did, or failed to. Where it can't be done for
        all of them as far as they would get, they take the one step, and on the way it turns out who fails at which."""
        version_id, step_id = place
        with _set(self.workspace_id):
            version = self._version(version_id)
            if stepping.takes_sets(version, step_id):
                number, error = _attempt(
                    stepping.walk, stepping.Stop(version, step_id, version.workspace, self.at), ids
                )
                if error is None:
                    return number
        return self._step(place, ids)

    def _step(self, place: Place, ids: Sequence[str]) -> int:
        """Let a set take its step alone; one that fails is halved until whoever fails stands alone."""
        version_id, step_id = place
        with _set(self.workspace_id):
            version = self._version(version_id)
            if len(ids) == 1 or stepping.takes_sets(version, step_id):
                stop = stepping.Stop(version, step_id, version.workspace, self.at)
                number, error = _attempt(stepping.take, stop, ids)
                if error is None:
                    return number
                if len(ids) == 1:
                    _failed(ids[0], error, at=self.at)
                    return 1
        middle = len(ids) // 2
        return self._step(place, ids[:middle]) + self._step(place, ids[middle:])

    def _version(self, version_id: str) -> AutomationVersion:
        """A version never changes, so it is read once."""
        if version_id not in self.versions:
            found = AutomationVersion.objects.select_related("workspace").get(id=version_id)
            self.versions[version_id] = found
        return self.versions[version_id]


@contextmanager
def _set(workspace_id: UUID) -> Iterator[None]:
    """A set's transaction. It is not waited for until the disk has it: all of a set, the log and what is owed for it, is in one
    transaction, so a database that loses it has the set take its step again. Whoever talks to the network for it commits
    first that they will, and that commit, like the one that ends the sweep, takes all before it along.
    """
    with workspace(workspace_id), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        yield


# One range of the index `automations_run_due`, in its order; its table is not read. Where they are is put together by the
# database, for a moment or an id that becomes an object here takes longer than to find it there.
DUE = """
WITH due AS MATERIALIZED (
  SELECT due_at, id, version_id, step FROM automations_run
  WHERE workspace_id = %(workspace)s AND state = 'waiting' AND due_at <= %(at)s
    AND (due_at, id) > (%(after_at)s, %(after_id)s::uuid) AND automation_id <> ALL(%(resting)s::uuid[])
  ORDER BY due_at, id LIMIT %(limit)s
)
SELECT version_id::text, step, array_agg(id)::text, min(due_at), max(due_at) FROM due GROUP BY version_id, step
"""
FIRST: Key = (datetime(1970, 1, 1, tzinfo=UTC), str(UUID(int=0)))


def due_now(*, at: datetime, after: Key | None, limit: int) -> list[tuple[Place, list[str], datetime]]:
    """Runs that are due, the longest due first, behind a key: for each place their ids and when the last of them was due.

    An index-only scan. Those of automations that pause are passed over where they stand.
    """
    resting = Automation.objects.exclude(state=Automation.State.LIVE).exclude(version=None)
    after_at, after_id = after or FIRST
    with connection.cursor() as cursor:
        cursor.execute(
            DUE,
            {
                "workspace": current_workspace_id(),
                "at": at,
                "after_at": after_at,
                "after_id": after_id,
                "resting": array(resting.values_list("id", flat=True)),
                "limit": limit,
            },
        )
        rows = sorted(cursor.fetchall(), key=itemgetter(3))
    return [((version, step), ids.strip("{}").split(","), last) for version, step, ids, _first, last in rows]


def _attempt(
    go: Callable[[stepping.Stop, Sequence[str]], int], stop: stepping.Stop, ids: Sequence[str]
) -> tuple[int, str | None]:
    """How many took the step, or what went wrong; then nothing of it has happened."""
    taken = []
    error = attempt(lambda: taken.append(go(stop, ids)), what="automations.step")
    return sum(taken), error


def _failed(run_id: str, error: str, *, at: datetime) -> None:
    """Try again later, ever less often; after MOST_FAILURES a person has to look."""
    run = Run.objects.select_for_update().filter(id=run_id, state=State.WAITING).first()
    if run is None:
        return
    run.failures += 1
    run.error, run.due_at = error[:2000], at + timedelta(minutes=4**run.failures)
    if run.failures >= MOST_FAILURES:
        run.due_at = at
        run.save(update_fields=["failures", "due_at"])
        stepping.park([run.id], error, at=at)
        return
    run.save(update_fields=["failures", "error", "due_at"])


def retry(run: Run, *, at: datetime) -> None:
    """Try a held-up run again, after its cause was mended."""
    _revive(run, at=at)


def skip(run: Run, *, at: datetime) -> None:
    """Leave out the step that holds a run up and go on behind it. Raises NoSuchStep."""
    following = flows.after(run.version.document, run.step)
    StepLog.objects.update_or_create(
        run=run,
        step=run.step,
        visit=run.round,
        defaults={
            "automation_id": run.automation_id,
            "outcome": "skipped",
            "note": run.error.splitlines()[-1][:300] if run.error else "",
            "at": at,
            "created_at": at,
        },
    )
    _revive(run, at=at, step=following, is_in_wait=False)


def _revive(run: Run, *, at: datetime, **values: Any) -> None:
    Run.objects.filter(id=run.id, state=State.PARKED).update(
        state=State.WAITING, due_at=at, failures=0, error="", steps_that_day=0, **values
    )
    due.schedule(RUNS, at)


def take_out(run: Run, *, at: datetime) -> None:
    """End somebody's way through an automation here."""
    Run.objects.filter(id=run.id, ended_at=None).update(state=State.STOPPED, ended_at=at, step="", is_in_wait=False)


def take_out_many(automation_id: UUID, contact_ids: Collection[UUID], *, at: datetime) -> set[UUID]:
    """End these contacts' way through an automation; returns who was in it. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE automations_run SET state = 'stopped', ended_at = %s, step = '', is_in_wait = false "
            "WHERE workspace_id = %s AND automation_id = %s AND contact_id = ANY(%s::uuid[]) AND ended_at IS NULL "
            "RETURNING contact_id",
            [at, current_workspace_id(), automation_id, array(contact_ids)],
        )
        return {contact_id for (contact_id,) in cursor.fetchall()}


def _next_due(*, at: datetime) -> datetime | None:
    waiting = Run.objects.filter(state=State.WAITING, due_at__gt=at, automation__state=Automation.State.LIVE)
    following: datetime | None = waiting.order_by("due_at").values_list("due_at", flat=True).first()
    return following
