"""Changes to steps that ask or part ways, as functions from a flow to the changed one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from plainsail.automations.services import flows
from plainsail.automations.services.flows import Flow

Change = Callable[[Flow], Flow]
MOST = 5
MOST_EXITS = 10
LEAST = 2


def asking(step_id: str, way: str, values: Mapping[str, Any]) -> Change:
    """Another question for a step, or for one of its ways. The change raises NoSuchStep."""

    def change(flow: Flow) -> Flow:
        changed = deepcopy(flow)
        step = flows.find(changed, step_id)
        holder = next((each for each in step.get("ways", ()) if each["id"] == way), None) if way else step
        if holder is None or holder.get("id") == flows.ELSE:
            raise flows.NoSuchStep
        holder.update(deepcopy(dict(values)))
        return changed

    return change


def waiting(step_id: str, values: Mapping[str, Any]) -> Change:
    """Another kind of wait, or other settings of it: all that it said before goes. The change raises NoSuchStep."""

    def change(flow: Flow) -> Flow:
        changed = deepcopy(flow)
        step = flows.find(changed, step_id)
        kept = {name: step[name] for name in ("id", "type", "off") if name in step}
        step.clear()
        step.update(kept | deepcopy(dict(values)))
        return changed

    return change


def leaving(number: int, question: Mapping[str, Any]) -> Change:
    """Another question for an exit, or one exit more where there are only so many. The change raises NoSuchStep."""

    def change(flow: Flow) -> Flow:
        exits = list(deepcopy(flow.get("exits", [])))
        if not 0 <= number <= len(exits) or number >= MOST_EXITS:
            raise flows.NoSuchStep
        exits[number : number + 1] = [deepcopy(dict(question))]
        return flow | {"exits": exits}

    return change


def staying(number: int) -> Change:
    """One exit less. The change raises NoSuchStep."""

    def change(flow: Flow) -> Flow:
        exits = list(deepcopy(flow.get("exits", [])))
        if not 0 <= number < len(exits):
            raise flows.NoSuchStep
        return flow | {"exits": exits[:number] + exits[number + 1 :]}

    return change


def sharing(step_id: str, shares: Mapping[str, int]) -> Change:
    """Other shares for ways by chance, in per cent; a way with a share of 0 goes with its steps, as long as two stay."""

    def change(flow: Flow) -> Flow:
        changed = deepcopy(flow)
        step = flows.find(changed, step_id)
        for way in step["ways"]:
            way["share"] = shares.get(way["id"], way["share"])
        kept = [way for way in step["ways"] if way["share"]]
        if len(kept) >= LEAST:
            step["ways"] = kept
        return changed

    return change


def one_more(step_id: str) -> Change:
    """A way more: by chance with equal shares for all, by questions in front of everybody else's."""

    def change(flow: Flow) -> Flow:
        changed = deepcopy(flow)
        step = flows.find(changed, step_id)
        ways = step["ways"]
        if len(ways) >= MOST:
            return changed
        taken = {way["id"] for way in ways}
        if step["type"] == "split":
            ways.append({"id": next(key for key in "abcdefghij" if key not in taken), "steps": []})
            for number, way in enumerate(ways):
                way["share"] = flows.WHOLE // len(ways) + (number < flows.WHOLE % len(ways))
            return changed
        key = next(f"w{number}" for number in range(1, 20) if f"w{number}" not in taken)
        first = {name: deepcopy(ways[0][name]) for name in ("condition", "config")}
        ways.insert(len(ways) - 1, {"id": key, **first, "steps": []})
        return changed

    return change
