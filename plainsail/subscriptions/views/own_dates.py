"""Pausing and moving the next charge in the customer's account. Looking changes nothing."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from plainsail.kernel.http import Request, public_path
from plainsail.portal.sockets import customer
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import AskedBy, Subscription
from plainsail.subscriptions.views import dating

CUSTOMER = AskedBy.CUSTOMER


@require_http_methods(["GET", "HEAD", "POST"])
@customer
def pause(request: Request, subscription_id: UUID) -> HttpResponse:
    """Until when, what that means, and the button."""
    contract, data = own_contract(request, subscription_id), request.GET
    if request.method == "POST":
        form = dating.press_pause(request, contract, by=CUSTOMER)
        if not form.errors:
            messages.success(request, _("Your contract is paused. The confirmation is on its way."))
            return redirect(public_path("portal:account"))
        messages.error(request, dating.fault(form, _("Please look at what you entered.")))
        data = request.POST
    context = dating.pause_page(request, contract, data if "resumes_on" in data else None, by=CUSTOMER)
    return render(request, "subscriptions/own_pause.html", context, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@customer
def resume(request: Request, subscription_id: UUID) -> HttpResponse:
    """What going on costs, and the button."""
    contract = own_contract(request, subscription_id)
    if request.method == "POST":
        form = dating.press_resume(request, contract)
        if not form.errors:
            messages.success(request, _("Your contract goes on. The confirmation is on its way."))
            return redirect(public_path("portal:account"))
        messages.error(request, dating.fault(form, _("Please look at the amount once more.")))
    context = dating.resume_page(request, contract)
    return render(request, "subscriptions/own_resume.html", context, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@customer
def move(request: Request, subscription_id: UUID) -> HttpResponse:
    """On which day, what that means, and the button."""
    contract, data = own_contract(request, subscription_id), request.GET
    if request.method == "POST":
        form = dating.press_move(request, contract, by=CUSTOMER)
        if not form.errors:
            messages.success(request, _("Your next charge comes on another day. The confirmation is on its way."))
            return redirect(public_path("portal:account"))
        messages.error(request, dating.fault(form, _("Please look at what you entered.")))
        data = request.POST
    context = dating.move_page(request, contract, data if "to_on" in data else None, by=CUSTOMER)
    return render(request, "subscriptions/own_move.html", context, status=422 if request.method == "POST" else 200)


def own_contract(request: Request, subscription_id: UUID) -> Subscription:
    """Raises Http404, for others' too."""
    rows = queries.of_contact(request.workspace, request.contact.id)  # type: ignore[attr-defined]  # set by the guard
    found: Subscription = get_object_or_404(rows.select_related("account", "workspace"), id=subscription_id)
    return found
