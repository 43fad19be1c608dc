"""The panel of steps that ask or part ways: which question, which shares."""

from __future__ import annotations

from typing import Any

from plainsail.automations.forms import GoalForm, SharesForm, UntilForm
from plainsail.automations.models import Automation
from plainsail.automations.services import flows, ways
from plainsail.automations.sockets import CONDITIONS, Condition, StepForm
from plainsail.automations.views import drawing
from plainsail.kernel.http import Request

EXIT = "exit-"


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
    # A wait of another kind begins with some days.
    return UntilForm(data, initial={"amount": 3, "unit": "days", **step}) if step["type"] == "wait" else None


def panel(request: Request, found: Automation, step: flows.Step, form: StepForm | None, rest: Any) -> dict[str, Any]:
    """What the panel of such a step shows."""
    if step["type"] == "split":
        return {"shares": rest or SharesForm(ways=step["ways"]), "most_ways": len(step["ways"]) >= ways.MOST}
    way = request.POST.get("way") or request.GET.get("way", "")
    asked = next((each for each in step.get("ways", ()) if each["id"] == way), None) or step
    if step["type"] == "wait" and "condition" not in step:
        asked = {**step, **first_question()}
    if "condition" not in asked:
        return {"asked_ways": [{"id": key, "says": drawing.way_label(step, key)} for key, _row in flows.branches(step)]}
    return question(request, asked, form) | {"way": way, "rest": rest or rest_of(found, step["id"])}


def exit_panel(request: Request, found: Automation, key: str, form: StepForm | None) -> dict[str, Any]:
    """What the panel of an exit shows: `exit-0` is the first, one behind the last is new."""
    exits, number = found.draft.get("exits", []), number_of(key)
    asked = exits[number] if number < len(exits) else first_question()
    return {"number": number, "is_new": number >= len(exits)} | question(request, asked, form)


def number_of(key: str) -> int:
    """Which exit a key means; of one that is none, the first."""
    text = key.removeprefix(EXIT)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 3 else 0


def first_question() -> dict[str, Any]:
    """A question before anybody has chosen."""
    return flows.ask(next(key for key, kind in CONDITIONS.items() if drawing.has_settings(kind)))


def question(request: Request, asked: dict[str, Any], form: StepForm | None) -> dict[str, Any]:
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
