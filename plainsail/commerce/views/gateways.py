"""Settings → Payments: the services through which the business is paid. Keys go in and never come out again."""

from __future__ import annotations

from dataclasses import asdict
from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from plainsail.accounts.models import User
from plainsail.accounts.services import audit
from plainsail.commerce.forms import StripeKeyForm, StripeMessagesForm
from plainsail.commerce.services import rails, sellers
from plainsail.commerce.transfer_forms import BankAccountForm
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.payments.models import GatewayAccount
from plainsail.payments.services import connecting, transfers

STRIPE = "stripe"


@never_cache
@sensitive_post_parameters("secret_key")
@require_http_methods(["GET", "HEAD", "POST"])
@can("commerce.own")
@outside_transaction
def gateways(request: Request) -> HttpResponse:
    """Show what is connected, and connect Stripe by its key."""
    form = StripeKeyForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        keys, mode = form.cleaned_data, form.mode
        try:
            account = connecting.connect(request.workspace.pk, code=STRIPE, mode=mode, keys=keys, at=request.now)
        except Refusal as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            note(request, "commerce.gateway_connected", account)
            messages.success(request, _("Stripe is connected."))
            return back(request)
    return show(request, form=form, status=422 if form.is_bound else 200)


@never_cache
@require_POST
@can("commerce.own")
def bank_account(request: Request) -> HttpResponse:
    """Keep the bank account that transfers go to, and on what terms."""
    form = BankAccountForm(request.POST)
    if not form.is_valid():
        return show(request, form=StripeKeyForm(), bank=form, status=422)
    seller = sellers.of_workspace(at=request.now)
    account = transfers.set_up(form.account, mode=seller.mode, at=request.now)
    note(request, "commerce.bank_account_kept", account)
    messages.success(request, _("Saved."))
    return back(request)


@never_cache
@sensitive_post_parameters("webhook_secret")
@require_POST
@can("commerce.own")
@outside_transaction
def messages_secret(request: Request, account_id: UUID) -> HttpResponse:
    """Take the secret with which Stripe signs what it tells us."""
    account, form = find(request, account_id), StripeMessagesForm(request.POST)
    if form.is_valid():
        keys, mode = form.cleaned_data, account.mode
        try:
            connecting.connect(request.workspace.pk, code=account.code, mode=mode, keys=keys, at=request.now)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Saved. Stripe’s messages are read from now on."))
            return back(request)
    return show(request, form=StripeKeyForm(), wrong=(account.pk, form), status=422)


@require_POST
@can("commerce.own")
@outside_transaction
def check(request: Request, account_id: UUID) -> HttpResponse:
    """Ask the gateway whether the keys still work."""
    account = find(request, account_id)
    try:
        connecting.check(request.workspace.pk, account.pk, at=request.now)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The connection works."))
    return back(request)


@require_POST
@can("commerce.own")
def use(request: Request, account_id: UUID) -> HttpResponse:
    """Have new orders paid this way."""
    account = find(request, account_id)
    sellers.take_payments_by(sellers.of_workspace(at=request.now), account)
    note(request, "commerce.gateway_chosen", account)
    messages.success(request, _("New orders are paid this way from now on."))
    return back(request)


@require_POST
@can("commerce.own")
def disconnect(request: Request, account_id: UUID) -> HttpResponse:
    """Forget a gateway's keys."""
    account = find(request, account_id)
    sellers.disconnect(sellers.of_workspace(at=request.now), account)
    note(request, "commerce.gateway_disconnected", account)
    messages.success(request, _("Disconnected. Its keys are deleted here; delete them at the service too."))
    return back(request)


def find(request: Request, account_id: UUID) -> GatewayAccount:
    """One of this business's accounts. Raises Http404."""
    with workspace(request.workspace):
        found: GatewayAccount = get_object_or_404(request.workspace.gateway_accounts, id=account_id)
        return found


def note(request: Request, action: str, account: GatewayAccount) -> None:
    with workspace(request.workspace):
        audit.record(action, by=cast(User, request.user), at=request.now, subject=str(account))


def back(request: Request) -> HttpResponse:
    return redirect(workspace_url(request.workspace, "commerce:gateways"))


def show(
    request: Request,
    *,
    form: StripeKeyForm,
    status: int,
    wrong: tuple[UUID, StripeMessagesForm] | None = None,
    bank: BankAccountForm | None = None,
) -> HttpResponse:
    """The page. Every account that sends messages has a form of its own for their secret."""
    with workspace(request.workspace):
        seller = sellers.of_workspace(at=request.now)
        found = [
            (rail, wrong[1] if wrong and wrong[0] == rail.account.pk else messages_form(rail))
            for rail in rails.of_seller(seller)
        ]
        account = transfers.account_of(seller.mode)
        to = transfers.details(account) if account else None
        bank = bank or BankAccountForm(initial=asdict(to) if to else {"holder": seller.legal_name[:70]})
    context = {"seller": seller, "rails": found, "form": form, "bank": bank, "bank_account": to}
    return render(request, "commerce/gateways.html", context, status=status)


def messages_form(rail: rails.Rail) -> StripeMessagesForm:
    return StripeMessagesForm(auto_id=f"id_{rail.account.mode}_%s")
