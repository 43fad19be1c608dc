"""One step of one version, taken by everybody who is due there: a statement that takes them, one or a few for what the step
does, and one that writes where each goes and that the step was taken. A run alone is a set of one.

The log's unique key (run, step, visit) is written in the statement that moves the run, so no step is taken twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from plainsail.automations.events import AutomationFinished, RunParked
from plainsail.automations.models import AutomationVersion, Run
from plainsail.automations.services import flows, timing
from plainsail.automations.sockets import ACTIONS, CONDITIONS, Work
from plainsail.contacts.models import Contact, FieldValue
from plainsail.contacts.services.setwise import ids as array
from plainsail.kernel.events import publish_selected
from plainsail.kernel.ids import in_a_row
from plainsail.kernel.models import Workspace

MOST_STEPS_A_DAY = 100
"""Steps that one run may take in a day: a guard against flows that go round in circles through others."""
LONGEST_NOTE = 300
PARTS = 100

State = Run.State

# In the order of their contacts, so that two sets that write about the same people can't hold each other up.
TAKE = """
SELECT r.id, r.contact_id, r.round, r.is_in_wait, c.timezone, c.deleted_at IS NOT NULL,
  r.counted_on = %(today)s AND r.steps_that_day >= %(most)s
FROM automations_run r JOIN contacts_contact c ON c.workspace_id = r.workspace_id AND c.id = r.contact_id
WHERE r.workspace_id = %(workspace)s AND c.workspace_id = %(workspace)s AND r.id = ANY(%(ids)s::uuid[])
  AND r.version_id = %(version)s AND r.step = %(step)s AND r.state = 'waiting' AND r.due_at <= %(due)s
ORDER BY r.contact_id, r.id FOR UPDATE OF r SKIP LOCKED
"""

WRITE = """
WITH moved AS MATERIALIZED (
  SELECT * FROM unnest(%(ids)s::uuid[], %(visits)s::int[], %(was)s::bool[], %(outcomes)s::text[], %(notes)s::text[],
    %(steps)s::text[], %(waits)s::bool[], %(moments)s::timestamptz[], %(states)s::text[])
    AS m (id, visit, was_in_wait, outcome, note, step, is_in_wait, due_at, state)
), logged AS (
  INSERT INTO automations_steplog (id, created_at, workspace_id, run_id, automation_id, step, visit, outcome, note, at)
  SELECT {ids}, %(at)s, %(workspace)s, m.id, %(automation)s, %(step)s, m.visit, m.outcome, m.note, %(at)s
  FROM moved m WHERE m.outcome <> '' AND NOT m.was_in_wait
), logged_anew AS (
  UPDATE automations_steplog l SET outcome = m.outcome, at = %(at)s FROM moved m
  WHERE m.outcome <> '' AND m.was_in_wait
    AND l.workspace_id = %(workspace)s AND l.run_id = m.id AND l.step = %(step)s
    AND l.visit = (SELECT max(x.visit) FROM automations_steplog x
                   WHERE x.workspace_id = %(workspace)s AND x.run_id = m.id AND x.step = %(step)s)
)
UPDATE automations_run r
SET state = m.state, step = m.step, is_in_wait = m.is_in_wait, due_at = m.due_at, failures = 0, error = '',
  ended_at = CASE WHEN m.state = 'waiting' THEN NULL ELSE %(at)s::timestamptz END, counted_on = %(today)s,
  steps_that_day = CASE WHEN r.counted_on = %(today)s THEN r.steps_that_day + 1 ELSE 1 END
FROM moved m WHERE r.workspace_id = %(workspace)s AND r.id = m.id AND r.state = 'waiting'
RETURNING r.id, r.state
"""


class Taken(NamedTuple):
    """A run that is due at the step, locked."""

    run_id: UUID
    contact_id: UUID
    round: int
    is_in_wait: bool
    zone: str
    is_gone: bool
    has_walked_too_far: bool


class Move(NamedTuple):
    """Where a run goes on, and what is logged of the step: nothing where the outcome is empty."""

    taken: Taken
    outcome: str
    step: str
    note: str = ""
    due_at: datetime | None = None
    """When it goes on in a wait that begins here; None for at once."""
    state: str = State.WAITING


@dataclass(frozen=True)
class Stop:
    """A step of a version at a moment."""

    version: AutomationVersion
    step_id: str
    business: Workspace
    at: datetime

    @property
    def flow(self) -> flows.Flow:
        document: flows.Flow = self.version.document
        return document

    @property
    def following(self) -> str:
        return flows.after(self.flow, self.step_id)


def takes_sets(version: AutomationVersion, step_id: str) -> bool:
    """Whether the step can be taken by many in one transaction."""
    step = next((each for each in flows.walk(version.document["steps"]) if each["id"] == step_id), flows.end())
    kind = ACTIONS.get(step["action"]) if step["type"] == "action" else None
    return kind is None or kind.perform_many is not None or bool(step.get("off"))


def take(stop: Stop, ids: Sequence[UUID]) -> int:
    """Let these runs take the step, as far as they are due there and nobody else has them; returns how many.

    In a transaction. A fixed number of statements whatever the number of runs, unless the action knows no sets.
    """
    taken = _lock(stop, ids, due=stop.at)
    standing = [one for one in taken if not one.is_gone]
    _end([one.run_id for one in taken if one.is_gone], State.STOPPED, at=stop.at)
    if not stop.step_id:
        _finish(stop, [one.run_id for one in standing])
        return len(taken)
    _park([one.run_id for one in standing if one.has_walked_too_far], stop)
    moves, staying = _leave_early(stop, [one for one in standing if not one.has_walked_too_far])
    if staying:
        step = flows.find(stop.flow, stop.step_id)
        moves += _skip(stop, staying) if step.get("off") else KINDS[step["type"]](stop, step, staying)
    write(stop, moves)
    return len(taken)


def pull(stop: Stop, ids: Sequence[UUID]) -> int:
    """Move those of these runs that an exit, a goal or the end of their wait is meant for, though their time has not come.

    Returns how many. In a transaction; the same statements as for `take`.
    """
    moves, staying = _leave_early(stop, [one for one in _lock(stop, ids, due=timing.FOREVER) if not one.is_gone])
    step = flows.find(stop.flow, stop.step_id)
    if "condition" in step and not step.get("off"):
        there, outcome = matching(step, staying, at=stop.at), "yes" if step["type"] == "goal" else "met"
        moves += [Move(one, outcome, stop.following) for one in staying if one.contact_id in there]
    write(stop, moves)
    return len(moves)


def _lock(stop: Stop, ids: Sequence[UUID], *, due: datetime) -> list[Taken]:
    with connection.cursor() as cursor:
        cursor.execute(
            TAKE,
            {
                "workspace": stop.version.workspace_id,
                "ids": array(ids),
                "version": stop.version.id,
                "step": stop.step_id,
                "due": due,
                "today": stop.at.date(),
                "most": MOST_STEPS_A_DAY,
            },
        )
        return [
            Taken(run, contact, number, in_wait, zone or stop.business.timezone, gone, bool(far))
            for run, contact, number, in_wait, zone, gone, far in cursor.fetchall()
        ]


def _leave_early(stop: Stop, people: Sequence[Taken]) -> tuple[list[Move], list[Taken]]:
    """Who leaves for good or for a goal further on, and who takes the step."""
    moves: list[Move] = []
    for question in stop.flow.get("exits", ()):
        out = matching(question, people, at=stop.at)
        moves += [Move(one, "exit", "", state=State.STOPPED) for one in people if one.contact_id in out]
        people = [one for one in people if one.contact_id not in out]
    # The furthest goal counts: whoever has reached it is past those before.
    for goal in reversed(flows.ahead(stop.flow, stop.step_id)):
        if not goal.get("off"):
            there = matching(goal, people, at=stop.at)
            moves += [Move(one, "jumped", goal["id"]) for one in people if one.contact_id in there]
            people = [one for one in people if one.contact_id not in there]
    return moves, list(people)


def matching(question: Mapping[str, Any], people: Sequence[Taken], *, at: datetime) -> set[UUID]:
    """Ids of the contacts among them that answer a question with yes. One statement. Raises BadSegment."""
    if not people:
        return set()
    asked = CONDITIONS[question["condition"]].holds_for(question["config"], at)
    among = RawSQL("SELECT unnest(%s::uuid[])", [array({one.contact_id for one in people})])  # a parameter
    return set(Contact.objects.filter(asked, id__in=among).values_list("id", flat=True))


def _skip(stop: Stop, people: Sequence[Taken]) -> list[Move]:
    following = stop.following
    return [Move(one, "" if one.is_in_wait else "skipped", following) for one in people]


def _wait(stop: Stop, step: flows.Step, people: Sequence[Taken]) -> list[Move]:
    """Begin to wait here, or go on where the wait is over."""
    following, until = stop.following, step.get("mode") == "until"
    over = [one for one in people if one.is_in_wait]
    fresh = [one for one in people if not one.is_in_wait]
    met = matching(step, people, at=stop.at) if until else set()
    moves = [Move(one, ("met" if one.contact_id in met else "late") if until else "", following) for one in over]
    moves += [Move(one, "met", following) for one in fresh if one.contact_id in met]
    fresh = [one for one in fresh if one.contact_id not in met]
    days = _their_days(step, fresh) if step.get("mode") == "field" else {}
    ends: dict[tuple[str, date | None], datetime | None] = {}
    for one in fresh:
        key = (one.zone, days.get(one.contact_id))
        if key not in ends:
            ends[key] = timing.ends_at(step, at=stop.at, zone=one.zone, day=key[1])
        moves.append(
            Move(one, "skipped", following)
            if ends[key] is None
            else Move(one, "waiting", stop.step_id, due_at=ends[key])
        )
    return moves


def _their_days(step: flows.Step, people: Sequence[Taken]) -> dict[UUID, date]:
    ids = [one.contact_id for one in people]
    rows = FieldValue.objects.filter(field__key=step["field"], contact_id__in=ids, date__isnull=False)
    return dict(rows.values_list("contact_id", "date"))


def _act(stop: Stop, step: flows.Step, people: Sequence[Taken]) -> list[Move]:
    kind, following = ACTIONS[step["action"]], stop.following
    work = [Work(one.contact_id, run_key(one.run_id, stop.step_id, one.round)) for one in people]
    if kind.perform_many is not None:
        said = kind.perform_many(work, step["config"], stop.at)
    else:
        contacts = Contact.objects.in_bulk([each.contact_id for each in work])
        done = {
            each.run_key: kind.perform(contacts[each.contact_id], step["config"], each.run_key, stop.at)
            for each in work
        }
        said = {key: one for key, one in done.items() if one is not None}
    moves = []
    for one, each in zip(people, work, strict=True):
        told = said.get(each.run_key)
        moves.append(
            Move(
                one, "skipped" if told and told.skipped else "done", following, told.note[:LONGEST_NOTE] if told else ""
            )
        )
    return moves


def _ask(stop: Stop, step: flows.Step, people: Sequence[Taken]) -> list[Move]:
    holds = matching(step, people, at=stop.at)
    ways = {key: flows.first(row) or stop.following for key, row in flows.branches(step)}
    return [Move(one, key, ways[key]) for one in people for key in ["yes" if one.contact_id in holds else "no"]]


def _split(stop: Stop, step: flows.Step, people: Sequence[Taken]) -> list[Move]:
    ways = {key: flows.first(row) or stop.following for key, row in flows.branches(step)}
    return [Move(one, key, ways[key]) for one in people for key in [way_of(step, one.run_id)]]


def way_of(step: flows.Step, run_id: UUID) -> str:
    """The way of a split that falls to a run: the same whenever it is asked, by the run's id and the step's."""
    drawn = int.from_bytes(hashlib.blake2b(run_id.bytes + step["id"].encode(), digest_size=8).digest(), "big")
    place, reached = drawn % (flows.WHOLE * PARTS), 0
    for way in step["ways"]:
        reached += way["share"] * PARTS
        if place < reached:
            break
    return str(way["id"])


def _choose(stop: Stop, step: flows.Step, people: Sequence[Taken]) -> list[Move]:
    """The first way whose question is answered with yes; a statement for each way."""
    moves: list[Move] = []
    for way in step["ways"]:
        there = {one.contact_id for one in people} if way["id"] == flows.ELSE else matching(way, people, at=stop.at)
        target = flows.first(way["steps"]) or stop.following
        moves += [Move(one, way["id"], target) for one in people if one.contact_id in there]
        people = [one for one in people if one.contact_id not in there]
    return moves


def _aim(stop: Stop, step: flows.Step, people: Sequence[Taken]) -> list[Move]:
    there, following = matching(step, people, at=stop.at), stop.following
    moves = [Move(one, "yes", following) for one in people if one.contact_id in there]
    short = [one for one in people if one.contact_id not in there]
    if step["otherwise"] == "wait":
        return moves + [
            Move(one, "waiting", stop.step_id, due_at=timing.FOREVER) for one in short if not one.is_in_wait
        ]
    return moves + [Move(one, "no", "" if step["otherwise"] == "end" else following) for one in short]


def _stop(stop: Stop, step: flows.Step, people: Sequence[Taken]) -> list[Move]:
    return [Move(one, "end", "") for one in people]


KINDS: dict[str, Callable[[Stop, flows.Step, Sequence[Taken]], list[Move]]] = {
    "wait": _wait,
    "action": _act,
    "condition": _ask,
    "split": _split,
    "paths": _choose,
    "goal": _aim,
    "end": _stop,
}


def run_key(run_id: UUID, step_id: str, visit: int) -> str:
    """What makes an action's work on one step the same work: run, step and visit."""
    return f"{run_id.hex}.{step_id}.{visit}"


def write(stop: Stop, moves: Sequence[Move]) -> None:
    """Move runs and log the step, in one statement; whoever has nothing left before them is through.

    A run that the step itself ended stays ended.
    """
    if not moves:
        return
    ended = [State.DONE if one.state == State.WAITING and not one.step else one.state for one in moves]
    with connection.cursor() as cursor:
        cursor.execute(
            WRITE.format(ids=in_a_row()),
            {
                "workspace": stop.version.workspace_id,
                "automation": stop.version.automation_id,
                "step": stop.step_id,
                "at": stop.at,
                "today": stop.at.date(),
                "ids": array(one.taken.run_id for one in moves),
                "visits": [one.taken.round for one in moves],
                "was": [one.taken.is_in_wait for one in moves],
                "outcomes": [one.outcome for one in moves],
                "notes": [one.note for one in moves],
                "steps": [one.step for one in moves],
                "waits": [one.due_at is not None for one in moves],
                "moments": [one.due_at or stop.at for one in moves],
                "states": [str(state) for state in ended],
            },
        )
        through = [run_id for run_id, state in cursor.fetchall() if state == State.DONE]
    _tell(AutomationFinished, through, at=stop.at)


def _finish(stop: Stop, ids: Sequence[UUID]) -> None:
    _end(ids, State.DONE, at=stop.at)
    _tell(AutomationFinished, ids, at=stop.at)


def _end(ids: Sequence[UUID], state: Run.State, *, at: datetime) -> None:
    if ids:
        Run.objects.filter(id__in=ids).update(state=state, step="", is_in_wait=False, ended_at=at)


def _park(ids: Sequence[UUID], stop: Stop) -> None:
    """Hold up those who took too many steps, where a person sees it."""
    park(
        ids,
        _("It took more steps in one day than any flow needs. Look for automations that start each other."),
        at=stop.at,
    )


def park(ids: Sequence[UUID], error: str, *, at: datetime) -> None:
    """Hold runs up until a person looks, and tell of it."""
    if ids:
        Run.objects.filter(id__in=ids).update(state=State.PARKED, error=error[:2000])
        _tell(RunParked, ids, at=at)


def _tell(event: type[AutomationFinished] | type[RunParked], ids: Iterable[UUID], *, at: datetime) -> None:
    if text := array(ids).strip("{}"):
        publish_selected(
            event,
            "SELECT contact_id, jsonb_build_object('automation_id', automation_id, 'run_id', id) FROM automations_run "
            "WHERE workspace_id = %(event_workspace)s AND id = ANY(%(ids)s::uuid[])",
            {"ids": f"{{{text}}}"},
            at=at,
            heard=True,
        )
