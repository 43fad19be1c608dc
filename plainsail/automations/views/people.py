"""People in an automation: who stands where; try again, go on without the step, move them on, or take them out."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from plainsail.automations import queries
from plainsail.automations.forms import PeopleForm
from plainsail.automations.models import Run
from plainsail.automations.services import flows, running, steering
from plainsail.automations.views import drawing
from plainsail.automations.views.automations import find
from plainsail.automations.views.flow import done
from plainsail.kernel.http import Request, can, workspace_url

SHOWN = 50


@require_GET
@can("automations.view")
def people(request: Request, automation_id: UUID) -> HttpResponse:
    found, form = find(request, automation_id), PeopleForm(request.GET)
    step_id, state = (form.cleaned_data[name] if form.is_valid() else "" for name in ("step", "state"))
    standing = queries.standing(found, step_id=step_id, state=state)
    page = Paginator(standing, SHOWN).get_page(request.GET.get("page"))
    context = {
        "automation": found,
        "page": page,
        "people": [{"run": run, "at": place_of(run)} for run in page],
        "chosen": {"step": step_id, "state": state},
        "steps": [(step["id"], drawing.sentence(step)) for step in flows.walk(found.draft["steps"])],
        "states": Run.State.choices,
        "may_change": request.role.allows("automations.change"),
    }
    return render(request, "automations/people.html", context)


def place_of(run: Run) -> str:
    """Where somebody stands, in the words of the version that they go through."""
    try:
        return drawing.sentence(flows.find(run.version.document, run.step))
    except flows.NoSuchStep:
        return ""


@require_POST
@can("automations.change")
def moving(request: Request, automation_id: UUID, run_id: UUID) -> HttpResponse:
    run = _run(request, automation_id, run_id)
    if steering.move_on(run, at=request.now):
        messages.success(request, _("They go on behind that step."))
    return back(request, run)


@require_POST
@can("automations.change")
def retry(request: Request, automation_id: UUID, run_id: UUID) -> HttpResponse:
    run = _run(request, automation_id, run_id)
    running.retry(run, at=request.now)
    messages.success(request, _("It is tried again now."))
    return back(request, run)


@require_POST
@can("automations.change")
def skip(request: Request, automation_id: UUID, run_id: UUID) -> HttpResponse:
    run = _run(request, automation_id, run_id)
    running.skip(run, at=request.now)
    messages.success(request, _("They go on behind that step."))
    return back(request, run)


@require_POST
@can("automations.change")
def leaving(request: Request, automation_id: UUID, run_id: UUID) -> HttpResponse:
    run = _run(request, automation_id, run_id)
    running.take_out(run, at=request.now)
    messages.success(request, _("Taken out."))
    return back(request, run)


def back(request: Request, run: Run) -> HttpResponse:
    """To the list of people if the change was made there, else to the flow."""
    asked = PeopleForm(request.GET)
    if request.htmx or not asked.is_valid() or "list" not in request.GET:
        return done(request, run.automation, run.step)
    kept = urlencode({name: value for name, value in asked.cleaned_data.items() if value})
    return redirect(f"{workspace_url(request.workspace, 'automations:people', run.automation_id)}?{kept}")


def _run(request: Request, automation_id: UUID, run_id: UUID) -> Run:
    runs = find(request, automation_id).runs.select_related("automation", "version", "contact")
    found: Run = get_object_or_404(runs, id=run_id)
    return found
