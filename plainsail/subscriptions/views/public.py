"""Cancelling on the site: from a signed link, from the page anybody may open, and withdrawing. Nothing changes on GET.

These forms carry no token against forgery: a link is its own authority, and what anybody may declare needs none. So they
work without cookies, and on a page that was left open for a month.
"""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from plainsail.kernel.http import Request, client_ip, private_link, public, public_path
from plainsail.kernel.throttle import Throttle
from plainsail.portal.sockets import customer_of
from plainsail.subscriptions import queries
from plainsail.subscriptions.forms import ConfirmForm, DeclarationForm, PublicCancellationForm, WithdrawalForm
from plainsail.subscriptions.models import CancellationRequest, Subscription
from plainsail.subscriptions.services import cancellation, declaring, documents, letters, links
from plainsail.subscriptions.views.confirming import confirm_page, now, read_or_404

RECAP_IN = frozenset({"fr"})
"""Code de la consommation, art. D215-2. Elsewhere one page is the law: § 312k BGB knows no step between form and button."""
DECLARATIONS = Throttle(purpose="subscriptions.declare", limit=20)
"""From one network address within an hour. Without it the confirmation would be a way to write to strangers."""


@private_link
@csrf_exempt
@public
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_by_link(request: Request, token: str) -> HttpResponse:
    """The confirm page of one contract, opened from a receipt or the customer’s account; no sign-in."""
    subscription = read_or_404(links.read_cancel, token)
    if already := receipt_of(subscription):
        return redirect(already)
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and form.is_shown and (done := press(request, subscription, form)):
        return redirect(done)
    keep = public_path("portal:account") if customer_of(request) else "/"
    return confirm_page(request, subscription, form, "subscriptions/cancel.html", keep_path=keep)


def receipt_of(subscription: Subscription) -> str:
    """Path of the receipt that a contract has already; empty while it simply runs. Raises AlreadyEnded."""
    made = queries.in_force(subscription)
    if made is None and subscription.is_ended:
        made = queries.last_cancellation(subscription)
        if made is None:
            raise cancellation.AlreadyEnded
    return links.receipt_path(made) if made else ""


def press(request: Request, subscription: Subscription, form: ConfirmForm) -> str:
    """Cancel as confirmed: the receipt’s path, or nothing where the outcome got worse meanwhile, which the form then says."""
    try:
        door = CancellationRequest.Door.LINK
        return links.receipt_path(declaring.cancel(subscription, form.cleaned_data, door=door, at=now(request)))
    except cancellation.QuoteChanged as refusal:
        form.add_error(None, str(refusal))
        return ""
    except cancellation.AlreadyEnded:
        # Pressed twice at once: the other press was first, and its receipt is this one's.
        return links.receipt_path(queries.last_cancellation(subscription))


@private_link
@public
@require_safe
def receipt(request: Request, token: str) -> HttpResponse:
    """What was declared, when it arrived, when the contract ends, what comes back."""
    made = read_or_404(links.read_receipt, token)
    return render(request, "subscriptions/receipt.html", documents.receipt(made, now=now(request)) | {"token": token})


@private_link
@public
@require_safe
def receipt_pdf(request: Request, token: str) -> HttpResponse:
    """The same on paper."""
    made = read_or_404(links.read_receipt, token)
    return paper(documents.receipt_pdf(made), made.request.reference)


@private_link
@csrf_exempt
@public
@require_POST
def undo(request: Request, token: str) -> HttpResponse:
    """Take it back, before it takes effect. Pressed twice, it stays taken back."""
    made = read_or_404(links.read_receipt, token)
    if not made.is_undone:
        try:
            cancellation.undo(made.subscription, by="customer", at=now(request))
        except cancellation.NothingToUndo:
            # Pressed twice at once: the other press was first.
            if not queries.is_undone(made):
                raise
    return redirect(links.receipt_path(made))


@csrf_exempt
@public
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_here(request: Request) -> HttpResponse:
    """“Cancel contracts here”: open to everybody, one page, never tells whether a contract exists."""
    form = PublicCancellationForm(request.POST if request.method == "POST" else None)
    if "change" in request.POST:
        return render(request, "subscriptions/cancel_here.html", {"form": form, "recaps": recaps()})
    if form.is_valid() and recaps() and "notify" not in request.POST:
        return render(request, "subscriptions/cancel_recap.html", {"form": form})
    if form.is_valid():
        return declare(request, form, declaring.from_public_page(form.cleaned_data), "subscriptions/cancel_here.html")
    return show(request, form, "subscriptions/cancel_here.html")


def recaps() -> bool:
    """Whether the page's language is one of a law that wants all of it shown again before it is sent."""
    return (get_language() or "").partition("-")[0] in RECAP_IN


@csrf_exempt
@public
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_here(request: Request) -> HttpResponse:
    """“Withdraw from contract here”."""
    form = WithdrawalForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        return declare(
            request, form, declaring.from_withdrawal_page(form.cleaned_data), "subscriptions/withdraw_here.html"
        )
    return show(request, form, "subscriptions/withdraw_here.html")


@private_link
@public
@require_safe
def declaration(request: Request, token: str) -> HttpResponse:
    """What was declared on a public page, with its time: to be stored or printed."""
    made = read_or_404(links.read_declaration, token)
    context = {"declaration": made, "rows": letters.declared(made), "token": token}
    return render(request, "subscriptions/declaration.html", context)


@private_link
@public
@require_safe
def declaration_pdf(request: Request, token: str) -> HttpResponse:
    """The same on paper."""
    made = read_or_404(links.read_declaration, token)
    return paper(documents.declaration_pdf(made), made.reference)


def declare(request: Request, form: DeclarationForm, declaration: declaring.Declaration, template: str) -> HttpResponse:
    """Take a public declaration in, unless too many came from there."""
    if not DECLARATIONS.spend(client_ip(request), at=request.now):
        form.add_error(None, str(declaring.TooManyDeclarations()))
        return show(request, form, template, status=declaring.TooManyDeclarations.status)
    return redirect(links.declaration_path(declaring.declare_publicly(declaration, at=now(request))))


def show(request: Request, form: DeclarationForm, template: str, *, status: int = 422) -> HttpResponse:
    context = {"form": form, "recaps": recaps()}
    return render(request, template, context, status=status if form.is_bound else 200)


def paper(pdf: bytes, number: str) -> HttpResponse:
    """A document as a PDF to be kept."""
    response = HttpResponse(pdf, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{number}.pdf"'
    return response
