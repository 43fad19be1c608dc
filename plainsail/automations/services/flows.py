"""The flow document: what starts it, an entry rule, exits and a tree of steps. Pure; every change gives a new document.

    {"v": 1, "trigger": {"kind", "config"}, "entry": {"policy": "once" | "again" | "every", "days": 30},
     "exits": [question, …], "steps": [step, …]}

A question is `{"condition", "config"}`. A step is `{"id", "type", …}`, with `"off": true` where it is left out:
`wait` (see `timing`, and with mode `until` a question and `amount`, `unit` for how long at most), `action` (action, config),
`condition` (a question, yes: [step, …], no: [step, …]), `split` (ways: `{"id", "share", "steps"}`, shares are per cent), `paths`
(ways: `{"id", "steps"}` with a question each; the last one, `else`, has none), `goal` (a question; otherwise: `go_on`, `wait` or
`end`) and `end`. Behind the last step of a way those go on that follow the step which parts the ways: there they meet again.
Whoever answers a goal's question goes on behind it, from wherever they are before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from plainsail.automations.sockets import ACTIONS, CONDITIONS, TRIGGERS, Action, Condition, Trigger
from plainsail.contacts.models import CustomField
from plainsail.kernel.errors import Refusal
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import Workspace

FORMAT = 1
ELSE = "else"
WHOLE = 100
MOST_STEPS = 200
DEEPEST = 12
Flow = dict[str, Any]
Step = dict[str, Any]

POLICIES = {
    "once": _("Everybody once"),
    "again": _("Again after a while"),
    "every": _("Every time it happens"),
}
UNITS = {"minutes": _("minutes"), "hours": _("hours"), "days": _("days"), "weeks": _("weeks")}


class NoSuchStep(Refusal):
    """The flow has no such step or place."""

    code = "no_such_step"
    message = _("That step is not there any more. Here is the newest version.")
    status = 404


class TooManySteps(Refusal):
    """A flow that nobody could read any more."""

    code = "too_many_steps"
    message = _("This automation is as long as one can be. Go on in another one.")
    status = 422


@dataclass(frozen=True)
class Place:
    """Where a step may be put: in front of `index` in the row of a parent (a condition's id and branch), or the first row."""

    index: int
    parent: str = ""
    branch: str = ""


def empty() -> Flow:
    """A flow with nothing in it."""
    return {
        "v": FORMAT,
        "trigger": {"kind": "", "config": {}},
        "entry": {"policy": "once", "days": 30},
        "steps": [],
    }


def build(trigger: str, config: Mapping[str, Any], steps: Sequence[Step], *, policy: str = "once") -> Flow:
    """A flow from its parts; ids are made where a step has none."""
    flow = empty()
    flow["trigger"] = {"kind": trigger, "config": dict(config)}
    flow["entry"]["policy"] = policy
    flow["steps"] = [_with_ids(step) for step in steps]
    return flow


def wait(
    amount: int, unit: str = "days", *, weekdays: bool = False, from_hour: int | None = None, to_hour: int | None = None
) -> Step:
    return {
        "type": "wait",
        "amount": amount,
        "unit": unit,
        "weekdays": weekdays,
        "from_hour": from_hour,
        "to_hour": to_hour,
    }


def action(kind: str, config: Mapping[str, Any] | None = None) -> Step:
    return {"type": "action", "action": kind, "config": dict(config or {})}


def condition(
    kind: str, config: Mapping[str, Any] | None = None, *, yes: Sequence[Step] = (), no: Sequence[Step] = ()
) -> Step:
    return {"type": "condition", "condition": kind, "config": dict(config or {}), "yes": list(yes), "no": list(no)}


def end() -> Step:
    return {"type": "end"}


def ask(kind: str, config: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A question, as exits, goals, ways and waits ask it."""
    return {"condition": kind, "config": dict(config or {})}


def wait_until(question: Mapping[str, Any], *, amount: int, unit: str = "days") -> Step:
    """Wait until something is so, at most for a while."""
    return {"type": "wait", "mode": "until", **question, "amount": amount, "unit": unit}


def wait_for_day(time: str) -> Step:
    """Wait until a day that is still to be chosen, and a time of it."""
    return {"type": "wait", "mode": "date", "on": "", "time": time}


def goal(question: Mapping[str, Any], *, otherwise: str = "go_on", name: str = "") -> Step:
    return {"type": "goal", **question, "otherwise": otherwise, "name": name}


def split(*ways: tuple[int, Sequence[Step]]) -> Step:
    """Ways by chance, each with its share in per cent."""
    return {
        "type": "split",
        "ways": [
            {"id": chr(ord("a") + number), "share": share, "steps": list(steps)}
            for number, (share, steps) in enumerate(ways)
        ],
    }


def paths(*ways: tuple[Mapping[str, Any], Sequence[Step]], otherwise: Sequence[Step] = ()) -> Step:
    """Ways by questions: the first that is answered with yes, or the last way."""
    asked = [{"id": f"w{number}", **question, "steps": list(steps)} for number, (question, steps) in enumerate(ways, 1)]
    return {"type": "paths", "ways": [*asked, {"id": ELSE, "steps": list(otherwise)}]}


def branches(step: Mapping[str, Any]) -> list[tuple[str, list[Step]]]:
    """The ways that part at a step: (key, row) of each; none for a step that parts none."""
    if step["type"] == "condition":
        return [("yes", step["yes"]), ("no", step["no"])]
    if step["type"] in ("split", "paths"):
        return [(way["id"], way["steps"]) for way in step["ways"]]
    return []


def walk(steps: Sequence[Step]) -> Iterator[Step]:
    """Every step, each before those below it."""
    for step in steps:
        yield step
        for _key, row in branches(step):
            yield from walk(row)


def questions(flow: Flow) -> Iterator[dict[str, Any]]:
    """Everything that asks about a contact: exits, conditions, ways, goals, waits."""
    yield from flow.get("exits", ())
    for step in walk(flow["steps"]):
        if "condition" in step:
            yield step
        if step["type"] == "paths":
            yield from (way for way in step["ways"] if "condition" in way)


def is_asking(flow: Flow) -> bool:
    """Whether people may have to be moved while they wait."""
    return bool(flow.get("exits")) or any(
        step["type"] == "goal" or step.get("mode") == "until" for step in walk(flow["steps"])
    )


def find(flow: Flow, step_id: str) -> Step:
    """A step by its id. Raises NoSuchStep."""
    for step in walk(flow["steps"]):
        if step["id"] == step_id:
            return step
    raise NoSuchStep


def first(steps: Sequence[Step]) -> str:
    """Id of the step a row begins with; empty for an empty row."""
    return str(steps[0]["id"]) if steps else ""


def after(flow: Flow, step_id: str) -> str:
    """Id of the step that follows: in the same row, or where its way meets the others again; empty where nothing follows.

    Raises NoSuchStep.
    """
    for row, index in reversed(_way_to(flow["steps"], step_id)):
        if row[index + 1 :]:
            return first(row[index + 1 :])
    return ""


def ahead(flow: Flow, step_id: str) -> list[Step]:
    """Goals that whoever stands at a step has before them, the nearest first. Raises NoSuchStep."""
    return [
        step
        for row, index in reversed(_way_to(flow["steps"], step_id))
        for step in row[index + 1 :]
        if step["type"] == "goal"
    ]


def insert(flow: Flow, place: Place, step: Step) -> tuple[Flow, str]:
    """The flow with a step more, and that step's id. A condition with nothing under Yes takes there what followed.

    Raises NoSuchStep for a place that isn't there, TooManySteps.
    """
    if sum(1 for _step in walk(flow["steps"])) >= MOST_STEPS or _depth(flow["steps"]) >= DEEPEST:
        raise TooManySteps
    changed = deepcopy(flow)
    row = _row_at(changed, place)
    new = _with_ids(step)
    if new["type"] == "condition" and not new["yes"]:
        new["yes"] = row[place.index :]
        del row[place.index :]
    row.insert(place.index, new)
    return changed, str(new["id"])


def change(flow: Flow, step_id: str, values: Mapping[str, Any]) -> Flow:
    """The flow with other settings for a step. Raises NoSuchStep."""
    changed = deepcopy(flow)
    find(changed, step_id).update(deepcopy(dict(values)))
    return changed


def remove(flow: Flow, step_id: str) -> Flow:
    """The flow without a step. Where ways part, what stands on the first of them stays. Raises NoSuchStep."""
    changed = deepcopy(flow)
    row, index = _row_of(changed["steps"], step_id)
    gone = row.pop(index)
    if ways := branches(gone):
        row[index:index] = ways[0][1]
    return changed


def move(flow: Flow, step_id: str, by: int) -> Flow:
    """The flow with a step one up (-1) or down (1) in its row; a condition stays last. Raises NoSuchStep."""
    changed = deepcopy(flow)
    row, index = _row_of(changed["steps"], step_id)
    to = index + by
    if not 0 <= to < len(row) or "condition" in (row[index]["type"], row[to]["type"]):
        return flow
    row.insert(to, row.pop(index))
    return changed


def faults(flow: Flow, workspace: Workspace) -> dict[str, str]:
    """What keeps a flow from going live: step id (empty for the trigger) to what is missing."""
    trigger = TRIGGERS.get(flow["trigger"]["kind"])
    found = (
        {"": str(_("Choose what starts it."))}
        if trigger is None
        else _form_fault("", trigger, flow["trigger"], workspace)
    )
    if not flow["steps"]:
        found.setdefault("", str(_("Add a first step.")))
    for question in flow.get("exits", ()):
        found |= _fault("", question, workspace, found)
    for step in walk(flow["steps"]):
        if not step.get("off"):
            for part in (step, *step.get("ways", ())):
                found |= _fault(step["id"], part, workspace, found)
        if step["type"] == "wait" and not step.get("off"):
            found |= _wait_fault(step, workspace)
        if step["type"] == "split" and sum(way["share"] for way in step["ways"]) != WHOLE:
            found[step["id"]] = str(_("The shares must make 100 per cent."))
    return found


def _fault(step_id: str, part: Mapping[str, Any], workspace: Workspace, found: Mapping[str, str]) -> dict[str, str]:
    """What is missing of an action or a question, unless something of the same step is known to be."""
    if step_id in found or not ("action" in part or "condition" in part):
        return {}
    if (kind := kind_of(part)) is None:
        return {step_id: str(_("Nothing here can do this any more."))}
    return _form_fault(step_id, kind, part, workspace)


def _wait_fault(step: Step, workspace: Workspace) -> dict[str, str]:
    """What a wait for a day has to have: the day, or a date field that is there."""
    if step.get("mode") == "date" and not step.get("on"):
        return {step["id"]: str(_("Choose a day."))}
    if step.get("mode") == "field":
        dates = workspace.custom_fields.filter(key=step.get("field", ""), kind=CustomField.Kind.DATE, archived_at=None)
        return {} if dates.exists() else {step["id"]: str(_("The date field is gone."))}
    return {}


def kind_of(step: Mapping[str, Any]) -> Action | Condition | None:
    """What an action or a question is an example of; None for other steps, and for kinds that are gone."""
    if "action" in step:
        return ACTIONS.get(step["action"])
    return CONDITIONS.get(step["condition"]) if "condition" in step else None


def is_whole(question: Mapping[str, Any], workspace: Workspace) -> bool:
    """Whether a question can be asked: its kind is there, and its settings say what they have to."""
    return not _fault("", question, workspace, {})


def _form_fault(
    step_id: str, kind: Trigger | Action | Condition, holder: Mapping[str, Any], workspace: Workspace
) -> dict[str, str]:
    """The first thing that the settings' own form has against them. It may look rows up: they may be gone."""
    form = kind.form(holder["config"], workspace=workspace)
    if form.is_valid():
        return {}
    return {step_id: next(str(message) for messages in form.errors.values() for message in messages)}


def check_live(flow: Flow, *, at: datetime) -> None:
    """Ask each kind of action whether a flow with its steps may let people through now. Raises what one has against it."""
    configs: dict[str, list[Mapping[str, Any]]] = {}
    for step in walk(flow["steps"]):
        if step["type"] == "action" and not step.get("off"):
            configs.setdefault(step["action"], []).append(step["config"])
    for key, found in configs.items():
        if (kind := ACTIONS.get(key)) is not None:
            kind.check_live(found, at)


def frozen(flow: Flow) -> Flow:
    """The flow as it goes live: each action's settings made final."""
    changed = deepcopy(flow)
    for step in walk(changed["steps"]):
        if step["type"] == "action" and not step.get("off"):
            step["config"] = ACTIONS[step["action"]].freeze(step["config"])
    return changed


def _with_ids(step: Mapping[str, Any]) -> Step:
    made = deepcopy(dict(step))
    made.setdefault("id", new_step_id())
    for _key, row in branches(made):
        row[:] = [_with_ids(each) for each in row]
    return made


def new_step_id() -> str:
    """An id that no other step has."""
    return "s" + new_id().hex[12:]


Row = list[Step]


def _way_to(steps: Row, step_id: str) -> list[tuple[Row, int]]:
    """The rows that lead to a step, outermost first, each with the index of what leads on; the last one is its own."""
    for index, step in enumerate(steps):
        if step["id"] == step_id:
            return [(steps, index)]
        for _key, row in branches(step):
            with suppress(NoSuchStep):
                return [(steps, index), *_way_to(row, step_id)]
    raise NoSuchStep


def _row_of(steps: Row, step_id: str) -> tuple[Row, int]:
    return _way_to(steps, step_id)[-1]


def _row_at(flow: Flow, place: Place) -> Row:
    row: Row = flow["steps"]
    if place.parent:
        found = dict(branches(find(flow, place.parent)))
        if place.branch not in found:
            raise NoSuchStep
        row = found[place.branch]
    if not 0 <= place.index <= len(row) or (place.index and row[place.index - 1]["type"] == "end"):
        raise NoSuchStep
    return row


def _depth(steps: Sequence[Step]) -> int:
    deeper = [_depth(row) for step in steps for _key, row in branches(step)]
    return 1 + max(deeper, default=0)
