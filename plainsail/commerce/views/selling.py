"""Settings → Selling: the seller's details, test cards, the test clock."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.accounts.models import User
from plainsail.accounts.services import audit
from plainsail.commerce.forms import AdvanceForm, SellerForm
from plainsail.commerce.services import clocks, sellers
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.kernel.periods import Interval, boundary, local_date
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.payments.services.sandbox_cards import documented


@require_http_methods(["GET", "HEAD", "POST"])
@can("commerce.manage")
def selling(request: Request) -> HttpResponse:
    """Show and take the seller's details."""
    seller = sellers.of_workspace(at=request.now)
    initial = {name: getattr(seller, name) for name in SellerForm.base_fields}
    form = SellerForm(request.POST or None, initial=initial)
    if not form.is_valid():
        context = {"form": form, "seller": seller}
        return render(request, "commerce/selling.html", context, status=422 if form.is_bound else 200)
    sellers.change(seller, fields=form.cleaned_data)
    audit.record("commerce.seller_changed", by=cast(User, request.user), at=request.now, subject=seller.legal_name)
    messages.success(request, _("Saved. Invoices from now on carry these details."))
    return redirect(workspace_url(request.workspace, "commerce:selling"))


@require_GET
@can("commerce.manage")
def test_mode(request: Request) -> HttpResponse:
    """Cards to try things out with, and the clock to move."""
    seller = sellers.of_workspace(at=request.now)
    context: dict[str, Any] = {
        "seller": seller,
        "cards": documented(),
        "form": AdvanceForm(initial={"by": "month"}),
        "seller_now": clocks.seller_now(request.now).astimezone(ZoneInfo(seller.timezone)),
        "is_ahead": bool(clocks.ahead()),
    }
    return render(request, "commerce/test_mode.html", context)


@require_POST
@can("commerce.manage")
@outside_transaction
def advance(request: Request) -> HttpResponse:
    """Move the test clock ahead; everything that falls due in between happens."""
    form = AdvanceForm(request.POST)
    if form.is_valid():
        with workspace(request.workspace):
            seller = sellers.of_workspace(at=request.now)
            to = later(clocks.seller_now(request.now), form.cleaned_data["by"], seller.timezone)
        steps = clocks.advance(request.workspace.pk, to=to, at=request.now)
        with workspace(request.workspace):
            audit.record("commerce.clock_moved", by=cast(User, request.user), at=request.now, subject=to.isoformat())
        done = ngettext("%(steps)d thing fell due.", "%(steps)d things fell due.", steps) % {"steps": steps}
        messages.success(request, _("The clock is moved.") + " " + done)
    return redirect(workspace_url(request.workspace, "commerce:test_mode"))


def later(moment: datetime, by: Any, zone: str) -> datetime:
    """The same time of day so much later, by the calendar of a zone."""
    local = moment.astimezone(ZoneInfo(zone))
    day: date = boundary(local_date(moment, zone), Interval(by), 1)
    return datetime.combine(day, time(local.hour, local.minute, local.second), tzinfo=ZoneInfo(zone))
