"""Where steps stand in a flow, and the same step once more. Pure functions over the flow document."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from plainsail.automations.services import flows
from plainsail.automations.services.flows import Flow, Step


def into(flow: Flow, step: Mapping[str, Any], way: str) -> str:
    """Id of the step that somebody comes to who takes a way of a step: its first, or what follows an empty one."""
    return flows.first(dict(flows.branches(step))[way]) or flows.after(flow, step["id"])


def parent_of(flow: Flow, step_id: str) -> str:
    """Id of the step on one of whose ways a step stands; empty in the first row."""
    for step in flows.walk(flow["steps"]):
        if any(below["id"] == step_id for _key, row in flows.branches(step) for below in row):
            return str(step["id"])
    return ""


def ahead_in_row(flow: Flow, step_id: str) -> list[str]:
    """Ids of the steps before it in the row where it stands. Raises NoSuchStep."""
    for row in rows(flow):
        ids = [step["id"] for step in row]
        if step_id in ids:
            return ids[: ids.index(step_id)]
    raise flows.NoSuchStep


def rows(flow: Flow) -> list[list[Step]]:
    """Every row of a flow, the first one first."""
    return [flow["steps"], *(row for step in flows.walk(flow["steps"]) for _key, row in flows.branches(step))]


def anew(step: Mapping[str, Any]) -> Step:
    """A step with all below it, without ids: they come when it is put in somewhere."""
    made = deepcopy(dict(step))
    for each in flows.walk([made]):
        each.pop("id", None)
    return made
