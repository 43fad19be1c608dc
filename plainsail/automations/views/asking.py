"""The panel of steps that ask or part ways: which question, which shares."""

from __future__ import annotations

from typing import Any

from plainsail.automations.forms import GoalForm, SharesForm, UntilForm
from plainsail.automations.models import Automation
from plainsail.automations.services import flows, ways
from plainsail.automations.sockets import CONDITIONS, Condition, StepForm
from plainsail.automations.views import drawing
from plainsail.kernel.http import Request


def ways_of(found: Automation, step_id: str) -> list[dict[str, Any]]:
    try:
        return list(flows.find(found.draft, step_id).get("ways", ()))
    except flows.NoSuchStep:
        return []


def form_of(request: Request, kind: str, data: Any = None, *, initial: Any = None) -> StepForm | None:
    """The settings of a question; None for a kind that isn't there."""
    condition = CONDITIONS.get(kind)
    return condition.form(data, workspace=request.workspace, initial=initial) if condition is not None else None


def rest_of(found: Automation, step_id: str, data: Any = None) -> GoalForm | UntilForm | None:
    """What a goal or a wait has to set besides its question."""
    try:
        step = flows.find(found.draft, step_id)
    except flows.NoSuchStep:
        return None
    if step["type"] == "goal":
        return GoalForm(data, initial=step)
    return UntilForm(data, initial=step) if step.get("mode") == "until" else None


def panel(request: Request, found: Automation, step: flows.Step, form: StepForm | None, rest: Any) -> dict[str, Any]:
    """What the panel of such a step shows."""
    if step["type"] == "split":
        return {"shares": rest or SharesForm(ways=step["ways"]), "most_ways": len(step["ways"]) >= ways.MOST}
    way = request.POST.get("way") or request.GET.get("way", "")
    asked = next((each for each in step.get("ways", ()) if each["id"] == way), None) or step
    if "condition" not in asked:
        return {"asked_ways": [{"id": key, "says": drawing.way_label(step, key)} for key, _row in flows.branches(step)]}
    return _question(request, asked, form) | {"way": way, "rest": rest or rest_of(found, step["id"])}


def _question(request: Request, asked: dict[str, Any], form: StepForm | None) -> dict[str, Any]:
    """A question with its settings; another kind chosen meanwhile begins anew."""
    kind = request.POST.get("kind") or request.GET.get("kind") or asked["condition"]
    initial = asked["config"] if kind == asked["condition"] else {}
    return {
        "question": form or form_of(request, kind, initial=initial),
        "kind_key": kind,
        "kinds": [(key, one.label) for key, one in offered()],
    }


def offered() -> list[tuple[str, Condition]]:
    """Questions that can be set in a panel: one that is drawn elsewhere has nothing to show here."""
    return [(key, kind) for key, kind in CONDITIONS.items() if drawing.has_settings(kind)]
