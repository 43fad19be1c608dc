"""Pausing, going on, and moving the next charge, as staff do it for a customer who asked."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from plainsail.kernel.http import Request, can, workspace_url
from plainsail.subscriptions.models import AskedBy, Subscription
from plainsail.subscriptions.views import dating


@require_http_methods(["GET", "HEAD", "POST"])
@can("subscriptions.change")
def pause(request: Request, subscription_id: UUID) -> HttpResponse:
    """Until when, what that means, and the button."""
    return _answer(request, subscription_id, dating.PAUSE, _("Paused. The customer gets a confirmation."))


@require_http_methods(["GET", "HEAD", "POST"])
@can("subscriptions.change")
def resume(request: Request, subscription_id: UUID) -> HttpResponse:
    """What going on costs the customer, and the button."""
    done = _("The contract goes on. The customer gets a confirmation.")
    return _answer(request, subscription_id, dating.RESUME, done)


@require_http_methods(["GET", "HEAD", "POST"])
@can("subscriptions.change")
def move(request: Request, subscription_id: UUID) -> HttpResponse:
    """On which day, what that means, and the button."""
    return _answer(request, subscription_id, dating.MOVE, _("Moved. The customer gets a confirmation."))


def _answer(request: Request, subscription_id: UUID, change: dating.Change, done: str) -> HttpResponse:
    rows = request.workspace.subscriptions.select_related("account", "workspace")
    contract: Subscription = get_object_or_404(rows, id=subscription_id)
    back = workspace_url(request.workspace, "subscriptions:subscription", contract.id)
    template = "subscriptions/staff_date.html"
    return dating.answer(request, contract, change, by=AskedBy.STAFF, template=template, done=done, back=back)
