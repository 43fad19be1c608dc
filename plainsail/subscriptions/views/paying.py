"""Another card for a contract, from the link in a letter: no sign-in, and nothing happens before the button is pressed."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from plainsail.commerce.services.checkout import TooManyTries
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, client_ip, private_link, public
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.kernel.throttle import Throttle
from plainsail.payments.services.methods import CardRefused
from plainsail.subscriptions.forms import CardForm
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import links, settling
from plainsail.subscriptions.services.presses import Progress
from plainsail.subscriptions.views.confirming import now, read_or_404

REFUSALS = Throttle(purpose="subscriptions.pay_refused", limit=20)
"""Cards refused from one network address within an hour."""


@private_link
@csrf_exempt
@sensitive_post_parameters("number", "expiry", "cvc")
@require_http_methods(["GET", "HEAD", "POST"])
@public
@outside_transaction
def pay(request: Request, token: str) -> HttpResponse:
    """What is open, and a place for another card. Back from the bank: how it stands."""
    with workspace(request.workspace):
        contract = read_or_404(links.read_pay, token)
    form = CardForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and (made := press(request, contract, form)):
        done = "?done=1" if made.state == "done" else ""
        return redirect(made.url if made.state == "action" else links.pay_path_of(token) + done)
    return show(request, contract, form, status=422 if form.is_bound else 200)


def press(request: Request, contract: Subscription, form: CardForm) -> Progress | None:
    """Pay as confirmed, or say at the form why not."""
    try:
        return confirm(request, contract, form)
    except CardRefused as refused:
        REFUSALS.spend(client_ip(request), at=request.now)
        form.add_error(refused.field if refused.field in form.fields else None, str(refused.message))
    except Refusal as refusal:
        form.add_error(None, str(refusal))
    return None


def confirm(request: Request, contract: Subscription, form: CardForm) -> Progress:
    """Raises Refusal, CardRefused."""
    if REFUSALS.is_spent(client_ip(request), at=request.now):
        raise TooManyTries
    with workspace(request.workspace):
        at, back = now(request), links.pay_path(contract)
    key = request.workspace.pk
    if (card_id := form.data.get("card", "")) and not form.card:
        return settling.pay_with(key, contract.id, as_id(card_id), return_path=back, at=at)
    return settling.pay(key, contract.id, card=form.card, return_path=back, at=at)


def as_id(text: str) -> UUID:
    """Raises CardRefused for what is no id."""
    try:
        return UUID(text)
    except ValueError:
        raise CardRefused("number", "") from None


def show(request: Request, contract: Subscription, form: CardForm, *, status: int) -> HttpResponse:
    """The page. A card's number is never sent back; a payment at the bank is asked for, and nothing else is done."""
    if form.is_bound:
        form.to_show_again()
    with workspace(request.workspace):
        at = now(request)
    waiting = look_up(request, contract, form)
    fresh = settling.look_up(request.workspace.pk, contract.id, at=at)
    with workspace(request.workspace):
        contract.refresh_from_db()
        context = {"subscription": contract, "form": form, "progress": waiting, "fresh": fresh}
        context |= settling.shown(contract, at=at) | {"is_done": "done" in request.GET}
    return render(request, "subscriptions/pay.html", context, status=status)


def look_up(request: Request, contract: Subscription, form: CardForm) -> Progress | None:
    with workspace(request.workspace):
        at = now(request)
    try:
        return settling.progress(request.workspace.pk, contract.id, at=at)
    except CardRefused as refused:
        form.is_valid()
        if form.is_bound:
            form.add_error(None, str(refused.message))
        return Progress("declined", words=refused.message)
