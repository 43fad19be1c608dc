"""One step of one version, taken by everybody who is due there: a statement that takes them, one or a few for what the step
does, and two that write it down (`logbook`). A run alone is a set of one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Max, Min
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from plainsail.automations.events import AutomationFinished, RunParked
from plainsail.automations.models import AutomationVersion, Run, StepLog
from plainsail.automations.services import flows, timing
from plainsail.automations.services.logbook import Logbook, Move, Taken
from plainsail.automations.sockets import ACTIONS, CONDITIONS, Done, Work
from plainsail.contacts.models import Contact, FieldValue
from plainsail.contacts.services.setwise import ids as array
from plainsail.contacts.services.setwise import texts
from plainsail.kernel.events import publish_selected
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
SELECT replace(r.id::text, '-', ''), r.contact_id, r.round, r.is_in_wait, c.timezone, c.deleted_at IS NOT NULL,
  %(most)s - CASE WHEN r.counted_on = %(today)s THEN r.steps_that_day ELSE 0 END
FROM automations_run r JOIN contacts_contact c ON c.workspace_id = r.workspace_id AND c.id = r.contact_id
WHERE r.workspace_id = %(workspace)s AND c.workspace_id = %(workspace)s AND r.id = ANY(%(ids)s::uuid[])
  AND r.version_id = %(version)s AND r.step = %(step)s AND r.state = 'waiting' AND r.due_at <= %(due)s
ORDER BY r.contact_id, r.id FOR UPDATE OF r SKIP LOCKED
"""


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


def take(stop: Stop, ids: Sequence[str]) -> int:
    """Let these runs take the step, as far as they are due there and nobody else has them; returns how many.

    In a transaction. A fixed number of statements whatever the number of runs, unless the action knows no sets.
    """
    taken, standing = _begin(stop, ids)
    if stop.step_id:
        _go(stop, _leave(stop, standing))
    return len(taken)


def walk(stop: Stop, ids: Sequence[str]) -> int:
    """The same, and then the steps behind it that they come to at once, up to a wait or the end; all of it or nothing.

    Runs are locked and moved once, however many steps they take. Nothing leads back in a flow, so in the order of its
    document each step is taken once, by everybody who comes to it. It ends before steps that know no sets, and behind one that
    may end runs: who is still there is read anew then.
    """
    taken, standing = _begin(stop, ids)
    if not stop.step_id:
        return len(taken)
    logbook = Logbook(stop.version, stop.at)
    coming = {stop.step_id: standing}
    for step in flows.walk(stop.flow["steps"]):
        if not (there := coming.pop(step["id"], [])):
            continue
        for move in _leave(replace(stop, step_id=step["id"]), there):
            logbook.took(step["id"], move)
            if _steers(step) or not move.goes_on_at_once or not takes_sets(stop.version, move.step):
                logbook.stay(move)
                continue
            logbook.stay(move._replace(people=[one for one in move.people if one.steps_left <= 1]))
            coming.setdefault(move.step, []).extend(one.walked() for one in move.people if one.steps_left > 1)
        if _steers(step):
            break
    for step_id, there in coming.items():
        logbook.stay(Move(there, "", step_id))
    _tell(AutomationFinished, logbook.write(), at=stop.at)
    return len(taken)


def _steers(step: flows.Step) -> bool:
    """Whether a step may end runs."""
    kind = ACTIONS.get(step["action"]) if step["type"] == "action" else None
    return kind is not None and kind.steers


def _begin(stop: Stop, ids: Sequence[str]) -> tuple[list[Taken], list[Taken]]:
    """Lock the runs; returns all, and those who stand there and may take the step. The others are through, gone or held up."""
    taken = _lock(stop, ids, due=stop.at)
    standing = [one for one in taken if not one.is_gone]
    _end([one.run for one in taken if one.is_gone], State.STOPPED, at=stop.at)
    if not stop.step_id:
        _finish(stop, [one.run for one in standing])
        return taken, []
    _park([one.run for one in standing if one.has_walked_too_far], stop)
    return taken, [one for one in standing if not one.has_walked_too_far]


def _go(stop: Stop, moves: Sequence[Move]) -> None:
    """Write down that people left the step, and how."""
    logbook = Logbook(stop.version, stop.at)
    for move in moves:
        logbook.took(stop.step_id, move)
        logbook.stay(move)
    _tell(AutomationFinished, logbook.write(), at=stop.at)


def _leave(stop: Stop, people: Sequence[Taken]) -> list[Move]:
    """How they leave the step: early, or having taken it."""
    moves, staying = _leave_early(stop, people)
    if staying:
        step = flows.find(stop.flow, stop.step_id)
        moves += _skip(stop, staying) if step.get("off") else KINDS[step["type"]](stop, step, staying)
    return [move for move in moves if move.people]


def pull(stop: Stop, ids: Sequence[UUID]) -> int:
    """Move those of these runs that an exit, a goal or the end of their wait is meant for, though their time has not come.

    Returns how many. In a transaction; the same statements as for `take`.
    """
    moves, staying = _leave_early(stop, [one for one in _lock(stop, ids, due=timing.FOREVER) if not one.is_gone])
    step = flows.find(stop.flow, stop.step_id)
    if "condition" in step and not step.get("off"):
        there, _others = _parted(step, staying, at=stop.at)
        moves.append(Move(there, "yes" if step["type"] == "goal" else "met", stop.following))
    _go(stop, moves)
    return sum(len(move.people) for move in moves)


def _lock(stop: Stop, ids: Iterable[object], *, due: datetime) -> list[Taken]:
    with connection.cursor() as cursor:
        cursor.execute(
            TAKE,
            {
                "workspace": stop.version.workspace_id,
                "ids": texts(map(str, ids)),
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


def _leave_early(stop: Stop, people: Sequence[Taken]) -> tuple[list[Move], Sequence[Taken]]:
    """Who leaves for good or for a goal further on, and who takes the step."""
    moves: list[Move] = []
    for question in stop.flow.get("exits", ()):
        out, people = _parted(question, people, at=stop.at)
        moves.append(Move(out, "exit", "", state=State.STOPPED))
    # The furthest goal counts: whoever has reached it is past those before.
    for goal in reversed(flows.ahead(stop.flow, stop.step_id)):
        if not goal.get("off"):
            there, people = _parted(goal, people, at=stop.at)
            moves.append(Move(there, "jumped", goal["id"]))
    return moves, people


def _parted(
    question: Mapping[str, Any], people: Sequence[Taken], *, at: datetime
) -> tuple[Sequence[Taken], Sequence[Taken]]:
    """Those of whom a question is answered with yes, and the others. One statement. Raises BadSegment."""
    there = matching(question, people, at=at)
    if len(there) == len(people):
        return people, ()
    return [one for one in people if one.contact_id in there], [one for one in people if one.contact_id not in there]


def matching(question: Mapping[str, Any], people: Sequence[Taken], *, at: datetime) -> set[UUID]:
    """Ids of the contacts among them that answer a question with yes. One statement. Raises BadSegment."""
    if not people:
        return set()
    asked = CONDITIONS[question["condition"]].holds_for(question["config"], at)
    among = RawSQL("SELECT unnest(%s::uuid[])", [array({one.contact_id for one in people})])  # a parameter
    return set(Contact.objects.filter(asked, id__in=among).values_list("id", flat=True))


def _skip(stop: Stop, people: Sequence[Taken]) -> list[Move]:
    over, fresh = [one for one in people if one.is_in_wait], [one for one in people if not one.is_in_wait]
    return [Move(over, "", stop.following), Move(fresh, "skipped", stop.following)]


def _wait(stop: Stop, step: flows.Step, people: Sequence[Taken]) -> list[Move]:
    """Begin to wait here, or go on where the wait is over."""
    following, until = stop.following, step.get("mode") == "until"
    over, fresh = [one for one in people if one.is_in_wait], [one for one in people if not one.is_in_wait]
    if not until:
        return [Move(over, "", following), *_begin_to_wait(stop, step, fresh)]
    met, waiting = _parted(step, people, at=stop.at)
    late = [one for one in waiting if one.is_in_wait]
    fresh = [one for one in waiting if not one.is_in_wait]
    return [Move(met, "met", following), Move(late, "late", following), *_begin_to_wait(stop, step, fresh)]


def _begin_to_wait(stop: Stop, step: flows.Step, people: Sequence[Taken]) -> list[Move]:
    days = _their_days(step, people) if step.get("mode") == "field" else {}
    begun = _begun(stop, people)
    alike: dict[tuple[str, date | None, datetime], list[Taken]] = {}
    for one in people:
        alike.setdefault((one.zone, days.get(one.contact_id), begun.get(one.run, stop.at)), []).append(one)
    moves = []
    for (zone, day, since), those in alike.items():
        ends_at = timing.ends_at(step, at=stop.at, zone=zone, day=day, since=since)
        moves.append(
            Move(those, "skipped", stop.following)
            if ends_at is None
            else Move(those, "waiting", stop.step_id, due_at=ends_at)
        )
    return moves


def _begun(stop: Stop, people: Sequence[Taken]) -> dict[str, datetime]:
    """Since when those have waited here who were just moved out of this wait as it was. No statement where nobody was moved."""
    rounds = {one.run: one.round for one in people if one.round > 1}
    if not rounds:
        return {}
    rows = StepLog.objects.filter(run_id__in=list(rounds), step=stop.step_id, outcome=MOVED).order_by()
    found = rows.values_list("run_id").annotate(since=Min("at"), visit=Max("visit"))
    return {run_id.hex: since for run_id, since, visit in found if visit == rounds[run_id.hex] - 1}


def _their_days(step: flows.Step, people: Sequence[Taken]) -> dict[UUID, date]:
    ids = [one.contact_id for one in people]
    rows = FieldValue.objects.filter(field__key=step["field"], contact_id__in=ids, date__isnull=False)
    return dict(rows.values_list("contact_id", "date"))


def _act(stop: Stop, step: flows.Step, people: Sequence[Taken]) -> list[Move]:
    kind = ACTIONS[step["action"]]
    work = [Work(one.contact_id, run_key(one.run, stop.step_id, one.round)) for one in people]
    if kind.perform_many is not None:
        said = kind.perform_many(work, step["config"], stop.at)
    else:
        contacts = Contact.objects.in_bulk([each.contact_id for each in work])
        done = {
            each.run_key: kind.perform(contacts[each.contact_id], step["config"], each.run_key, stop.at)
            for each in work
        }
        said = {key: one for key, one in done.items() if one is not None}
    if not said:
        return [Move(people, "done", stop.following)]
    alike: dict[Done, list[Taken]] = {}
    for one, each in zip(people, work, strict=True):
        alike.setdefault(said.get(each.run_key, Done()), []).append(one)
    return [
        Move(those, "skipped" if told.skipped else "done", stop.following, told.note[:LONGEST_NOTE])
        for told, those in alike.items()
    ]


def _ask(stop: Stop, step: flows.Step, people: Sequence[Taken]) -> list[Move]:
    ways = {key: flows.first(row) or stop.following for key, row in flows.branches(step)}
    answers = zip(("yes", "no"), _parted(step, people, at=stop.at), strict=True)
    return [Move(those, answer, ways[answer]) for answer, those in answers]


def _split(stop: Stop, step: flows.Step, people: Sequence[Taken]) -> list[Move]:
    drawn: dict[str, list[Taken]] = {key: [] for key, _row in flows.branches(step)}
    for one in people:
        drawn[way_of(step, one.contact_id)].append(one)
    return [Move(drawn[key], key, flows.first(row) or stop.following) for key, row in flows.branches(step)]


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
        there, people = (people, ()) if way["id"] == flows.ELSE else _parted(way, people, at=stop.at)
        moves.append(Move(there, way["id"], flows.first(way["steps"]) or stop.following))
    return moves


def _aim(stop: Stop, step: flows.Step, people: Sequence[Taken]) -> list[Move]:
    there, short = _parted(step, people, at=stop.at)
    moves = [Move(there, "yes", stop.following)]
    if step["otherwise"] == "wait":
        fresh = [one for one in short if not one.is_in_wait]
        return [*moves, Move(fresh, "waiting", stop.step_id, due_at=timing.FOREVER)]
    return [*moves, Move(short, "no", "" if step["otherwise"] == "end" else stop.following)]


def _stop(stop: Stop, step: flows.Step, people: Sequence[Taken]) -> list[Move]:
    return [Move(people, "end", "")]


KINDS: dict[str, Callable[[Stop, flows.Step, Sequence[Taken]], list[Move]]] = {
    "wait": _wait,
    "action": _act,
    "condition": _ask,
    "split": _split,
    "paths": _choose,
    "goal": _aim,
    "end": _stop,
}


def run_key(run: str, step_id: str, visit: int) -> str:
    """What makes an action's work on one step the same work: run, step and visit."""
    return f"{run}.{step_id}.{visit}"


def _finish(stop: Stop, ids: Sequence[str]) -> None:
    _end(ids, State.DONE, at=stop.at)
    _tell(AutomationFinished, ids, at=stop.at)


def _end(ids: Sequence[str], state: Run.State, *, at: datetime) -> None:
    if ids:
        Run.objects.filter(id__in=ids).update(state=state, step="", is_in_wait=False, ended_at=at)


def _park(ids: Sequence[str], stop: Stop) -> None:
    """Hold up those who took too many steps, where a person sees it."""
    park(
        ids,
        _("It took more steps in one day than any flow needs. Look for automations that start each other."),
        at=stop.at,
    )


def park(ids: Sequence[object], error: str, *, at: datetime) -> None:
    """Hold runs up until a person looks, and tell of it."""
    if ids:
        Run.objects.filter(id__in=ids).update(state=State.PARKED, error=error[:2000])
        _tell(RunParked, ids, at=at)


def _tell(event: type[AutomationFinished] | type[RunParked], ids: Sequence[object], *, at: datetime) -> None:
    if ids:
        publish_selected(
            event,
            "SELECT contact_id, jsonb_build_object('automation_id', automation_id, 'run_id', id) FROM automations_run "
            "WHERE workspace_id = %(event_workspace)s AND id = ANY(%(ids)s::uuid[])",
            {"ids": texts(map(str, ids))},
            at=at,
            heard=True,
        )
