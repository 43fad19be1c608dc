"""The inbox of declarations: as they arrived, and what a person does with those that belong to no contract yet."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from plainsail.accounts.models import User
from plainsail.commerce.models import Order
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.subscriptions import queries
from plainsail.subscriptions.forms import REASONS, AsideForm
from plainsail.subscriptions.models import CancellationRequest, Subscription
from plainsail.subscriptions.services import declaring, leaving, setting_aside
from plainsail.subscriptions.views.confirming import now

PER_PAGE = 50
OFFERED = 200
"""So many running contracts are offered while a number is typed; every other can be typed too."""
WAITING = 10
"""Declarations that wait for a person, on a page: anybody can send more."""
ORDERS = 5
"""So many orders that a declaration can mean are offered."""


@require_GET
@can("subscriptions.view")
def cancellations(request: Request) -> HttpResponse:
    """Every declaration as it arrived; those that belong to no contract yet come first."""
    return inbox(request)


def inbox(request: Request, *, refused: AsideForm | None = None, refused_id: UUID | None = None) -> HttpResponse:
    """The page; with a form that was refused at its declaration."""
    given = leaving.reasons(request.workspace, at=now(request))
    found = Paginator(queries.declarations(request.workspace), PER_PAGE)
    waits = Paginator(queries.unmatched(request.workspace), WAITING).get_page(request.GET.get("waiting"))
    context = {
        "waits": waits,
        "unmatched": [waiting(notice, form=refused if notice.id == refused_id else None) for notice in waits],
        "page": found.get_page(request.GET.get("page")),
        "running": queries.contracts(request.workspace, state="running")[:OFFERED],
        "reasons": [(dict(REASONS).get(one.code, one.code), one.number) for one in given if one.code],
    }
    return render(request, "subscriptions/cancellations.html", context, status=422 if refused else 200)


def waiting(notice: CancellationRequest, *, form: AsideForm | None) -> dict[str, Any]:
    """A declaration that waits for a person, and what it can mean."""
    return {
        "notice": notice,
        "facts": declared(notice),
        "orders": queries.orders_meant(notice, most=ORDERS),
        "form": form or AsideForm(prefix=str(notice.id)),
        "is_refused": form is not None,
    }


@require_POST
@can("subscriptions.change")
def match(request: Request, request_id: UUID) -> HttpResponse:
    """Say whose declaration it is; its effect counts from the day it arrived."""
    notice: CancellationRequest = get_object_or_404(
        request.workspace.cancellation_requests.filter(queries.UNMATCHED), id=request_id
    )
    key = request.POST.get("subscription", "").strip()[:20]
    found: Subscription | None = request.workspace.subscriptions.filter(reference__iexact=key).first()
    if found is None:
        messages.error(request, _("No contract has the number “%(number)s”.") % {"number": key})
        return to_inbox(request)
    declaring.match(notice, found, at=now(request))
    messages.success(request, _("Matched. It counts from the day it arrived."))
    return redirect(workspace_url(request.workspace, "subscriptions:subscription", found.id))


def declared(notice: CancellationRequest) -> list[tuple[str, str]]:
    """What was declared, field by field, in the words of the page where it was asked."""
    labels = {
        "name": _("Name"),
        "contract": _("Contract"),
        "end": _("End"),
        "cause": _("Reason"),
        "email": _("Confirmation to"),
        "end_on": _("Last day"),
        "note": _("What was said"),
        "recorded_by": _("Recorded by"),
    }
    return [(labels.get(key, key), str(value)) for key, value in notice.payload.items() if key != "is_unread"]


@require_POST
@can("commerce.refund")
def pay_back(request: Request, request_id: UUID, order_id: UUID) -> HttpResponse:
    """An order was withdrawn from: all of it goes back."""
    notice: CancellationRequest = get_object_or_404(request.workspace.cancellation_requests, id=request_id)
    order: Order = get_object_or_404(request.workspace.orders.select_related("billing_account"), id=order_id)
    try:
        setting_aside.refuse_unmeant(notice, order)
        setting_aside.pay_back(request_id, order, by=cast(User, request.user), at=now(request))
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return to_inbox(request)
    messages.success(request, _("The money is on its way back. The customer gets the credit note by mail."))
    return redirect(workspace_url(request.workspace, "commerce:order", order.id))


@require_POST
@can("subscriptions.change")
def put_aside(request: Request, request_id: UUID) -> HttpResponse:
    """Nothing here is meant by it."""
    get_object_or_404(request.workspace.cancellation_requests, id=request_id)
    form = AsideForm(request.POST, prefix=str(request_id))
    if not form.is_valid():
        return inbox(request, refused=form, refused_id=request_id)
    try:
        setting_aside.put_aside(request_id, by=cast(User, request.user), at=now(request), **form.cleaned_data)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Put aside. It stays in the list, and you can take it up again there."))
    return to_inbox(request)


@require_POST
@can("subscriptions.change")
def take_up_again(request: Request, request_id: UUID) -> HttpResponse:
    """It was put aside by mistake."""
    get_object_or_404(request.workspace.cancellation_requests, id=request_id)
    setting_aside.take_up_again(request_id)
    return to_inbox(request)


def to_inbox(request: Request) -> HttpResponse:
    return redirect(workspace_url(request.workspace, "subscriptions:cancellations"))
