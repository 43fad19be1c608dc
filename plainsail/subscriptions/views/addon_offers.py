"""Which products customers may add to a running contract, as the owner sets it."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from plainsail.accounts.models import User
from plainsail.accounts.services import audit
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.subscriptions import queries
from plainsail.subscriptions.forms import AddonOfferForm
from plainsail.subscriptions.services import addons


@require_http_methods(["GET", "HEAD", "POST"])
@can("subscriptions.change")
def offers(request: Request) -> HttpResponse:
    """What may be added to what; and one more."""
    products = queries.recurring_products(request.workspace)
    form = AddonOfferForm(request.POST if request.method == "POST" else None, products=products)
    if form.is_valid():
        made = addons.offer_to(form.cleaned_data["base"], form.cleaned_data["addon"], at=request.now)
        note(request, "subscriptions.addon_offered", f"{made.addon} → {made.base}")
        messages.success(request, _("Customers can add it from now on."))
        return redirect(workspace_url(request.workspace, "subscriptions:addon_offers"))
    context = {
        "form": form,
        "offers": request.workspace.addon_offers.select_related("base", "addon").order_by("base__name", "addon__name"),
        "has_choice": len(products[:2]) == 2,
    }
    return render(request, "subscriptions/addon_offers.html", context, status=422 if form.is_bound else 200)


@require_POST
@can("subscriptions.change")
def remove(request: Request, addon_offer_id: UUID) -> HttpResponse:
    """Not offered any more; who has it keeps it."""
    found = get_object_or_404(request.workspace.addon_offers.select_related("base", "addon"), id=addon_offer_id)
    note(request, "subscriptions.addon_withdrawn", f"{found.addon} → {found.base}")
    addons.stop_offering(found)
    messages.success(request, _("Not offered any more. Who has it keeps it."))
    return redirect(workspace_url(request.workspace, "subscriptions:addon_offers"))


def note(request: Request, action: str, subject: str) -> None:
    audit.record(action, by=cast(User, request.user), at=request.now, subject=subject)
