"""Settings → Plans: what this installation sells to its businesses. For whoever runs it, in a business of theirs."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from plainsail.accounts.models import User
from plainsail.accounts.services import audit
from plainsail.commerce.services import clocks, sellers
from plainsail.hosting import queries
from plainsail.hosting.forms import LimitsForm, NewPlanForm, PlanWordsForm
from plainsail.hosting.models import Plan
from plainsail.hosting.services import including, operating
from plainsail.kernel.http import Request, can, refusals_at, workspace_url

View = Callable[..., HttpResponse]


def for_operators(view: View) -> View:
    """Nobody learns of these pages who doesn't run the installation, whatever they own."""

    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        if not getattr(request.user, "is_operator", False):
            raise Http404
        return view(request, *args, **kwargs)

    return can("hosting.own")(guarded)


def of_shop(view: View) -> View:
    """The same, and only in the business that sells the plans."""

    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.workspace.is_operator:
            raise Http404
        return view(request, *args, **kwargs)

    return for_operators(guarded)


@require_http_methods(["GET", "HEAD", "POST"])
@for_operators
def plans(request: Request) -> HttpResponse:
    """Plans, who has them, and one more; or the way to begin."""
    if not request.workspace.is_operator:
        seller = queries.seller_of_plans()
        return render(request, "hosting/no_plans.html", {"seller": seller})
    prices = queries.prices_to_choose(request.workspace)
    form = NewPlanForm(request.POST if request.method == "POST" else None, prices=prices)
    if form.is_valid() and put_on_sale(request, form):
        messages.success(request, _("It is on sale."))
        return to_plans(request)
    return render(request, "hosting/plans.html", context_of(request, form), status=422 if form.is_bound else 200)


def put_on_sale(request: Request, form: NewPlanForm) -> bool:
    """Make it a plan, or say at the form why not."""
    with refusals_at(form):
        operating.put_on_sale(
            form.cleaned_data["price"],
            is_addon=form.cleaned_data["is_addon"],
            limits=form.limits,
            by=person(request),
            at=request.now,
            **form.words,
        )
    return form.is_valid()


def context_of(request: Request, form: NewPlanForm) -> dict[str, Any]:
    now = clocks.seller_now(request.now)
    seller = sellers.of_workspace(at=now)
    return {
        "plans": [
            (plan, queries.stated(plan, seller=seller, at=now), queries.includes(plan), number)
            for plan, number in queries.plans_of(request.workspace)
        ],
        "holders": queries.holders(request.workspace),
        "form": form,
        "has_prices": queries.prices_to_choose(request.workspace).exists(),
        "without": LimitsForm(initial=including.without_plan(request.workspace), prefix="without"),
        "seller": seller,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@of_shop
def plan(request: Request, plan_id: UUID) -> HttpResponse:
    """A plan's words and what it includes."""
    found = plan_of(request, plan_id)
    initial = {"name": found.name, "description": found.description, **found.limits}
    form = PlanWordsForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        operating.change(found, **form.words, limits=form.limits, by=person(request), at=request.now)
        messages.success(request, _("Saved. It holds for every business that has this plan."))
        return to_plans(request)
    return render(request, "hosting/plan.html", {"plan": found, "form": form}, status=422 if form.is_bound else 200)


@require_POST
@of_shop
def stop(request: Request, plan_id: UUID) -> HttpResponse:
    """Not sold any more; who has it keeps it."""
    operating.stop_selling(plan_of(request, plan_id), by=person(request), at=request.now)
    messages.success(request, _("Not sold any more. Who has it keeps it."))
    return to_plans(request)


@require_POST
@of_shop
def sell_again(request: Request, plan_id: UUID) -> HttpResponse:
    operating.sell_again(plan_of(request, plan_id), by=person(request), at=request.now)
    messages.success(request, _("It is on sale."))
    return to_plans(request)


@require_POST
@of_shop
def without(request: Request) -> HttpResponse:
    """What a business without a plan may have."""
    form = LimitsForm(request.POST, prefix="without")
    if not form.is_valid():
        context = context_of(request, NewPlanForm(prices=queries.prices_to_choose(request.workspace)))
        return render(request, "hosting/plans.html", context | {"without": form}, status=422)
    including.limit_without_plan(request.workspace, form.limits)
    audit.record("hosting.limits_changed", by=person(request), at=request.now, subject=request.workspace.name)
    messages.success(request, _("Saved."))
    return to_plans(request)


@require_POST
@for_operators
def open_shop(request: Request) -> HttpResponse:
    """This business sells the plans from now on."""
    operating.open_in(request.workspace, by=person(request), at=request.now)
    messages.success(request, _("This business sells the plans now. Choose which of its prices are plans."))
    return to_plans(request)


@require_POST
@of_shop
def close_shop(request: Request) -> HttpResponse:
    """No plans any more."""
    operating.close_shop(request.workspace, by=person(request), at=request.now)
    messages.success(request, _("No plans are sold any more: everything is included."))
    return to_plans(request)


def plan_of(request: Request, plan_id: UUID) -> Plan:
    return get_object_or_404(request.workspace.plans.select_related("price__product"), id=plan_id)


def person(request: Request) -> User:
    return cast(User, request.user)


def to_plans(request: Request) -> HttpResponse:
    return redirect(workspace_url(request.workspace, "hosting:plans"))
