"""Cancelling on the site: from a signed link, from the page anybody may open, and withdrawing. Nothing changes on GET."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.kernel.http import Request, public
from plainsail.subscriptions import queries
from plainsail.subscriptions.forms import ConfirmForm, PublicCancellationForm, WithdrawalForm
from plainsail.subscriptions.models import CancellationRequest
from plainsail.subscriptions.services import cancellation, declaring, documents, letters, links
from plainsail.subscriptions.views.confirming import cancel_by_form, confirm_page, now, read_or_404


@public
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_by_link(request: Request, token: str) -> HttpResponse:
    """The confirm page of one contract, opened from a receipt or the customer’s account; no sign-in."""
    subscription = read_or_404(links.read_cancel, token)
    standing = queries.in_force(subscription)
    if subscription.is_ended or standing is not None:
        return redirect(links.receipt_path(standing or queries.last_cancellation(subscription)))
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made = cancel_by_form(subscription, form, door=CancellationRequest.Door.LINK, at=now(request))
        return redirect(links.receipt_path(made))
    return confirm_page(request, subscription, form, "subscriptions/cancel.html")


@public
@require_GET
def receipt(request: Request, token: str) -> HttpResponse:
    """What was declared, when it arrived, when the contract ends, what comes back."""
    made = read_or_404(links.read_receipt, token)
    return render(request, "subscriptions/receipt.html", documents.receipt(made, now=now(request)) | {"token": token})


@public
@require_GET
def receipt_pdf(request: Request, token: str) -> HttpResponse:
    """The same on paper."""
    made = read_or_404(links.read_receipt, token)
    response = HttpResponse(documents.receipt_pdf(made), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{made.request.reference}.pdf"'
    return response


@public
@require_POST
def undo(request: Request, token: str) -> HttpResponse:
    """Take it back, before it takes effect."""
    made = read_or_404(links.read_receipt, token)
    cancellation.undo(made.subscription, by="customer", at=now(request))
    return redirect(request.path.removesuffix("undo/"))


@public
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_here(request: Request) -> HttpResponse:
    """“Cancel contracts here”: open to everybody, one page, never tells whether a contract exists."""
    form = PublicCancellationForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "subscriptions/cancel_here.html", {"form": form}, status=status)
    made = declaring.declare_publicly(request.workspace, declaring.from_public_page(form.cleaned_data), at=now(request))
    return redirect(links.declaration_path(made))


@public
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_here(request: Request) -> HttpResponse:
    """“Withdraw from contract here”."""
    form = WithdrawalForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "subscriptions/withdraw_here.html", {"form": form}, status=status)
    made = declaring.declare_publicly(
        request.workspace, declaring.from_withdrawal_page(form.cleaned_data), at=now(request)
    )
    return redirect(links.declaration_path(made))


@public
@require_GET
def declaration(request: Request, token: str) -> HttpResponse:
    """What was declared on a public page, with its time: to be stored or printed."""
    made = read_or_404(links.read_declaration, token)
    return render(request, "subscriptions/declaration.html", {"declaration": made, "rows": letters.declared(made)})
