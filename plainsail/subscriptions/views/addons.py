"""Add-ons in the customer’s account: what adding or taking out does is shown first, then pressed. Nothing changes on GET."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast, get_args
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from plainsail.commerce.services import sellers
from plainsail.commerce.services.checkout import Trace
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, client_ip, public, public_path
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.subscriptions.forms import AddonForm, AddonRemovalForm
from plainsail.subscriptions.models import Subscription, SubscriptionItem
from plainsail.subscriptions.services import addon_removals
from plainsail.subscriptions.services import addons as services
from plainsail.subscriptions.services.changing import NotOffered
from plainsail.subscriptions.services.presses import Progress
from plainsail.subscriptions.services.quoting import When
from plainsail.subscriptions.views.changing import is_signed_in, own_contract
from plainsail.subscriptions.views.confirming import now


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@public
@outside_transaction
def addons(request: Request, subscription_id: UUID) -> HttpResponse:
    """A contract's add-ons, and what else may be added; one of them chosen (`?price=`), its confirmation."""
    if not is_signed_in(request):
        query = urlencode({"next": request.path})
        return redirect(f"{public_path('portal:sign_in')}?{query}")
    contract = own_contract(request, subscription_id)
    form = AddonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            return go_on(request, contract, add(request, contract, form))
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    return show(request, contract, form)


def add(request: Request, contract: Subscription, form: AddonForm) -> Progress:
    """Raises Refusal."""
    with workspace(request.workspace):
        at = now(request)
        found = [one for one in services.offered(contract, at=at) if one.price_id == form.cleaned_data["price"]]
    if not found:
        raise NotOffered
    trace = Trace(ip=client_ip(request), user_agent=request.headers.get("User-Agent", ""))
    shown, back = form.cleaned_data["shown"], public_path("subscriptions:addons", contract.id)
    return services.choose(
        request.workspace.pk, contract.id, found[0], shown=shown, trace=trace, return_path=back, at=at
    )


def go_on(request: Request, contract: Subscription, made: Progress) -> HttpResponse:
    """To the account, or to the bank first."""
    if made.state == "action":
        return redirect(made.url)
    if made.state == "done":
        messages.success(request, _("It is added. The confirmation is on its way."))
    elif made.state == "declined":
        messages.error(request, str(made.words))
    else:
        messages.info(request, _("Your bank hasn’t answered yet. As soon as it has, the add-on begins."))
    return redirect(public_path("subscriptions:addons", contract.id))


def show(request: Request, contract: Subscription, form: AddonForm) -> HttpResponse:
    """The page. Asks the gateway about what waits for its payment; charges nothing."""
    with workspace(request.workspace):
        at = now(request)
    services.look_up(request.workspace.pk, contract.id, at=at)
    wanted = str(form["price"].value() if form.is_bound else request.GET.get("price", ""))
    with workspace(request.workspace):
        contract.refresh_from_db()
        context = {"subscription": contract, "form": form, **about(contract, wanted, at=at)}
    return render(request, "subscriptions/addons.html", context, status=422 if form.is_bound else 200)


def about(contract: Subscription, wanted: str, *, at: datetime) -> dict[str, Any]:
    """What a contract has, what it could have, and the one that was chosen."""
    quotes, refusal = [], ""
    try:
        quotes = [services.preview(contract, offer, at=at) for offer in services.offered(contract, at=at)]
    except Refusal as refused:
        refusal = str(refused)
    chosen = next((quote for quote in quotes if quote.price_id == wanted), None)
    seller = sellers.of_workspace(at=at).legal_name
    return {
        "standing": [(item, addon_removals.in_force(item)) for item in services.standing(contract, at=at)],
        "quotes": quotes,
        "refusal": refusal,
        "chosen": chosen,
        "consent": services.consent_text(contract, chosen, seller=seller) if chosen else "",
    }


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@public
@outside_transaction
def removal(request: Request, subscription_id: UUID, item_id: UUID) -> HttpResponse:
    """What taking an add-on out does, and doing it."""
    contract = own_contract(request, subscription_id)
    form = AddonRemovalForm(request.POST if request.method == "POST" else None)
    with workspace(request.workspace):
        item, at = find(contract, item_id), now(request)
        quotes = {when: addon_removals.preview(item, when=when, at=at) for when in get_args(When)}
        if form.is_valid():
            try:
                return take_out(request, contract, item, form)
            except Refusal as refusal:
                form.add_error(None, str(refusal))
    context = {"subscription": contract, "item": item, "quotes": quotes, "form": form}
    return render(request, "subscriptions/addon_removal.html", context, status=422 if form.is_bound else 200)


def take_out(request: Request, contract: Subscription, item: SubscriptionItem, form: AddonRemovalForm) -> HttpResponse:
    """Raises Refusal."""
    when = cast(When, form.cleaned_data["when"])
    shown_minor = form.cleaned_data["shown_minor"] or 0
    made = addon_removals.remove(item, when=when, shown_minor=shown_minor, at=now(request))
    words = _("Cancelled. Its reference is %(reference)s; the receipt is on its way.")
    messages.success(request, words % {"reference": made.reference})
    return redirect(public_path("subscriptions:addons", contract.id))


@never_cache
@require_POST
@public
@outside_transaction
def keep(request: Request, subscription_id: UUID, item_id: UUID) -> HttpResponse:
    """An add-on's cancellation is taken back."""
    contract = own_contract(request, subscription_id)
    with workspace(request.workspace):
        try:
            addon_removals.keep(find(contract, item_id), at=now(request))
        except Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("It goes on."))
    return redirect(public_path("subscriptions:addons", contract.id))


def find(contract: Subscription, item_id: UUID) -> SubscriptionItem:
    """An add-on of a contract. Raises Http404."""
    rows = contract.items.filter(role=SubscriptionItem.Role.ADDON).select_related("subscription", "product")
    found: SubscriptionItem = get_object_or_404(rows, id=item_id)
    return found
