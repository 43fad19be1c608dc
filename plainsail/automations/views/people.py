"""People who are held up in an automation: try again, go on without the step, or take them out."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from plainsail.automations.models import Run
from plainsail.automations.services import running
from plainsail.automations.views.automations import find
from plainsail.automations.views.flow import done
from plainsail.kernel.http import Request, can


@require_POST
@can("automations.change")
def retry(request: Request, automation_id: UUID, run_id: UUID) -> HttpResponse:
    run = _run(request, automation_id, run_id)
    running.retry(run, at=request.now)
    messages.success(request, _("It is tried again now."))
    return done(request, run.automation, "")


@require_POST
@can("automations.change")
def skip(request: Request, automation_id: UUID, run_id: UUID) -> HttpResponse:
    run = _run(request, automation_id, run_id)
    running.skip(run, at=request.now)
    messages.success(request, _("They go on behind that step."))
    return done(request, run.automation, "")


@require_POST
@can("automations.change")
def leaving(request: Request, automation_id: UUID, run_id: UUID) -> HttpResponse:
    run = _run(request, automation_id, run_id)
    running.take_out(run, at=request.now)
    messages.success(request, _("Taken out."))
    return done(request, run.automation, run.step)


def _run(request: Request, automation_id: UUID, run_id: UUID) -> Run:
    runs = find(request, automation_id).runs.select_related("automation", "version", "contact")
    found: Run = get_object_or_404(runs, id=run_id)
    return found
