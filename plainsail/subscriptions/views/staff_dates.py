"""Pausing, going on, and moving the next charge, as staff do it for a customer who asked."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from plainsail.kernel.http import Request, can, workspace_url
from plainsail.subscriptions.models import AskedBy, Subscription
from plainsail.subscriptions.views import dating

STAFF = AskedBy.STAFF


@require_http_methods(["GET", "HEAD", "POST"])
@can("subscriptions.change")
def pause(request: Request, subscription_id: UUID) -> HttpResponse:
    """Until when, what that means, and the button."""
    contract, data = find(request, subscription_id), request.GET
    if request.method == "POST":
        form = dating.press_pause(request, contract, by=STAFF)
        if not form.errors:
            messages.success(request, _("Paused. The customer gets a confirmation."))
            return back(request, contract)
        messages.error(request, dating.fault(form, _("Please look at what you entered.")))
        data = request.POST
    context = dating.pause_page(request, contract, data if "resumes_on" in data else None, by=STAFF)
    return render(request, "subscriptions/staff_pause.html", context, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@can("subscriptions.change")
def resume(request: Request, subscription_id: UUID) -> HttpResponse:
    """What going on costs the customer, and the button."""
    contract = find(request, subscription_id)
    if request.method == "POST":
        form = dating.press_resume(request, contract)
        if not form.errors:
            messages.success(request, _("The contract goes on. The customer gets a confirmation."))
            return back(request, contract)
        messages.error(request, dating.fault(form, _("Please look at the amount once more.")))
    context = dating.resume_page(request, contract)
    return render(request, "subscriptions/staff_resume.html", context, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@can("subscriptions.change")
def move(request: Request, subscription_id: UUID) -> HttpResponse:
    """On which day, what that means, and the button."""
    contract, data = find(request, subscription_id), request.GET
    if request.method == "POST":
        form = dating.press_move(request, contract, by=STAFF)
        if not form.errors:
            messages.success(request, _("Moved. The customer gets a confirmation."))
            return back(request, contract)
        messages.error(request, dating.fault(form, _("Please look at what you entered.")))
        data = request.POST
    context = dating.move_page(request, contract, data if "to_on" in data else None, by=STAFF)
    return render(request, "subscriptions/staff_move.html", context, status=422 if request.method == "POST" else 200)


def find(request: Request, subscription_id: UUID) -> Subscription:
    rows = request.workspace.subscriptions.select_related("account", "workspace")
    found: Subscription = get_object_or_404(rows, id=subscription_id)
    return found


def back(request: Request, contract: Subscription) -> HttpResponse:
    return redirect(workspace_url(request.workspace, "subscriptions:subscription", contract.id))
