"""The board, the list, and one deal."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.accounts import queries as accounts
from plainsail.contacts import queries as contacts
from plainsail.contacts.services import contacts as people
from plainsail.deals import queries
from plainsail.deals.forms import DealForm, LossForm, NewDealForm
from plainsail.deals.models import Deal, DealMove, Pipeline, Stage
from plainsail.deals.services import deals as services
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.kernel.periods import local_date

ASKED = ("text", "owner", "state", "after")


@require_GET
@can("deals.view")
def deals(request: Request) -> HttpResponse:
    """The first pipeline's board; a word about pipelines where there is none yet."""
    first = queries.pipelines(request.workspace).first()
    return render(request, "deals/beginning.html") if first is None else _board(request, first)


@require_GET
@can("deals.view")
def board(request: Request, pipeline_id: UUID) -> HttpResponse:
    """A pipeline's deals by stage."""
    return _board(request, get_object_or_404(request.workspace.pipelines, id=pipeline_id))


def _board(request: Request, pipeline: Pipeline, template: str = "deals/board.html") -> HttpResponse:
    owner = request.GET.get("owner", "")[:40]
    context = {
        "pipeline": pipeline,
        "pipelines": queries.pipelines(request.workspace),
        "board": queries.board(pipeline, owner=owner),
        "owner": owner,
        "team": accounts.team(request.workspace),
        "today": local_date(request.now, request.workspace.timezone),
    }
    return render(request, template, context)


@require_GET
@can("deals.view")
def listed(request: Request) -> HttpResponse:
    """Every deal of every pipeline, searched and filtered."""
    asked = {name: request.GET.get(name, "")[:200] for name in ASKED}
    context = {
        "page": queries.browse(request.workspace, **asked),
        "asked": asked,
        "pipelines": queries.pipelines(request.workspace),
        "team": accounts.team(request.workspace),
        "today": local_date(request.now, request.workspace.timezone),
    }
    return render(request, "deals/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@can("deals.change")
def new(request: Request) -> HttpResponse:
    """Write a deal down."""
    pipelines = list(queries.pipelines(request.workspace))
    if not pipelines:
        return redirect(workspace_url(request.workspace, "deals:deals"))
    asked = {"email": request.GET.get("email", "")[:254], "pipeline": request.GET.get("pipeline", "")[:40]}
    form = NewDealForm(
        request.POST if request.method == "POST" else None,
        workspace=request.workspace,
        pipelines=pipelines,
        initial=asked | {"owner": str(request.user.pk)},
    )
    return _create(request, form) if form.is_valid() else _form(request, "deals/new.html", form)


def _form(request: Request, template: str, form: Any, **context: Any) -> HttpResponse:
    return render(request, template, {"form": form, **context}, status=422 if form.is_bound else 200)


def _create(request: Request, form: NewDealForm) -> HttpResponse:
    contact = people.find_or_create(email=form.cleaned_data["email"], source="manual", at=request.now)
    made = services.create(form.chosen, contact, at=request.now, **form.given)
    return redirect(workspace_url(request.workspace, "deals:deal", made.id))


@require_GET
@can("deals.view")
def deal(request: Request, deal_id: UUID) -> HttpResponse:
    """One deal: what it is worth, where it stands, and how it came there."""
    found = _find(request, deal_id)
    context = {
        "deal": found,
        "stages": queries.stages_of(found.pipeline),
        "moves": queries.history(found)[:50],
        "contact": found.contact,
        "notes": contacts.notes_of(found.contact, about_id=found.id)[:50],
        "tasks": contacts.tasks_of(found.contact, about_id=found.id)[:50],
        "team": accounts.team(request.workspace),
        "today": local_date(request.now, request.workspace.timezone),
    }
    return render(request, "deals/deal.html", context)


def _find(request: Request, deal_id: UUID) -> Deal:
    found: Deal = get_object_or_404(
        request.workspace.deals.select_related("contact", "stage", "pipeline", "owner"), id=deal_id
    )
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@can("deals.change")
def edit(request: Request, deal_id: UUID) -> HttpResponse:
    """Change what is known of a deal."""
    found = _find(request, deal_id)
    form = DealForm(
        request.POST if request.method == "POST" else None,
        workspace=request.workspace,
        initial=DealForm.initial_of(found),
    )
    if not form.is_valid():
        return _form(request, "deals/edit.html", form, deal=found)
    services.change(found, **form.given)
    messages.success(request, _("Saved."))
    return redirect(workspace_url(request.workspace, "deals:deal", found.id))


@require_POST
@can("deals.change")
def move(request: Request, deal_id: UUID) -> HttpResponse:
    """Bring a deal to another stage; can be undone. Answers with the board where htmx asks, else leads back."""
    found = _find(request, deal_id)
    stage = _stage(request, found)
    made = services.move(found, stage, by=_person(request), at=request.now)
    if made is not None:
        _say_moved(request, found, made)
    return _answer(request, found)


def _stage(request: Request, found: Deal) -> Stage:
    try:
        key = UUID(request.POST.get("stage", ""))
    except ValueError:
        raise services.NoSuchStage from None
    stage: Stage = get_object_or_404(request.workspace.stages, id=key)
    return stage


def _person(request: Request) -> Any:
    return request.membership.user


def _say_moved(request: Request, found: Deal, made: DealMove) -> None:
    said = _("“%(deal)s” is at “%(stage)s” now.") % {"deal": found.title, "stage": made.target.name}
    undo = workspace_url(request.workspace, "deals:undo_move", made.id)
    messages.success(request, said, extra_tags=f"undo:{undo}")


def _answer(request: Request, found: Deal) -> HttpResponse:
    if request.htmx:
        return _board(request, found.pipeline, "deals/board.html#moved")
    if request.POST.get("back") == "board":
        return redirect(workspace_url(request.workspace, "deals:board", found.pipeline_id))
    return redirect(workspace_url(request.workspace, "deals:deal", found.id))


@require_POST
@can("deals.change")
def undo_move(request: Request, move_id: UUID) -> HttpResponse:
    """Take the last move of a deal back."""
    made: DealMove = get_object_or_404(request.workspace.deal_moves, id=move_id)
    found = services.undo(made, at=request.now)
    messages.success(request, _("“%(deal)s” is back where it was.") % {"deal": found.title})
    return redirect(workspace_url(request.workspace, "deals:board", found.pipeline_id))


@require_http_methods(["GET", "HEAD", "POST"])
@can("deals.change")
def lose(request: Request, deal_id: UUID) -> HttpResponse:
    """Mark a deal as lost, and say why."""
    found = _find(request, deal_id)
    form = LossForm(request.POST if request.method == "POST" else None, pipeline=found.pipeline)
    if not form.is_valid():
        return _form(request, "deals/lose.html", form, deal=found)
    stage = get_object_or_404(found.pipeline.stages, kind=Stage.Kind.LOST)
    made = services.move(found, stage, by=_person(request), at=request.now, reason=form.words)
    if made is not None:
        _say_moved(request, found, made)
    return redirect(workspace_url(request.workspace, "deals:board", found.pipeline_id))


@require_POST
@can("deals.change")
def delete(request: Request, deal_id: UUID) -> HttpResponse:
    """Take a deal off the boards; can be undone."""
    found = _find(request, deal_id)
    services.delete(found, at=request.now)
    undo = workspace_url(request.workspace, "deals:restore", found.id)
    messages.success(request, _("“%(deal)s” is deleted.") % {"deal": found.title}, extra_tags=f"undo:{undo}")
    return redirect(workspace_url(request.workspace, "deals:board", found.pipeline_id))


@require_POST
@can("deals.change")
def restore(request: Request, deal_id: UUID) -> HttpResponse:
    """Undo the deletion."""
    found = _find(request, deal_id)
    services.restore(found)
    return redirect(workspace_url(request.workspace, "deals:deal", found.id))
