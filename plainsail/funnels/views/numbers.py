"""A funnel's numbers as a table, and what it could bring by assumed rates."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from plainsail.funnels import queries
from plainsail.funnels.forms import SimulationForm
from plainsail.funnels.models import FunnelStep
from plainsail.funnels.queries import StepNumbers
from plainsail.funnels.services import publishing, simulating
from plainsail.funnels.services.routing import Kind
from plainsail.funnels.views import looks
from plainsail.funnels.views.funnels import find
from plainsail.funnels.views.mapping import filter_of, period_of
from plainsail.kernel.http import Request, can

VISITORS = 1000


@require_GET
@can("funnels.view")
def numbers(request: Request, funnel_id: UUID) -> HttpResponse:
    found = find(request, funnel_id)
    rows, period = publishing.with_references(found), period_of(request)
    counted = queries.numbers(rows, period)
    lines = [line(step, counted[step.id]) for step in rows]
    context = {"funnel": found, "rows": lines, "filter": filter_of(request, rows, period)}
    return render(request, "funnels/numbers.html", context)


def line(step: FunnelStep, counted: StepNumbers) -> dict[str, Any]:
    """A step as a row of the table."""
    return {"step": step, "icon": looks.ICONS[step.kind][0], "numbers": counted, "asked": looks.said(counted)}


@require_GET
@can("funnels.view")
def simulation(request: Request, funnel_id: UUID) -> HttpResponse:
    found = find(request, funnel_id)
    rows = publishing.with_references(found)
    typical = rates_so_far(request, rows)
    asking = [step for step in rows if str(step.id) in typical]
    form = SimulationForm(request.GET if "visitors" in request.GET else None, steps=asking, typical=typical)
    form.fields["visitors"].initial = VISITORS
    is_good = form.is_bound and form.is_valid()
    visitors, rates = (form.cleaned_data["visitors"], form.rates) if is_good else (VISITORS, typical)
    expected = simulating.simulate(rows, visitors=visitors, rates=rates)
    context = {"funnel": found, "form": form, "fields": list(form)[1:], "expected": expected}
    context["total"] = simulating.total(expected)
    return render(request, "funnels/simulation.html", context, status=422 if form.is_bound and not is_good else 200)


def rates_so_far(request: Request, rows: list[FunnelStep]) -> dict[str, int]:
    """What was measured in the period where enough people came, else what is typical."""
    counted = queries.numbers(rows, period_of(request))
    return {
        str(step.id): rate_of(counted[step.id], typical=simulating.TYPICAL[Kind(step.kind)])
        for step in rows
        if step.kind in simulating.TYPICAL
    }


def rate_of(measured: StepNumbers, *, typical: int) -> int:
    return typical if measured.rate is None or measured.people < simulating.ENOUGH else measured.rate
