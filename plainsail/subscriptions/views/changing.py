"""Changing the plan in the customer’s account: what it does is shown first, then pressed. Nothing changes on GET."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from plainsail.commerce.services.checkout import TooManyTries, Trace
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, client_ip, private_link, public, public_path
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.kernel.throttle import Throttle
from plainsail.payments.services.methods import CardRefused
from plainsail.portal.sockets import customer_of
from plainsail.subscriptions import queries
from plainsail.subscriptions.forms import ChangeForm
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import changing, choosing, links
from plainsail.subscriptions.services.presses import Progress
from plainsail.subscriptions.views.confirming import now, read_or_404

REFUSALS = Throttle(purpose="subscriptions.card_refused", limit=20)
"""Cards refused from one network address within an hour: enough for a full wallet, too few to try out stolen ones."""


@never_cache
@sensitive_post_parameters("number", "expiry", "cvc")
@require_http_methods(["GET", "HEAD", "POST"])
@public
@outside_transaction
def change(request: Request, subscription_id: UUID) -> HttpResponse:
    """Other plans with what changing to each does; one of them chosen (`?plan=`), its confirmation."""
    if not is_signed_in(request):
        query = urlencode({"next": request.path})
        return redirect(f"{public_path('portal:sign_in')}?{query}")
    contract = own_contract(request, subscription_id)
    form = ChangeForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and (made := press(request, contract, form)):
        return go_on(request, made)
    return show(request, contract, form)


@never_cache
@require_POST
@public
@outside_transaction
def take_back(request: Request, subscription_id: UUID) -> HttpResponse:
    """A planned change doesn’t come, and one whose payment still waits for the customer ends."""
    contract = own_contract(request, subscription_id)
    with workspace(request.workspace):
        at = now(request)
    if changing.give_up(request.workspace.pk, contract.id, at=at) is None:
        with workspace(request.workspace):
            changing.take_back(contract, at=at)
    messages.success(request, _("Your plan stays as it is."))
    return redirect(public_path("portal:account"))


@private_link
@public
@require_safe
@outside_transaction
def progress(request: Request, token: str) -> HttpResponse:
    """Where somebody lands after the bank’s check, or while its answer isn’t known. Asks the gateway; charges nothing."""
    with workspace(request.workspace):
        (contract, back), at = read_or_404(links.read_progress, token), now(request)
    found = changing.look_up(request.workspace.pk, contract.id, at=at)
    with workspace(request.workspace):
        last = contract.changes.order_by("-asked_at", "-id").first()
    context = {"subscription": contract, "progress": found, "last": last, "back": back}
    return render(request, "subscriptions/change_progress.html", context)


def is_signed_in(request: Request) -> bool:
    with workspace(request.workspace):
        return customer_of(request) is not None


def own_contract(request: Request, subscription_id: UUID) -> Subscription:
    """A contract of the customer who is signed in. Raises Http404, for others’ too."""
    with workspace(request.workspace):
        contact = customer_of(request)
        if contact is None:
            raise Http404
        rows = queries.of_contact(request.workspace, contact.id).select_related("account", "workspace")
        found: Subscription = get_object_or_404(rows, id=subscription_id)
        return found


def press(request: Request, contract: Subscription, form: ChangeForm) -> Progress | None:
    """Change as confirmed, or say at the form why not."""
    try:
        return confirm(request, contract, form)
    except CardRefused as refused:
        REFUSALS.spend(client_ip(request), at=request.now)
        form.add_error(refused.field, str(refused.message))
    except Refusal as refusal:
        form.add_error(None, str(refusal))
    return None


def confirm(request: Request, contract: Subscription, form: ChangeForm) -> Progress:
    """Raises Refusal, CardRefused."""
    if REFUSALS.is_spent(client_ip(request), at=request.now):
        raise TooManyTries
    with workspace(request.workspace):
        at, offered = now(request), choosing.other_prices(contract)
        back = links.progress_path(contract, back=public_path("portal:account"))
    trace = Trace(ip=client_ip(request), user_agent=request.headers.get("User-Agent", ""))
    key = request.workspace.pk
    return choosing.confirm(key, contract.id, offered, trace=trace, return_path=back, at=at, **form.wish)


def go_on(request: Request, made: Progress) -> HttpResponse:
    """To the account, or to the bank first."""
    words = {
        "done": _("Your plan has changed. The receipt is on its way."),
        "planned": _("The change is planned. You can take it back until then."),
        "processing": _(
            "Your bank hasn’t answered yet. As soon as it has, your plan changes and a receipt is on its way."
        ),
    }
    if made.state in {"action", "asked"}:
        return redirect(made.url)
    messages.success(request, words[made.state])
    return redirect(public_path("portal:account"))


def show(request: Request, contract: Subscription, form: ChangeForm) -> HttpResponse:
    """The page. A card’s number is never sent back."""
    if form.is_bound:
        form.to_show_again()
    with workspace(request.workspace):
        at = now(request)
        contract.refresh_from_db()
        found = choosing.choices(contract, choosing.other_prices(contract), at=at)
        chosen = found.find(str(form["plan"].value() if form.is_bound else request.GET.get("plan", "")))
    context = {"found": found, "chosen": chosen, "form": form, "subscription": contract}
    return render(request, "subscriptions/change.html", context, status=422 if form.is_bound else 200)
