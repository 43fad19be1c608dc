"""The flow of one automation: its boxes, the panel of one of them, and every change to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from plainsail.automations import queries
from plainsail.automations.forms import (
    UNTIL,
    WAITS,
    EntryForm,
    InsertForm,
    ModeForm,
    MoveForm,
    PublishForm,
    RevisionForm,
    WindowForm,
    window_of,
)
from plainsail.automations.models import Automation
from plainsail.automations.services import editing, flows, places, publishing, sequences, timing, ways
from plainsail.automations.services.rehearsing import Rehearsal
from plainsail.automations.sockets import ACTIONS, CONDITIONS, TRIGGERS, Action, StepForm
from plainsail.automations.views import asking, drawing, letters, trying
from plainsail.automations.views.automations import find
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, with_links, workspace_url

MONTH = timedelta(days=30)
LIST, SEQUENCE = "list", "sequence"
REMOVED = gettext_lazy("Removed. Undo brings it back.")
COPIED = "automations.copied"
"""Where a session keeps the step that was copied last, by the business's slug."""


@require_GET
@can("automations.view")
def automation(request: Request, automation_id: UUID) -> HttpResponse:
    return show(request, find(request, automation_id), request.GET.get("step", ""))


@require_GET
@can("automations.view")
def counts(request: Request, automation_id: UUID) -> JsonResponse:
    """The numbers alone, for a screen that stays open."""
    found = find(request, automation_id)
    look = drawing.Drawing(queries.step_counts(found), flows.faults(found.draft, request.workspace), "")
    return JsonResponse({"steps": drawing.live(found.draft, look)})


@require_POST
@can("automations.change")
def steps(request: Request, automation_id: UUID) -> HttpResponse:
    found, form = find(request, automation_id), InsertForm(request.POST)
    if not form.is_valid():
        return refused(request, found, _("Choose what to put in."))
    step = _new_step(form.cleaned_data["kind"], request)
    if step is None:
        return refused(request, found, _("Copy a step first."))
    try:
        made = editing.insert(found, form.place, step, revision=form.cleaned_data["revision"], at=request.now)
    except Refusal as refusal:
        return refused(request, found, str(refusal))
    return done(request, found, made)


@require_POST
@can("automations.change")
def step(request: Request, automation_id: UUID, step_id: str) -> HttpResponse:
    found = find(request, automation_id)
    revision, form = RevisionForm(request.POST), step_form(found, step_id, request, request.POST)
    if form is None or not revision.is_valid():
        return refused(request, found, _("That step is not there any more."))
    if form.is_drafting or not form.is_valid():
        return show(request, found, step_id, form=form, status=200 if form.is_drafting else 422)
    change = partial(editing.edit, change=_setting(step_id, form, request))
    return attempt(request, found, revision, change, then=step_id)


def _setting(step_id: str, form: StepForm, request: Request) -> ways.Change:
    """What the form says as a change of its step."""
    config = form.config()
    if isinstance(form, WindowForm):
        return ways.waiting(step_id, {"mode": request.POST.get("mode") or "for", **config})
    return lambda flow: flows.change(flow, step_id, {"config": config})


@require_POST
@can("automations.change")
def removal(request: Request, automation_id: UUID, step_id: str) -> HttpResponse:
    found, form = find(request, automation_id), RevisionForm(request.POST)
    return attempt(request, found, form, partial(editing.remove, step_id=step_id), said=REMOVED)


@require_POST
@can("automations.change")
def copy(request: Request, automation_id: UUID, step_id: str) -> HttpResponse:
    """Remember a step with what is below it, to be pasted here or into another automation of this business."""
    found = find(request, automation_id)
    try:
        request.session[COPIED] = {request.workspace.slug: places.anew(flows.find(found.draft, step_id))}
    except Refusal as refusal:
        return refused(request, found, str(refusal))
    messages.success(request, _("Copied. Choose + where it should go, or press Ctrl+V on a step."))
    return done(request, found, step_id)


@require_POST
@can("automations.change")
def order(request: Request, automation_id: UUID, step_id: str) -> HttpResponse:
    found, form = find(request, automation_id), MoveForm(request.POST)
    return attempt(request, found, form, partial(editing.move, step_id=step_id), then=step_id)


@require_POST
@can("automations.change")
def entry(request: Request, automation_id: UUID) -> HttpResponse:
    found, form, revision = find(request, automation_id), EntryForm(request.POST), RevisionForm(request.POST)
    config = _trigger_form(request.POST.get("kind", ""), request, request.POST)
    if config is None or not (form.is_valid() and revision.is_valid() and config.is_valid()):
        return show(request, found, drawing.TRIGGER, form=config, entry=form, status=422)
    change = partial(editing.start_with, config=config.config(), **form.cleaned_data)
    return attempt(request, found, revision, change, then=drawing.TRIGGER)


@require_POST
@can("automations.change")
def undo(request: Request, automation_id: UUID) -> HttpResponse:
    return attempt(request, find(request, automation_id), RevisionForm(request.POST), editing.undo)


@require_POST
@can("automations.change")
def redo(request: Request, automation_id: UUID) -> HttpResponse:
    return attempt(request, find(request, automation_id), RevisionForm(request.POST), editing.redo)


@require_POST
@can("automations.send")
def publication(request: Request, automation_id: UUID) -> HttpResponse:
    found, form = find(request, automation_id), PublishForm(request.POST)
    try:
        if form.is_valid() and form.moves_them:
            publishing.publish_moving_them(found, at=request.now)
        else:
            publishing.publish_letting_them_finish(found, at=request.now)
    except Refusal as refusal:
        return refused(request, found, with_links(refusal))
    messages.success(request, _("It is live. Whoever comes now goes through what you see here."))
    return done(request, found, "")


@require_POST
@can("automations.send")
def pause(request: Request, automation_id: UUID) -> HttpResponse:
    found = find(request, automation_id)
    try:
        publishing.pause(found)
    except Refusal as refusal:
        return refused(request, found, with_links(refusal))
    messages.success(request, _("Paused. Everybody keeps their place, and nobody comes in."))
    return done(request, found, "")


@require_POST
@can("automations.send")
def resumption(request: Request, automation_id: UUID) -> HttpResponse:
    found = find(request, automation_id)
    try:
        publishing.resume(found, at=request.now)
    except Refusal as refusal:
        return refused(request, found, with_links(refusal))
    messages.success(request, _("It goes on. What became due meanwhile happens now."))
    return done(request, found, "")


def attempt(
    request: Request,
    found: Automation,
    form: Form,
    change: Callable[..., object],
    *,
    then: str = "",
    said: str | Promise = "",
) -> HttpResponse:
    """Let a service change the flow by what a form says, if it is valid; answer with the flow, or with what was refused.

    `then` is the step whose panel is open afterwards, `said` what is told of the change.
    """
    try:
        if form.is_valid():
            change(found, at=request.now, **form.cleaned_data)
            if said:
                messages.success(request, str(said))
    except Refusal as refusal:
        return refused(request, found, str(refusal))
    return done(request, found, then)


def done(request: Request, found: Automation, step_id: str) -> HttpResponse:
    """After a change: the flow anew for htmx, else its address."""
    asked = {"step": step_id} if step_id else {}
    view = view_of(request)
    if view == LIST:
        asked["view"] = LIST
    name = "automations:sequence" if view == SEQUENCE else "automations:automation"
    url = workspace_url(request.workspace, name, found.id) + (f"?{urlencode(asked)}" if asked else "")
    if not request.htmx:
        return redirect(url)
    response = show(request, find(request, found.id), step_id)
    response["HX-Push-Url"] = url
    return response


def view_of(request: Request) -> str:
    """As what the flow is looked at: a map (empty), a list or a sequence; asked for, or where the change was made."""
    before = urlsplit(request.htmx.current_url or "") if request.htmx else urlsplit("")
    if request.path.endswith(f"/{SEQUENCE}/"):
        return SEQUENCE
    if "view" in request.GET or request.method == "GET":
        asked = request.GET.get("view", "")
        return asked if asked in (LIST, SEQUENCE) else ""
    if before.path.endswith(f"/{SEQUENCE}/"):
        return SEQUENCE
    return LIST if LIST in parse_qs(before.query).get("view", []) else ""


def refused(request: Request, found: Automation, message: str) -> HttpResponse:
    """The newest flow, and why the change was not made."""
    messages.error(request, message)
    return done(request, found, "")


def show(
    request: Request,
    found: Automation,
    step_id: str,
    *,
    form: StepForm | None = None,
    entry: EntryForm | None = None,
    rest: Form | None = None,
    status: int = 200,
) -> HttpResponse:
    """The whole screen, or for htmx the part of it that changes."""
    panel = _panel(request, found, step_id, form=form, entry=entry, rest=rest)
    context = _screen(request, found, step_id, panel.get("rehearsal")) | panel
    template = "automations/flow.html#flow" if request.htmx else "automations/flow.html"
    return render(request, template, context, status=status)


def _screen(request: Request, found: Automation, step_id: str, rehearsed: Rehearsal | None) -> dict[str, Any]:
    faults = flows.faults(found.draft, request.workspace)
    walked = rehearsed.ids if rehearsed else frozenset[str]()
    look = drawing.Drawing(queries.step_counts(found), faults, step_id, walked)
    numbers = {
        "faults": faults,
        "traffic": queries.traffic(request.workspace).get(found.id, queries.Traffic()),
        "moving": publishing_numbers(found),
    }
    return {"automation": found} | _drawn(request, found, look) | numbers | _look(request)


def _drawn(request: Request, found: Automation, look: drawing.Drawing) -> dict[str, Any]:
    """The flow itself; as a list of mails where it is looked at as one."""
    flow, entered = found.draft, queries.entered_since(found, request.now - MONTH)
    return {
        "trigger": drawing.trigger_node(flow, look, entered=entered),
        "row": drawing.draw(flow["steps"], look),
        "may_be_sequence": sequences.is_sequence(flow),
        "exits": [drawing.asked(question) for question in flow.get("exits", ())],
    } | (letters.shown(request, found, look) if view_of(request) == SEQUENCE else {})


def _look(request: Request) -> dict[str, Any]:
    """How the screen is looked at, and by whom."""
    return {
        "as_list": view_of(request) == LIST,
        "view": view_of(request),
        "may_change": request.role.allows("automations.change"),
        "may_send": request.role.allows("automations.send"),
    }


def _panel(
    request: Request,
    found: Automation,
    step_id: str,
    *,
    form: StepForm | None,
    entry: EntryForm | None,
    rest: Form | None,
) -> dict[str, Any]:
    """What stands at the side: a step's settings, the trigger's, what may be put in, or the people held up."""
    place = drawing.read_place(request.GET.get("at", ""))
    if "test" in request.GET:
        return {"panel": "test"} | trying.panel(request, found)
    if step_id == drawing.TRIGGER:
        return {"panel": "trigger"} | _trigger_panel(request, found, form, entry)
    if place is not None and drawing.is_place(found.draft, place):
        return {"panel": "insert", "place": place, "choices": drawing.choices(), "copied": copied(request)}
    if step_id.startswith(asking.EXIT):
        return {"panel": "exit"} | asking.exit_panel(request, found, step_id, form)
    try:
        chosen = flows.find(found.draft, step_id)
    except flows.NoSuchStep:
        return {"panel": "overview", "held_up": queries.held_up(found)}
    return {"panel": "step"} | _step_panel(request, found, chosen) | _settings(request, found, chosen, form, rest)


def _settings(
    request: Request, found: Automation, step: flows.Step, form: StepForm | None, rest: Form | None
) -> dict[str, Any]:
    """The forms of a step's panel."""
    if asks(request, step):
        return {"asks": True} | asking.panel(request, found, step, form, rest)
    letter = letters.letter_of(found, step["id"]) if view_of(request) == SEQUENCE else None
    delay = {"delay": rest or letters.delay_form(request, letter), "waits": len(letter.waits)} if letter else {}
    return {"form": form or step_form(found, step["id"], request)} | delay


def asks(request: Request, step: flows.Step) -> bool:
    """Whether a step's panel is one of questions and shares."""
    return step["type"] in ("split", "paths", "goal") or (step["type"] == "wait" and mode_of(request, step) == UNTIL)


def mode_of(request: Request, step: flows.Step) -> str:
    """What a wait waits for: as is chosen in its panel, or as it says."""
    form = ModeForm(request.POST if "mode" in request.POST else request.GET)
    chosen = form.cleaned_data["mode"] if form.is_valid() else ""
    return str(chosen or step.get("mode", "for"))


def _step_panel(request: Request, found: Automation, chosen: flows.Step) -> dict[str, Any]:
    kind, page = (
        flows.kind_of(chosen),
        "automations:sequence" if view_of(request) == SEQUENCE else "automations:automation",
    )
    return {
        "step": chosen,
        "node": drawing.node_of(chosen, drawing.Drawing(queries.StepCounts(), {}, "")),
        "kind": None if asks(request, chosen) else kind,
        "more": kind.panel if isinstance(kind, Action) else "",
        "modes": ModeForm(initial={"mode": mode_of(request, chosen)}) if chosen["type"] == "wait" else None,
        "mode": mode_of(request, chosen),
        "people": queries.people_at(found, chosen["id"]),
        "skipped": queries.skipped_at(found, chosen["id"]) if isinstance(kind, Action) else (),
        "back": f"{workspace_url(request.workspace, page, found.id)}?step={chosen['id']}",
    }


def _trigger_panel(
    request: Request, found: Automation, form: StepForm | None, entry: EntryForm | None
) -> dict[str, Any]:
    trigger, rule = found.draft["trigger"], found.draft["entry"]
    kind = request.POST.get("kind") or request.GET.get("kind") or trigger["kind"] or next(iter(TRIGGERS.keys()))
    offered = rule["policy"] if kind == trigger["kind"] or kind not in TRIGGERS else TRIGGERS[kind].policy
    initial = {"kind": kind, "policy": offered, "days": rule["days"]}
    return {
        "entry": entry or EntryForm(initial=initial),
        "form": form or _trigger_form(kind, request, initial=trigger["config"] if kind == trigger["kind"] else {}),
        "kind": kind,
    }


def _trigger_form(
    kind: str, request: Request, data: Any = None, *, initial: dict[str, Any] | None = None
) -> StepForm | None:
    found = TRIGGERS.get(kind)
    return found.form(data, workspace=request.workspace, initial=initial) if found is not None else None


def step_form(found: Automation, step_id: str, request: Request, data: Any = None) -> StepForm | None:
    """The settings form of a step; None for one that is gone, or has nothing to set."""
    try:
        chosen = flows.find(found.draft, step_id)
    except flows.NoSuchStep:
        return None
    if chosen["type"] == "wait":
        kept = chosen if mode_of(request, chosen) == chosen.get("mode", "for") else window_of(chosen)
        return WAITS.get(mode_of(request, chosen), WAITS["for"])(data, workspace=request.workspace, initial=kept)
    kind = flows.kind_of(chosen)
    return kind.form(data, workspace=request.workspace, initial=chosen["config"]) if kind is not None else None


def copied(request: Request) -> str:
    """What the step that was copied last says; nothing if there is none."""
    step = request.session.get(COPIED, {}).get(request.workspace.slug)
    return drawing.sentence(step) if step else ""


def publishing_numbers(found: Automation) -> dict[str, int]:
    """How many of those under way would go on in the new version, and how many stand at a step that is gone from it."""
    there = {step["id"] for step in flows.walk(found.draft["steps"])} | {""}
    waiting = queries.waiting_at(found)
    moved = sum(people for step, people in waiting.items() if step in there)
    return {"all": waiting.total(), "moved": moved, "stay": waiting.total() - moved}


def _new_step(kind: str, request: Request) -> flows.Step | None:
    """The step that goes in; None where one should be pasted and none was copied."""
    family, _colon, key = kind.partition(":")
    if family == "paste":
        return _pasted(request)
    if family == "action":
        return flows.action(key, ACTIONS[key].begin(request.now))
    if family == "condition":
        return flows.condition(key)
    asked = flows.ask(next(key for key, kind in CONDITIONS.items() if drawing.has_settings(kind)))
    plain: dict[str, Callable[[], flows.Step]] = {
        "wait": lambda: flows.wait(1),
        "day": lambda: flows.wait_for_day(timing.MORNING),
        "until": lambda: flows.wait_until(asked, amount=3),
        "split": lambda: flows.split((50, []), (50, [])),
        "paths": lambda: flows.paths((asked, []), (asked, [])),
        "goal": lambda: flows.goal(asked),
        "end": flows.end,
    }
    return plain[family]()


def _pasted(request: Request) -> flows.Step | None:
    """The copied step once more, with what its actions need of their own."""
    step: flows.Step | None = request.session.get(COPIED, {}).get(request.workspace.slug)
    if step is None:
        return None
    made = places.anew(step)
    for each in flows.walk([made]):
        kind = flows.kind_of(each)
        if isinstance(kind, Action):
            each["config"] = kind.again(each["config"], request.now)
    return made
