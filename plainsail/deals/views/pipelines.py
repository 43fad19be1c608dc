"""Pipelines and their stages."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from plainsail.deals import queries
from plainsail.deals.forms import PipelineDetailsForm, PipelineForm, StageForm
from plainsail.deals.models import Pipeline, Stage
from plainsail.deals.services import pipelines as services
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, refusals_at, workspace_url


@require_http_methods(["GET", "HEAD", "POST"])
@can("deals.view")
def pipelines(request: Request) -> HttpResponse:
    """Every pipeline; a post makes another."""
    return _create(request) if request.method == "POST" else _all(request, PipelineForm())


@can("deals.change")
def _create(request: Request) -> HttpResponse:
    form = PipelineForm(request.POST)
    with refusals_at(form):
        if form.is_valid():
            made = services.create(request.workspace, at=request.now, **form.cleaned_data)
            return redirect(workspace_url(request.workspace, "deals:board", made.id))
    return _all(request, form)


def _all(request: Request, form: PipelineForm) -> HttpResponse:
    context = {"pipelines": request.workspace.pipelines.order_by("archived_at", "position", "id"), "form": form}
    return render(request, "deals/pipelines.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@can("deals.change")
def pipeline(request: Request, pipeline_id: UUID) -> HttpResponse:
    """A pipeline's name, stages, and reasons for losing."""
    found: Pipeline = get_object_or_404(request.workspace.pipelines, id=pipeline_id)
    begin = {"name": found.name, "lost_reasons": "\n".join(found.lost_reasons)}
    form = PipelineDetailsForm(request.POST if request.method == "POST" else None, initial=begin)
    with refusals_at(form):
        if form.is_valid():
            services.change(found, **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect(workspace_url(request.workspace, "deals:pipeline", found.id))
    return _one(request, found, form=form, stage_form=StageForm(prefix="stage"))


def _one(request: Request, found: Pipeline, *, form: PipelineDetailsForm, stage_form: StageForm) -> HttpResponse:
    context = {
        "pipeline": found,
        "form": form,
        "stage_form": stage_form,
        "stages": queries.stages_of(found),
        "reasons": queries.lost_by_reason(found),
    }
    is_bad = form.is_bound or stage_form.is_bound
    return render(request, "deals/pipeline.html", context, status=422 if is_bad else 200)


@require_POST
@can("deals.change")
def archive(request: Request, pipeline_id: UUID) -> HttpResponse:
    """Put a pipeline away; can be undone."""
    found: Pipeline = get_object_or_404(request.workspace.pipelines, id=pipeline_id)
    try:
        services.archive(found, at=request.now)
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect(workspace_url(request.workspace, "deals:pipelines"))
    undo = workspace_url(request.workspace, "deals:restore_pipeline", found.id)
    messages.success(request, _("“%(name)s” is put away.") % {"name": found.name}, extra_tags=f"undo:{undo}")
    return redirect(workspace_url(request.workspace, "deals:pipelines"))


@require_POST
@can("deals.change")
def restore(request: Request, pipeline_id: UUID) -> HttpResponse:
    """Bring a pipeline back."""
    services.restore(get_object_or_404(request.workspace.pipelines, id=pipeline_id))
    return redirect(workspace_url(request.workspace, "deals:pipelines"))


@require_POST
@can("deals.change")
def add_stage(request: Request, pipeline_id: UUID) -> HttpResponse:
    """Another stage, the last before won and lost."""
    found: Pipeline = get_object_or_404(request.workspace.pipelines, id=pipeline_id)
    form = StageForm(request.POST, prefix="stage")
    if form.is_valid():
        services.add_stage(found, at=request.now, **form.cleaned_data)
        return redirect(workspace_url(request.workspace, "deals:pipeline", found.id))
    begin = {"name": found.name, "lost_reasons": "\n".join(found.lost_reasons)}
    return _one(request, found, form=PipelineDetailsForm(initial=begin), stage_form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@can("deals.change")
def stage(request: Request, stage_id: UUID) -> HttpResponse:
    """One stage's name and probability."""
    found: Stage = get_object_or_404(request.workspace.stages.select_related("pipeline"), id=stage_id)
    begin = {"name": found.name, "probability": found.probability}
    form = StageForm(request.POST if request.method == "POST" else None, initial=begin, stage=found)
    if form.is_valid():
        services.change_stage(found, **{"probability": found.probability} | form.cleaned_data)
        return redirect(workspace_url(request.workspace, "deals:pipeline", found.pipeline_id))
    return render(request, "deals/stage.html", {"stage": found, "form": form}, status=422 if form.is_bound else 200)


@require_POST
@can("deals.change")
def move_stage(request: Request, stage_id: UUID) -> HttpResponse:
    """One place towards the beginning."""
    found: Stage = get_object_or_404(request.workspace.stages.select_related("pipeline"), id=stage_id)
    services.move_stage_up(found)
    return redirect(workspace_url(request.workspace, "deals:pipeline", found.pipeline_id))


@require_POST
@can("deals.change")
def remove_stage(request: Request, stage_id: UUID) -> HttpResponse:
    """Take a stage out of its pipeline."""
    found: Stage = get_object_or_404(request.workspace.stages.select_related("pipeline"), id=stage_id)
    services.remove_stage(found, at=request.now)
    return redirect(workspace_url(request.workspace, "deals:pipeline", found.pipeline_id))
