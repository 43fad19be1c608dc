"""The flow document: a trigger, an entry rule and a tree of steps. Pure functions; every change gives a new document.

    {"v": 1, "trigger": {"kind", "config"}, "entry": {"policy": "once" | "again" | "every", "days": 30}, "steps": [step, …]}

A step is `{"id", "type", …}`: `wait` (amount, unit, weekdays, from_hour, to_hour), `action` (action, config), `condition`
(condition, config, yes: [step, …], no: [step, …]) or `end`. A condition is the last step of its row: both ways go on by
themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from plainsail.automations.sockets import ACTIONS, CONDITIONS, TRIGGERS, Action, Condition, Trigger
from plainsail.kernel.errors import Refusal
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import Workspace

FORMAT = 1
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


def walk(steps: Sequence[Step]) -> Iterator[Step]:
    """Every step, each before those below it."""
    for step in steps:
        yield step
        if step["type"] == "condition":
            yield from walk(step["yes"])
            yield from walk(step["no"])


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
    """Id of the step that follows in the same row; empty at its end. Raises NoSuchStep."""
    row, index = _row_of(flow["steps"], step_id)
    return first(row[index + 1 :])


def insert(flow: Flow, place: Place, step: Step) -> tuple[Flow, str]:
    """The flow with a step more, and that step's id. A condition takes what followed into its Yes.

    Raises NoSuchStep for a place that isn't there, TooManySteps.
    """
    if sum(1 for _step in walk(flow["steps"])) >= MOST_STEPS or _depth(flow["steps"]) >= DEEPEST:
        raise TooManySteps
    changed = deepcopy(flow)
    row = _row_at(changed, place)
    new = _with_ids(step)
    if new["type"] == "condition":
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
    """The flow without a step. Of a condition, what stands under Yes stays. Raises NoSuchStep."""
    changed = deepcopy(flow)
    row, index = _row_of(changed["steps"], step_id)
    gone = row.pop(index)
    if gone["type"] == "condition":
        row[index:index] = gone["yes"]
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
    for step in walk(flow["steps"]):
        kind = kind_of(step)
        if kind is not None:
            found |= _form_fault(step["id"], kind, step, workspace)
        elif step["type"] in ("action", "condition"):
            found[step["id"]] = str(_("Nothing here can do this any more."))
    return found


def kind_of(step: Mapping[str, Any]) -> Action | Condition | None:
    """What an action or a condition is an example of; None for other steps, and for kinds that are gone."""
    if step["type"] == "action":
        return ACTIONS.get(step["action"])
    return CONDITIONS.get(step["condition"]) if step["type"] == "condition" else None


def _form_fault(
    step_id: str, kind: Trigger | Action | Condition, holder: Mapping[str, Any], workspace: Workspace
) -> dict[str, str]:
    """The first thing that the settings' own form has against them. It may look rows up: they may be gone."""
    form = kind.form(holder["config"], workspace=workspace)
    if form.is_valid():
        return {}
    return {step_id: next(str(message) for messages in form.errors.values() for message in messages)}


def frozen(flow: Flow) -> Flow:
    """The flow as it goes live: each action's settings made final."""
    changed = deepcopy(flow)
    for step in walk(changed["steps"]):
        if step["type"] == "action":
            step["config"] = ACTIONS[step["action"]].freeze(step["config"])
    return changed


def _with_ids(step: Mapping[str, Any]) -> Step:
    made = deepcopy(dict(step))
    made.setdefault("id", "s" + new_id().hex[12:])
    for branch in ("yes", "no"):
        if branch in made:
            made[branch] = [_with_ids(each) for each in made[branch]]
    return made


def _row_of(steps: list[Step], step_id: str) -> tuple[list[Step], int]:
    for index, step in enumerate(steps):
        if step["id"] == step_id:
            return steps, index
        if step["type"] == "condition":
            for branch in ("yes", "no"):
                try:
                    return _row_of(step[branch], step_id)
                except NoSuchStep:
                    continue
    raise NoSuchStep


def _row_at(flow: Flow, place: Place) -> list[Step]:
    row: list[Step] = flow["steps"]
    if place.parent:
        parent = find(flow, place.parent)
        if parent["type"] != "condition" or place.branch not in ("yes", "no"):
            raise NoSuchStep
        row = parent[place.branch]
    if not 0 <= place.index <= len(row) or (place.index and row[place.index - 1]["type"] in ("condition", "end")):
        raise NoSuchStep
    return row


def _depth(steps: Sequence[Step]) -> int:
    deeper = [max(_depth(step["yes"]), _depth(step["no"])) for step in steps if step["type"] == "condition"]
    return 1 + max(deeper, default=0)
