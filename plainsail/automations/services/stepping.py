"""One step of one version, taken by everybody who is due there: a statement that takes them, one or a few for what the step
does, and one that writes where each goes and that the step was taken. A run alone is a set of one.

The log's unique key (run, step, visit) is written in the statement that moves the run, so no step is taken twice.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Max, Min
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from plainsail.automations.events import AutomationFinished, RunParked
from plainsail.automations.models import AutomationVersion, Run, StepLog
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
MOVED = "moved"
"""How the log says that somebody was moved to another version out of a wait that is set otherwise there."""
PARTS = 100

State = Run.State

# In the order of their contacts, so that two sets that write about the same people can't hold each other up.
TAKE = """
SELECT r.id, r.contact_id, r.round, r.is_in_wait, c.timezone, c.deleted_at IS NOT NULL,
  %(most)s - CASE WHEN r.counted_on = %(today)s THEN r.steps_that_day ELSE 0 END
FROM automations_run r JOIN contacts_contact c ON c.workspace_id = r.workspace_id AND c.id = r.contact_id
WHERE r.workspace_id = %(workspace)s AND c.workspace_id = %(workspace)s AND r.id = ANY(%(ids)s::uuid[])
  AND r.version_id = %(version)s AND r.step = %(step)s AND r.state = 'waiting' AND r.due_at <= %(due)s
ORDER BY r.contact_id, r.id FOR UPDATE OF r SKIP LOCKED
"""

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

MOVE = """
UPDATE automations_run r
SET state = m.state, step = m.step, is_in_wait = m.is_in_wait, due_at = m.due_at, failures = 0, error = '',
  ended_at = CASE WHEN m.state = 'waiting' THEN NULL ELSE %(at)s::timestamptz END, counted_on = %(today)s,
  steps_that_day = CASE WHEN r.counted_on = %(today)s THEN r.steps_that_day + m.taken ELSE m.taken END
FROM (SELECT g.state, g.step, g.is_in_wait, g.due_at, g.taken, r.id
      FROM unnest(%(states)s::text[], %(steps)s::text[], %(waits)s::bool[], %(moments)s::timestamptz[], %(taken)s::int[], %(runs)s::text[])
        AS g (state, step, is_in_wait, due_at, taken, runs), unnest(g.runs::uuid[]) AS r (id)) m
WHERE r.workspace_id = %(workspace)s AND r.id = m.id AND r.state = 'waiting'
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
    steps_left: int
    """How many it may take today."""

    @property
    def has_walked_too_far(self) -> bool:
        return self.steps_left <= 0


class Move(NamedTuple):
    """Where a run goes on, and what is logged of the step: nothing where the outcome is empty."""

    taken: Taken
    outcome: str
    step: str
    note: str = ""
    due_at: datetime | None = None
    """When it goes on in a wait that begins here; None for at once."""
    state: str = State.WAITING

    @property
    def goes_on_at_once(self) -> bool:
        """Whether the next step may be taken in the same breath."""
        return self.state == State.WAITING and bool(self.step) and self.due_at is None and self.taken.steps_left > 1


Entry = tuple[str, Move]
"""A step's id, and how somebody left it."""


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
    taken, standing = _begin(stop, ids)
    if stop.step_id:
        enter(stop, [(stop.step_id, move) for move in _leave(stop, standing)])
    return len(taken)


def walk(stop: Stop, ids: Sequence[UUID]) -> int:
    """The same, and then the steps behind it that they come to at once, up to a wait or the end; all of it or nothing.

    Runs are locked and moved once, however many steps they take. Nothing leads back in a flow, so in the order of its
    document each step is taken once, by everybody who comes to it. It ends before steps that know no sets, and behind one that
    may end runs: who is still there is read anew then.
    """
    taken, standing = _begin(stop, ids)
    if not stop.step_id:
        return len(taken)
    steps = {step["id"]: step for step in flows.walk(stop.flow["steps"])}
    coming: dict[str, list[Taken]] = {stop.step_id: standing}
    entries: list[Entry] = []
    for step_id, step in steps.items():
        if not (there := coming.pop(step_id, [])):
            continue
        moves = _leave(replace(stop, step_id=step_id), there)
        entries += [(step_id, move) for move in moves]
        if _steers(step):
            break
        open_to_sets = {key for key in {move.step for move in moves if move.step} if takes_sets(stop.version, key)}
        for move in moves:
            if move.goes_on_at_once and move.step in open_to_sets:
                left = move.taken.steps_left - 1
                coming.setdefault(move.step, []).append(move.taken._replace(is_in_wait=False, steps_left=left))
    enter(stop, entries)
    return len(taken)


def _steers(step: flows.Step) -> bool:
    """Whether a step may end runs."""
    kind = ACTIONS.get(step["action"]) if step["type"] == "action" else None
    return kind is not None and kind.steers


def _begin(stop: Stop, ids: Sequence[UUID]) -> tuple[list[Taken], list[Taken]]:
    """Lock the runs; returns all, and those who stand there and may take the step. The others are through, gone or held up."""
    taken = _lock(stop, ids, due=stop.at)
    standing = [one for one in taken if not one.is_gone]
    _end([one.run_id for one in taken if one.is_gone], State.STOPPED, at=stop.at)
    if not stop.step_id:
        _finish(stop, [one.run_id for one in standing])
        return taken, []
    _park([one.run_id for one in standing if one.has_walked_too_far], stop)
    return taken, [one for one in standing if not one.has_walked_too_far]


def _leave(stop: Stop, people: Sequence[Taken]) -> list[Move]:
    """How each leaves the step: early, or having taken it."""
    moves, staying = _leave_early(stop, people)
    if staying:
        step = flows.find(stop.flow, stop.step_id)
        moves += _skip(stop, staying) if step.get("off") else KINDS[step["type"]](stop, step, staying)
    return moves


def pull(stop: Stop, ids: Sequence[UUID]) -> int:
    """Move those of these runs that an exit, a goal or the end of their wait is meant for, though their time has not come.

    Returns how many. In a transaction; the same statements as for `take`.
    """
    moves, staying = _leave_early(stop, [one for one in _lock(stop, ids, due=timing.FOREVER) if not one.is_gone])
    step = flows.find(stop.flow, stop.step_id)
    if "condition" in step and not step.get("off"):
        there, outcome = matching(step, staying, at=stop.at), "yes" if step["type"] == "goal" else "met"
        moves += [Move(one, outcome, stop.following) for one in staying if one.contact_id in there]
    enter(stop, [(stop.step_id, move) for move in moves])
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
            Taken(run, contact, number, in_wait, zone or stop.business.timezone, gone, left)
            for run, contact, number, in_wait, zone, gone, left in cursor.fetchall()
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
    begun = _begun(stop, fresh)
    ends: dict[tuple[str, date | None, datetime], datetime | None] = {}
    for one in fresh:
        key = (one.zone, days.get(one.contact_id), begun.get(one.run_id, stop.at))
        if key not in ends:
            ends[key] = timing.ends_at(step, at=stop.at, zone=one.zone, day=key[1], since=key[2])
        moves.append(
            Move(one, "skipped", following)
            if ends[key] is None
            else Move(one, "waiting", stop.step_id, due_at=ends[key])
        )
    return moves


def _begun(stop: Stop, people: Sequence[Taken]) -> dict[UUID, datetime]:
    """Since when those have waited here who were just moved out of this wait as it was. No statement where nobody was moved."""
    rounds = {one.run_id: one.round for one in people if one.round > 1}
    if not rounds:
        return {}
    rows = StepLog.objects.filter(run_id__in=list(rounds), step=stop.step_id, outcome=MOVED).order_by()
    found = rows.values_list("run_id").annotate(since=Min("at"), visit=Max("visit"))
    return {run_id: since for run_id, since, visit in found if visit == rounds[run_id] - 1}


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
    return [Move(one, key, ways[key]) for one in people for key in [way_of(step, one.contact_id)]]


def way_of(step: flows.Step, contact_id: UUID) -> str:
    """The way of a split that falls to a person: the same whenever they come to it, by their id and the step's."""
    drawn = int.from_bytes(hashlib.blake2b(contact_id.bytes + step["id"].encode(), digest_size=8).digest(), "big")
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


def enter(stop: Stop, entries: Sequence[Entry]) -> None:
    """Log the steps that were taken and move each run to where its last one led; whoever has nothing left before them is through.

    Two statements, and one more where waits ended that began earlier. A run that a step itself ended stays ended.
    """
    if not entries:
        return
    with connection.cursor() as cursor:
        _log(cursor, stop, entries)
        through = _move(cursor, stop, entries)
    _tell(AutomationFinished, through, at=stop.at)


def _log(cursor: Any, stop: Stop, entries: Sequence[Entry]) -> None:
    fresh: dict[tuple[str, int, str, str], list[UUID]] = {}
    anew: dict[str, dict[str, list[UUID]]] = {}
    for step, move in entries:
        if move.outcome and move.taken.is_in_wait:
            anew.setdefault(step, {}).setdefault(move.outcome, []).append(move.taken.run_id)
        elif move.outcome:
            fresh.setdefault((step, move.taken.round, move.outcome, move.note), []).append(move.taken.run_id)
    shared = {"workspace": stop.version.workspace_id, "automation": stop.version.automation_id, "at": stop.at}
    if fresh:
        steps, visits, outcomes, notes = (list(column) for column in zip(*fresh, strict=True))
        said = {"steps": steps, "visits": visits, "outcomes": outcomes, "notes": notes}
        cursor.execute(LOG.format(ids=in_a_row()), shared | said | {"runs": [array(ids) for ids in fresh.values()]})
    for step, ended in anew.items():
        again = {"step": step, "outcomes": list(ended), "runs": [array(ids) for ids in ended.values()]}
        cursor.execute(LOG_ANEW, shared | again)


def _move(cursor: Any, stop: Stop, entries: Sequence[Entry]) -> list[UUID]:
    """Move the runs; returns those that are through."""
    last = {move.taken.run_id: move for _step, move in entries}
    taken = Counter(move.taken.run_id for _step, move in entries)
    places: dict[tuple[str, str, bool, datetime, int], list[UUID]] = {}
    for run_id, move in last.items():
        state = State.DONE if move.state == State.WAITING and not move.step else move.state
        place = (str(state), move.step, move.due_at is not None, move.due_at or stop.at, taken[run_id])
        places.setdefault(place, []).append(run_id)
    states, steps, waits, moments, counts = (list(column) for column in zip(*places, strict=True))
    cursor.execute(
        MOVE,
        {
            "workspace": stop.version.workspace_id,
            "at": stop.at,
            "today": stop.at.date(),
            "states": states,
            "steps": steps,
            "waits": waits,
            "moments": moments,
            "taken": counts,
            "runs": [array(ids) for ids in places.values()],
        },
    )
    return [run_id for run_id, state in cursor.fetchall() if state == State.DONE]


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
