"""Pausing and moving the next charge in the customer's account. Looking changes nothing."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from plainsail.kernel.http import Request, public_path
from plainsail.portal.sockets import customer
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import AskedBy, Subscription
from plainsail.subscriptions.views import dating


@require_http_methods(["GET", "HEAD", "POST"])
@customer
def pause(request: Request, subscription_id: UUID) -> HttpResponse:
    """Until when, what that means, and the button."""
    done = _("Your contract is paused. The confirmation is on its way.")
    return _answer(request, subscription_id, dating.PAUSE, done)


@require_http_methods(["GET", "HEAD", "POST"])
@customer
def resume(request: Request, subscription_id: UUID) -> HttpResponse:
    """What going on costs, and the button."""
    done = _("Your contract goes on. The confirmation is on its way.")
    return _answer(request, subscription_id, dating.RESUME, done)


@require_http_methods(["GET", "HEAD", "POST"])
@customer
def move(request: Request, subscription_id: UUID) -> HttpResponse:
    """On which day, what that means, and the button."""
    done = _("Your next charge comes on another day. The confirmation is on its way.")
    return _answer(request, subscription_id, dating.MOVE, done)


def _answer(request: Request, subscription_id: UUID, change: dating.Change, done: str) -> HttpResponse:
    rows = queries.of_contact(request.workspace, request.contact.id)  # type: ignore[attr-defined]  # set by the guard
    contract: Subscription = get_object_or_404(rows.select_related("account", "workspace"), id=subscription_id)
    template, back = "subscriptions/own_date.html", public_path("portal:account")
    return dating.answer(request, contract, change, by=AskedBy.CUSTOMER, template=template, done=done, back=back)
