"""Earlier versions of an automation: what is different in them, and drawing one again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from plainsail.automations.models import Automation, AutomationVersion
from plainsail.automations.services import editing, flows, places
from plainsail.automations.services.flows import Flow, Step

BELOW = ("yes", "no")
FROZEN = ("edition",)
"""Settings that a version has besides a draft's: what was made final."""


@dataclass(frozen=True)
class Difference:
    """A step that one flow has and another hasn't, or has otherwise; `before` is None for a new one, `after` for one gone."""

    kind: Literal["added", "removed", "changed", "moved", "trigger", "entry"]
    before: Step | None = None
    after: Step | None = None


def compare(before: Flow, after: Flow) -> list[Difference]:
    """What is different in a flow, in its reading order; what is gone comes last."""
    found = []
    if before["trigger"] != after["trigger"]:
        found.append(Difference("trigger", before["trigger"], after["trigger"]))
    if before["entry"] != after["entry"]:
        found.append(Difference("entry", before["entry"], after["entry"]))
    earlier = {step["id"]: step for step in flows.walk(before["steps"])}
    later = {step["id"]: step for step in flows.walk(after["steps"])}
    for step_id, step in later.items():
        if step_id not in earlier:
            found.append(Difference("added", None, step))
        elif _own(earlier[step_id]) != _own(step):
            found.append(Difference("changed", earlier[step_id], step))
        elif _stands(before, step_id, later) != _stands(after, step_id, earlier):
            found.append(Difference("moved", earlier[step_id], step))
    return found + [Difference("removed", step, None) for key, step in earlier.items() if key not in later]


def restore(automation: Automation, version: AutomationVersion, *, at: datetime) -> Automation:
    """Draw a version again. What is live stays until the next publishing; Undo brings the draft back."""
    return editing.replace(automation, version.document, revision=automation.revision, at=at)


def _own(step: Step) -> dict[str, Any]:
    """A step without those below it, and without what publishing added."""
    own = {key: value for key, value in step.items() if key not in BELOW}
    if "config" in own:
        own["config"] = {key: value for key, value in own["config"].items() if key not in FROZEN}
    if "ways" in own:
        own["ways"] = [{key: value for key, value in way.items() if key != "steps"} for way in own["ways"]]
    return own


def _stands(flow: Flow, step_id: str, known: dict[str, Step]) -> tuple[str, str]:
    """Below which step, and behind which of those that the other flow has too: a neighbour that came or went moves nobody."""
    ahead = [other for other in places.ahead_in_row(flow, step_id) if other in known]
    return places.parent_of(flow, step_id), ahead[-1] if ahead else ""
