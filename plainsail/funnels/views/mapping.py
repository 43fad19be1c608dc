"""The map of one funnel: its steps with their numbers, the panel of one of them, and every change to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from plainsail.accounts.services import hosts
from plainsail.funnels import queries
from plainsail.funnels.forms import InsertForm, MoveForm, PeriodForm, StepForm
from plainsail.funnels.models import Funnel, FunnelStep
from plainsail.funnels.queries import Period, StepNumbers
from plainsail.funnels.services import drawing, furnishing, publishing, routing
from plainsail.funnels.services.routing import Kind
from plainsail.funnels.views import looks
from plainsail.funnels.views.funnels import find
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url


@require_GET
@can("funnels.view")
def funnel(request: Request, funnel_id: UUID) -> HttpResponse:
    return show(request, find(request, funnel_id))


@require_POST
@can("funnels.change")
def steps(request: Request, funnel_id: UUID) -> HttpResponse:
    found, form = find(request, funnel_id), InsertForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose what to put in."))
        return back(request, found)
    kind = Kind(form.cleaned_data["kind"])
    try:
        made = drawing.insert(
            found, position=form.cleaned_data["position"], kind=kind, name=str(kind.label), at=request.now
        )
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return back(request, found)
    return back(request, found, made)


@require_POST
@can("funnels.change")
def step(request: Request, funnel_id: UUID, step_id: UUID) -> HttpResponse:
    found, chosen = _step(request, funnel_id, step_id)
    form = StepForm(request.POST, workspace=request.workspace, step=chosen)
    if not form.is_valid():
        return show(request, found, chosen, form=form, status=422)
    drawing.change(chosen, form.values(), at=request.now)
    if chosen.kind == Kind.SPLIT:
        drawing.part(chosen, form.split, at=request.now)
        if "more" in request.POST and len(form.split) < drawing.MOST_PAGES:
            drawing.one_more_page(chosen, at=request.now)
    messages.success(request, _("Saved."))
    return back(request, found, chosen)


@require_POST
@can("funnels.change")
def content(request: Request, funnel_id: UUID, step_id: UUID) -> HttpResponse:
    """Make a page or a mail for a step that has none."""
    found, chosen = _step(request, funnel_id, step_id)
    furnishing.furnish(request.workspace, chosen, by=request.user, at=request.now)  # type: ignore[arg-type]  # a member
    return back(request, found, chosen)


@require_POST
@can("funnels.change")
def order(request: Request, funnel_id: UUID, step_id: UUID) -> HttpResponse:
    found, chosen = _step(request, funnel_id, step_id)
    form = MoveForm(request.POST)
    if form.is_valid():
        drawing.move(chosen, by=form.cleaned_data["by"], at=request.now)
    return back(request, found, chosen)


@require_POST
@can("funnels.change")
def removal(request: Request, funnel_id: UUID, step_id: UUID) -> HttpResponse:
    found, chosen = _step(request, funnel_id, step_id)
    drawing.remove(chosen, at=request.now)
    messages.success(request, _("Removed from the map. What stood there is still among your pages and mails."))
    return back(request, found)


def show(
    request: Request,
    found: Funnel,
    chosen: FunnelStep | None = None,
    *,
    form: StepForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The whole screen, or for htmx the part of it that changes."""
    rows = publishing.with_references(found)
    found.is_changed = found.is_changed or publishing.is_behind(found, rows, at=request.now)
    key = request.GET.get("step", "") or (str(chosen.id) if chosen else "")
    context = {"funnel": found} | _map(request, rows, key) | _panel(request, rows, key, form)
    template = "funnels/map.html#flow" if request.htmx else "funnels/map.html"
    return render(request, template, context, status=status)


def _map(request: Request, rows: list[FunnelStep], key: str) -> dict[str, Any]:
    """The steps with their numbers and what is wrong with them."""
    period = period_of(request)
    faults, numbers = publishing.faults(rows), queries.numbers(rows, period)
    return {
        "nodes": looks.nodes(rows, numbers, faults, key),
        **_of_chosen(next((numbers[step.id] for step in rows if str(step.id) == key), StepNumbers())),
        "faults": faults,
        "is_by_list": any(publishing.is_by_list(step.automation) for step in rows),
        "length": len(rows),
        "filter": filter_of(request, rows, period),
        "may_change": request.role.allows("funnels.change"),
        "may_send": request.role.allows("funnels.send"),
    }


def _of_chosen(numbers: StepNumbers) -> dict[str, Any]:
    """What the panel says of a step's numbers."""
    return {"halves": numbers.pages, "shared": numbers.shared, "is_first": numbers.is_first}


def period_of(request: Request) -> Period:
    form = PeriodForm(request.GET)
    return Period(request.now - form.back, request.now, form.wanted_source)


def filter_of(request: Request, rows: list[FunnelStep], period: Period) -> dict[str, Any]:
    """The form that asks for another time or source, with the sources that there are."""
    found = queries.sources(rows, Period(period.start, period.end))
    return {
        "form": PeriodForm(request.GET or None),
        "sources": found,
        "source": period.source,
        "days": (period.end - period.start).days,
    }


def _panel(request: Request, rows: list[FunnelStep], key: str, form: StepForm | None) -> dict[str, Any]:
    place = request.GET.get("at", "")
    if place.isdecimal() and len(place) < 4:
        return {"panel": "insert", "position": int(place), "kinds": looks.kinds()}
    chosen = next((step for step in rows if str(step.id) == key), None)
    if chosen is None:
        return {"panel": "overview"}
    form = form or StepForm(workspace=request.workspace, step=chosen)
    return {"panel": "step", "step": chosen, "form": form, "ways": ways_of(request, chosen)} | looks.panel(chosen)


def ways_of(request: Request, step: FunnelStep) -> dict[str, str]:
    """The addresses to put behind buttons of a step, by answer."""
    answers: tuple[routing.Answer, ...] = ("yes", "no") if step.kind in (Kind.UPSELL, Kind.DOWNSELL) else ("next",)
    if step.kind == Kind.SPLIT:
        answers = ("here", *answers)
    return {answer: hosts.public_url(request.workspace, routing.way(step, answer)) for answer in answers}


def back(request: Request, found: Funnel, chosen: FunnelStep | None = None) -> HttpResponse:
    """After a change: the map, with the step open."""
    url = workspace_url(request.workspace, "funnels:funnel", found.id)
    return redirect(f"{url}?step={chosen.id}" if chosen is not None else url)


def _step(request: Request, funnel_id: UUID, step_id: UUID) -> tuple[Funnel, FunnelStep]:
    found = find(request, funnel_id)
    chosen: FunnelStep = get_object_or_404(
        found.steps.select_related("page", "form", "offer", "email", "funnel").prefetch_related(queries.split_pages()),
        id=step_id,
    )
    return found, chosen
