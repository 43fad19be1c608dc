"""What a set of runs leaves behind: which steps were taken by whom, and where each goes on; written in two statements at the end.

The log's unique key (run, step, visit) is written in the transaction that moves the run, so no step is taken twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from plainsail.automations.models import AutomationVersion, Run
from plainsail.contacts.services.setwise import texts
from plainsail.kernel.ids import in_a_row

State = Run.State

# What many share is said once, with their ids as one text: a thousand values fewer to bring over.
LOG = """
INSERT INTO automations_steplog (id, created_at, workspace_id, run_id, automation_id, step, visit, outcome, note, at)
SELECT {ids}, %(at)s, %(workspace)s, r.id, %(automation)s, g.step, g.visit, g.outcome, g.note, %(at)s
FROM unnest(%(steps)s::text[], %(visits)s::int[], %(outcomes)s::text[], %(notes)s::text[], %(runs)s::text[])
  AS g (step, visit, outcome, note, runs), unnest(g.runs::uuid[]) AS r (id)
"""

# Whoever leaves a wait has its row already: it says now how the wait ended.
LOG_ANEW = """
UPDATE automations_steplog l SET outcome = m.outcome, at = %(at)s
FROM (SELECT g.outcome, r.id FROM unnest(%(outcomes)s::text[], %(runs)s::text[]) AS g (outcome, runs), unnest(g.runs::uuid[]) AS r (id)) m
WHERE l.workspace_id = %(workspace)s AND l.run_id = m.id AND l.step = %(step)s
  AND l.visit = (SELECT max(x.visit) FROM automations_steplog x
                 WHERE x.workspace_id = %(workspace)s AND x.run_id = m.id AND x.step = %(step)s)
"""

# A run that a step itself ended stays ended.
MOVE = """
WITH moved AS (
  UPDATE automations_run r
  SET state = m.state, step = m.step, is_in_wait = m.is_in_wait, due_at = m.due_at, failures = 0, error = '',
    ended_at = CASE WHEN m.state = 'waiting' THEN NULL ELSE %(at)s::timestamptz END, counted_on = %(today)s,
    steps_that_day = CASE WHEN r.counted_on = %(today)s THEN r.steps_that_day + m.taken ELSE m.taken END
  FROM (SELECT g.state, g.step, g.is_in_wait, g.due_at, g.taken, r.id
        FROM unnest(%(states)s::text[], %(steps)s::text[], %(waits)s::bool[], %(moments)s::timestamptz[], %(taken)s::int[],
            %(runs)s::text[]) AS g (state, step, is_in_wait, due_at, taken, runs), unnest(g.runs::uuid[]) AS r (id)) m
  WHERE r.workspace_id = %(workspace)s AND r.id = m.id AND r.state = 'waiting'
  RETURNING r.id, r.state
)
SELECT id FROM moved WHERE state = 'done'
"""


@dataclass(slots=True, eq=False)
class Taken:
    """A run that is due at a step, locked; and what it has done since."""

    run: str
    """Its id, as 32 hex digits: there are many, and most are only handed back."""
    contact_id: UUID
    round: int
    is_in_wait: bool
    zone: str
    is_gone: bool
    steps_left: int
    """How many it may take today."""
    steps_taken: int = 0

    @property
    def has_walked_too_far(self) -> bool:
        return self.steps_left <= 0

    def walked(self) -> Taken:
        """The same, come to the next step."""
        self.is_in_wait = False
        self.steps_left -= 1
        return self


class Move(NamedTuple):
    """People who leave a step the same way: where they go on, and what is logged of the step, nothing where the outcome is empty."""

    people: Sequence[Taken]
    outcome: str
    step: str
    note: str = ""
    due_at: datetime | None = None
    """When they go on in a wait that begins here; None for at once."""
    state: str = State.WAITING

    @property
    def goes_on_at_once(self) -> bool:
        """Whether the next step may be taken in the same breath."""
        return self.state == State.WAITING and bool(self.step) and self.due_at is None


@dataclass
class Logbook:
    """Filled step by step, then written at once."""

    version: AutomationVersion
    at: datetime
    _fresh: dict[tuple[str, int, str, str], list[str]] = field(default_factory=dict)
    """By step, visit, outcome and note the runs that took it so."""
    _anew: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """By step and outcome the runs whose wait is over."""
    _places: dict[tuple[str, str, bool, datetime, int], list[str]] = field(default_factory=dict)
    """By state, step, whether it is a wait, moment and steps taken the runs that stay there."""

    def took(self, step_id: str, move: Move) -> None:
        """People left a step."""
        for one in move.people:
            one.steps_taken += 1
        if not move.outcome:
            return
        for visit, people in _by(move.people, "round"):
            if fresh := [one.run for one in people if not one.is_in_wait]:
                self._fresh.setdefault((step_id, visit, move.outcome, move.note), []).extend(fresh)
            if len(fresh) < len(people):
                waited = [one.run for one in people if one.is_in_wait]
                self._anew.setdefault(step_id, {}).setdefault(move.outcome, []).extend(waited)

    def stay(self, move: Move) -> None:
        """People take no further step for now; whoever has none left before them is through."""
        if not move.people:
            return
        state = State.DONE if move.state == State.WAITING and not move.step else move.state
        for taken, people in _by(move.people, "steps_taken"):
            place = (str(state), move.step, move.due_at is not None, move.due_at or self.at, taken)
            self._places.setdefault(place, []).extend([one.run for one in people])

    def write(self) -> list[UUID]:
        """Log the steps and move the runs; returns those that are through. Two statements, and one more for each wait that ended."""
        if not self._places:
            return []
        shared = {"workspace": self.version.workspace_id, "automation": self.version.automation_id, "at": self.at}
        with connection.cursor() as cursor:
            self._log(cursor, shared)
            return self._move(cursor, shared)

    def _log(self, cursor: Any, shared: dict[str, Any]) -> None:
        if self._fresh:
            steps, visits, outcomes, notes = (list(column) for column in zip(*self._fresh, strict=True))
            said = {"steps": steps, "visits": visits, "outcomes": outcomes, "notes": notes}
            runs = [texts(ids) for ids in self._fresh.values()]
            cursor.execute(LOG.format(ids=in_a_row()), shared | said | {"runs": runs})
        for step, ended in self._anew.items():
            again = {"step": step, "outcomes": list(ended), "runs": [texts(ids) for ids in ended.values()]}
            cursor.execute(LOG_ANEW, shared | again)

    def _move(self, cursor: Any, shared: dict[str, Any]) -> list[UUID]:
        states, steps, waits, moments, counts = (list(column) for column in zip(*self._places, strict=True))
        where = {"states": states, "steps": steps, "waits": waits, "moments": moments, "taken": counts}
        runs = [texts(ids) for ids in self._places.values()]
        cursor.execute(MOVE, shared | where | {"today": self.at.date(), "runs": runs})
        return [run_id for (run_id,) in cursor.fetchall()]


def _by(people: Sequence[Taken], name: str) -> Iterator[tuple[int, Sequence[Taken]]]:
    """People by a number of theirs, which nearly always is the same for all."""
    numbers = {getattr(one, name) for one in people}
    if len(numbers) == 1:
        yield numbers.pop(), people
        return
    for number in sorted(numbers):
        yield number, [one for one in people if getattr(one, name) == number]
