"""Contracts and cancellations as the business sees them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.accounts.models import User
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.subscriptions import queries
from plainsail.subscriptions.forms import StaffNoticeForm, ToldForm
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import (
    agreed,
    cancellation,
    declaring,
    letters,
    noticing,
    planning,
    telling,
)
from plainsail.subscriptions.views.confirming import now

PER_PAGE = 50
OFFERED = 200
"""So many running contracts are offered while a number is typed; every other can be typed too."""


@require_GET
@can("subscriptions.view")
def subscriptions(request: Request) -> HttpResponse:
    """All contracts, newest first, searched and filtered by state."""
    state, text = (request.GET.get(name, "").strip()[:200] for name in ("state", "text"))
    words, counts = states(), queries.counts(request.workspace, text=text)
    found = Paginator(queries.contracts(request.workspace, state=state, text=text), PER_PAGE)
    context = {
        "page": found.get_page(request.GET.get("page")),
        "state": state if state in words else "",
        "text": text,
        "states": [(key, label, counts[key or "all"]) for key, label in words.items()],
        "has_any": counts["all"] > 0 or bool(text),
    }
    return render(request, "subscriptions/subscriptions.html", context)


def states() -> dict[str, str]:
    """By what the list is filtered."""
    return {"": _("All"), "running": _("Running"), "ending": _("Ending"), "ended": _("Ended")}


@require_GET
@can("subscriptions.view")
def subscription(request: Request, subscription_id: UUID) -> HttpResponse:
    """One contract: what it is, what it cost, how it ends."""
    found: Subscription = get_object_or_404(
        request.workspace.subscriptions.select_related("account"), id=subscription_id
    )
    return render(request, "subscriptions/subscription.html", shown(found, at=now(request)))


def shown(found: Subscription, *, at: datetime) -> dict[str, Any]:
    """What staff see of a contract."""
    planned = planning.planned(found)
    items = list(queries.standing_items(found).select_related("subscription", "product"))
    return {
        "subscription": found,
        "items": list(zip(items, agreed.terms_of(found, items, at=at), strict=True)),
        "invoices": queries.invoices_of(found),
        "standing": queries.in_force(found),
        "history": found.cancellations.select_related("request").order_by("-matched_at"),
        "planned": planned,
        "planned_words": planning.words(planned) if planned else "",
        "next_charge": letters.next_charge(found),
        "paid": queries.paid_of(found, at=at),
        "card": queries.card_of(found),
        "told": noticing.told(found),
        "told_form": ToldForm(),
        "hold": noticing.hold_of(found, at=at),
        "runs": found.state == Subscription.State.ACTIVE and not found.is_ending,
        "rests": found.state == Subscription.State.PAUSED and not found.is_ending,
        "pauses": found.pauses.order_by("-asked_at", "-id"),
        "moves": found.date_moves.order_by("-asked_at", "-id"),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@can("subscriptions.change")
def record_cancellation(request: Request, subscription_id: UUID) -> HttpResponse:
    """A notice came by letter, mail or phone: it counts from when it arrived."""
    found: Subscription = get_object_or_404(request.workspace.subscriptions, id=subscription_id)
    at = now(request)
    form = StaffNoticeForm(
        request.POST if request.method == "POST" else None, initial={"received_at": at, "when": "period_end"}
    )
    if request.method == "POST" and form.is_valid():
        arrived = min(form.cleaned_data["received_at"], at)
        notice = declaring.declare(declaring.from_staff(form.cleaned_data, by=str(request.user)), received_at=arrived)
        cancellation.put_in_force(notice, found, when=declaring.when_of(form.cleaned_data), at=at)
        messages.success(request, _("Recorded. The customer gets a confirmation."))
        return redirect(workspace_url(request.workspace, "subscriptions:subscription", found.id))
    context = {"subscription": found, "form": form, "quote": cancellation.preview(found, when="period_end", at=at)}
    return render(request, "subscriptions/record.html", context, status=422 if form.is_bound else 200)


@require_POST
@can("subscriptions.change")
def tell(request: Request, subscription_id: UUID, notice_id: UUID) -> HttpResponse:
    """Note that the customer was told of a charge another way, where no mail reaches them."""
    rows = request.workspace.subscriptions.select_related("account")
    found: Subscription = get_object_or_404(rows, id=subscription_id)
    form, at = ToldForm(request.POST), now(request)
    if form.is_valid():
        try:
            telling.told_otherwise(found, notice_id, by=cast(User, request.user), at=at, **form.cleaned_data)
        except telling.NotThen as refusal:
            form.add_error("on", str(refusal))
        else:
            messages.success(request, _("Noted. The charge follows when its time has passed."))
            return redirect(workspace_url(request.workspace, "subscriptions:subscription", found.id))
    context = shown(found, at=at) | {"told_form": form, "told_id": notice_id}
    return render(request, "subscriptions/subscription.html", context, status=422)


@require_POST
@can("subscriptions.change")
def undo(request: Request, subscription_id: UUID) -> HttpResponse:
    """Take a cancellation back, for a customer who asked to."""
    found: Subscription = get_object_or_404(request.workspace.subscriptions, id=subscription_id)
    cancellation.undo(found, by="staff", at=now(request))
    messages.success(request, _("The cancellation is taken back. The contract renews as before."))
    return redirect(workspace_url(request.workspace, "subscriptions:subscription", found.id))
