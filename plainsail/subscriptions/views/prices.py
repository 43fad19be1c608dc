"""New prices for running contracts: the owner plans them, a customer looks at theirs and agrees. Nothing changes on GET."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from plainsail.accounts.models import User
from plainsail.accounts.services import audit
from plainsail.commerce.services import sellers
from plainsail.commerce.services.checkout import Trace
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, client_ip, private_link, public, workspace_url
from plainsail.subscriptions import queries
from plainsail.subscriptions.forms import PriceRiseForm
from plainsail.subscriptions.models import PriceNotice
from plainsail.subscriptions.services import links, price_letters, price_rises
from plainsail.subscriptions.views.confirming import now, read_or_404


@require_http_methods(["GET", "HEAD", "POST"])
@can("subscriptions.manage")
def rises(request: Request) -> HttpResponse:
    """What is planned; and one more, looked at first (`look`) and then planned."""
    form = PriceRiseForm(
        request.POST if request.method == "POST" else None, prices=queries.rising_prices(request.workspace)
    )
    preview = None
    if form.is_valid():
        try:
            if "plan" in request.POST:
                return plan(request, form)
            preview = look(request, form)
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
    context = {"form": form, "preview": preview, "rises": queries.price_rises(request.workspace)[:50]}
    status = 422 if form.is_bound and preview is None else 200
    return render(request, "subscriptions/price_rises.html", context, status=status)


def look(request: Request, form: PriceRiseForm) -> price_rises.Preview:
    """Raises NotThatPrice."""
    data = form.cleaned_data
    return price_rises.preview(data["old_price"], data["new_price"], starts_on=data["starts_on"], at=now(request))


def plan(request: Request, form: PriceRiseForm) -> HttpResponse:
    """Raises NotThatPrice, RiseUnderway."""
    data = form.cleaned_data
    made = price_rises.plan(
        data["old_price"],
        data["new_price"],
        starts_on=data["starts_on"],
        otherwise=data["otherwise"],
        at=now(request),
    )
    subject = f"{made.old_price.product}: {made.old_price.amount} → {made.new_price.amount}"
    audit.record("subscriptions.price_planned", by=cast(User, request.user), at=request.now, subject=subject)
    messages.success(request, _("It is planned. Each customer is told three weeks before."))
    return redirect(workspace_url(request.workspace, "subscriptions:price_rises"))


@require_POST
@can("subscriptions.manage")
def take_back(request: Request, price_rise_id: UUID) -> HttpResponse:
    """It doesn't come for whoever doesn't pay it yet."""
    found = get_object_or_404(request.workspace.price_rises.select_related("old_price__product"), id=price_rise_id)
    price_rises.take_back(found, at=now(request))
    subject = str(found.old_price.product)
    audit.record("subscriptions.price_taken_back", by=cast(User, request.user), at=request.now, subject=subject)
    messages.success(request, _("Taken back. Whoever was told of it is told this, too."))
    return redirect(workspace_url(request.workspace, "subscriptions:price_rises"))


@private_link
@public
@require_http_methods(["GET", "HEAD", "POST"])
def price(request: Request, token: str) -> HttpResponse:
    """What changes for one contract, and one button that agrees. Without a sign-in, by the link in the letter."""
    notice, refusal = read_or_404(links.read_price, token), ""
    if request.method == "POST":
        try:
            trace = Trace(ip=client_ip(request), user_agent=request.headers.get("User-Agent", ""))
            notice = price_rises.agree(notice, trace=trace, at=now(request))
        except Refusal as refused:
            refusal = str(refused)
    context = {**about(notice, at=now(request)), "refusal": refusal}
    return render(request, "subscriptions/price.html", context, status=409 if refusal else 200)


def about(notice: PriceNotice, *, at: datetime) -> dict[str, Any]:
    """What the page shows of a new price, in the page's language."""
    contract = notice.item.subscription
    return {
        "notice": notice,
        "rows": price_letters.rows_of(notice),
        "words": price_letters.words_of(notice),
        "consent": price_rises.consent_text(notice, seller=sellers.of_workspace(at=at).legal_name),
        "cancel_path": links.cancel_path(contract),
        "is_over": bool(notice.outcome) or contract.is_ended or contract.is_ending,
        "needs_consent": contract.account.is_consumer,
    }
