"""Settings → Billing: the plan of this installation, what it costs next, and the way out of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.commerce.services.checkout import TooManyTries
from plainsail.hosting.forms import ChoiceForm, PlanForm
from plainsail.hosting.services import billing as books
from plainsail.hosting.services import buying, cancelling, plans, usage
from plainsail.hosting.views.plan import REFUSALS, trace_of
from plainsail.kernel.http import Request, can, client_ip, workspace_url
from plainsail.kernel.tenancy import outside_transaction
from plainsail.payments.services.methods import CardRefused
from plainsail.subscriptions.sockets import ConfirmForm


@require_GET
@can("hosting.own")
@outside_transaction
def billing(request: Request) -> HttpResponse:
    """Plan, next charge, card, add-ons, invoices, and Cancel beside them."""
    found = books.billing_of(request.workspace, at=request.now)
    kind = PlanForm if found.takes_cards else ChoiceForm
    form = kind(plans=found.plans, stated=found.stated) if found.has_plans else None
    context = {"billing": found, "form": form, "usage": usage.of(request.workspace)}
    return render(request, "hosting/billing.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@can("hosting.own")
@outside_transaction
def checkout(request: Request) -> HttpResponse:
    """To the checkout of the business that sells the plans. It lies on another host, where a form may not lead."""
    if request.method != "POST":
        url = buying.address(request.workspace, slug=request.GET.get("plan", ""), at=request.now)
        return render(request, "hosting/to_checkout.html", {"url": url})
    found = books.billing_of(request.workspace, at=request.now)
    form = ChoiceForm(request.POST, plans=found.plans, stated=found.stated)
    if form.is_valid():
        buying.lead(request.workspace, slug=form.cleaned_data["plan"], at=request.now)
        there = workspace_url(request.workspace, "hosting:checkout")
        return redirect(f"{there}?plan={form.cleaned_data['plan']}")
    context = {"billing": found, "form": form, "usage": usage.of(request.workspace)}
    return render(request, "hosting/billing.html", context, status=422)


@sensitive_post_parameters("number", "expiry", "cvc")
@require_POST
@can("hosting.own")
@outside_transaction
def take_plan(request: Request) -> HttpResponse:
    """Begin a plan, charged to the card given."""
    found = books.billing_of(request.workspace, at=request.now)
    form = PlanForm(request.POST, plans=found.plans, stated=found.stated)
    if form.is_valid() and press(request, form):
        messages.success(request, _("Your plan has begun. The receipt is on its way."))
        return redirect(workspace_url(request.workspace, "hosting:billing"))
    form.to_show_again()
    context = {"billing": found, "form": form, "usage": usage.of(request.workspace)}
    return render(request, "hosting/billing.html", context, status=422)


def press(request: Request, form: PlanForm) -> bool:
    """Begin the plan as chosen, or say at the form why not."""
    who, trace = client_ip(request), trace_of(request)
    if REFUSALS.is_spent(who, at=request.now):
        form.add_error(None, str(TooManyTries.message))
        return False
    try:
        plans.take(request.workspace, slugs=form.slugs, card=form.card, trace=trace, at=request.now)
    except CardRefused as refused:
        REFUSALS.spend(who, at=request.now)
        form.add_error(refused.field, str(refused.message))
        return False
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@can("hosting.own")
@outside_transaction
def cancel(request: Request) -> HttpResponse:
    """One page: what ends, when, money back, data, then the button."""
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and form.is_shown:
        cancelling.cancel(request.workspace, form.cleaned_data, at=request.now)
        return redirect(workspace_url(request.workspace, "hosting:billing"))
    found = cancelling.preview(request.workspace, at=request.now, last_on=form.later_end)
    context = {
        "subscription": found.subscription,
        "quotes": found,
        "form": form,
        "own_customers": cancelling.own_customers(request.workspace),
    }
    return render(request, "hosting/cancel.html", context, status=422 if form.errors else 200)


@require_POST
@can("hosting.own")
@outside_transaction
def undo(request: Request) -> HttpResponse:
    """Take the cancellation back."""
    cancelling.undo(request.workspace, at=request.now)
    messages.success(request, _("Your plan goes on as before."))
    return redirect(workspace_url(request.workspace, "hosting:billing"))
