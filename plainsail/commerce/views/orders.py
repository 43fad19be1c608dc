"""Sales as staff see them: orders, refunds, invoices."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from plainsail.accounts.models import User
from plainsail.accounts.services import audit
from plainsail.commerce import queries
from plainsail.commerce.forms import RefundForm
from plainsail.commerce.models import CreditNote, Order
from plainsail.commerce.services import clocks, refunding, vat_checks
from plainsail.commerce.services.history import history_of
from plainsail.commerce.sockets import ORDER_FACTS
from plainsail.commerce.views.receipts import as_data, as_xml, paper
from plainsail.kernel.countries import country_name
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import outside_transaction, workspace

PER_PAGE = 50


STATES = {
    "": gettext_lazy("All"),
    "paid": gettext_lazy("Paid"),
    "open": gettext_lazy("Not paid"),
    "expired": gettext_lazy("Lapsed"),
    "refunded": gettext_lazy("Refunded"),
}


@require_GET
@can("commerce.view")
def orders(request: Request) -> HttpResponse:
    """Orders, newest first, and what they brought."""
    asked = {name: request.GET.get(name, "")[:200] for name in ("text", "state")}
    found = Paginator(queries.browse_orders(request.workspace, **asked), PER_PAGE)
    context = {
        "page": found.get_page(request.GET.get("page")),
        "asked": asked,
        "states": list(STATES.items()),
        "takings": queries.takings(request.workspace),
        "has_products": request.workspace.products.exists(),
    }
    return render(request, "commerce/orders.html", context)


@require_GET
@can("commerce.view")
def order(request: Request, order_id: UUID) -> HttpResponse:
    """One order: what, who, how it was paid, and everything that happened to it."""
    return show(request, find(request, order_id))


@require_POST
@can("commerce.refund")
@outside_transaction
def refund(request: Request, order_id: UUID) -> HttpResponse:
    """Give money back, wholly or in part."""
    with workspace(request.workspace):
        found = find(request, order_id)
        form = RefundForm(request.POST, currency=found.currency)
        if not form.is_valid():
            return show(request, found, form=form, status=422)
    try:
        give_back(request, found, form)
    except Refusal as refusal:
        form.add_error("amount", str(refusal))
        with workspace(request.workspace):
            return show(request, found, form=form, status=422)
    return redirect(workspace_url(request.workspace, "commerce:order", found.id))


@require_GET
@can("commerce.view")
def invoices(request: Request) -> HttpResponse:
    """Numbered invoices, newest first."""
    found = request.workspace.invoices.exclude(number="").select_related("billing_account", "order")
    page = Paginator(found.order_by("-issued_at", "-id"), PER_PAGE).get_page(request.GET.get("page"))
    waiting = request.workspace.invoices.filter(is_waiting=True).select_related("order").order_by("created_at", "id")
    context = {"page": page, "waiting": waiting[:PER_PAGE], "may_decide": request.role.allows("commerce.manage")}
    return render(request, "commerce/invoices.html", context)


@require_GET
@can("commerce.view")
def invoice_pdf(request: Request, invoice_id: UUID) -> HttpResponse:
    """An invoice on paper."""
    found = get_object_or_404(request.workspace.invoices.exclude(number=""), id=invoice_id)
    is_sent = bool(found.payment_reference) and found.is_paid
    return paper(found.document, found.number, paid_with=_("Paid by bank transfer.") if is_sent else "")


@require_GET
@can("commerce.view")
def credit_note_pdf(request: Request, note_id: UUID) -> HttpResponse:
    """A credit note on paper."""
    found: CreditNote = get_object_or_404(request.workspace.credit_notes, id=note_id)
    return paper(found.document, found.number)


@require_GET
@can("commerce.view")
def invoice_json(request: Request, invoice_id: UUID) -> HttpResponse:
    """An invoice as data."""
    found = get_object_or_404(request.workspace.invoices.exclude(number=""), id=invoice_id)
    return as_data(found.document, found.document_hash, found.number)


@require_GET
@can("commerce.view")
def credit_note_json(request: Request, note_id: UUID) -> HttpResponse:
    """A credit note as data."""
    found: CreditNote = get_object_or_404(request.workspace.credit_notes, id=note_id)
    return as_data(found.document, found.document_hash, found.number)


@require_GET
@can("commerce.view")
def invoice_xml(request: Request, invoice_id: UUID) -> HttpResponse:
    """An invoice as XML (EN 16931)."""
    return as_xml(get_object_or_404(request.workspace.invoices.exclude(number=""), id=invoice_id))


@require_GET
@can("commerce.view")
def credit_note_xml(request: Request, note_id: UUID) -> HttpResponse:
    """A credit note as XML (EN 16931)."""
    return as_xml(get_object_or_404(request.workspace.credit_notes, id=note_id))


def find(request: Request, order_id: UUID) -> Order:
    """An order of this business. Raises Http404."""
    orders = request.workspace.orders.select_related("billing_account", "consent", "offer", "method")
    found: Order = get_object_or_404(orders, id=order_id)
    return found


def give_back(request: Request, found: Order, form: RefundForm) -> None:
    """Refund, write down who did it, and send the money off at once. Raises Refusal."""
    with workspace(request.workspace):
        at = clocks.seller_now(request.now)
        amount, reason = form.cleaned_data["amount"], form.cleaned_data["reason"] or _("Refund")
        note = refunding.refund_order(found, amount=amount, reason=reason, at=at)
        subject = f"{found.number} ({amount})"
        by = cast(User, request.user)
        audit.record("commerce.order_refunded", by=by, at=request.now, subject=subject, subject_id=found.id)
        asked = refunding.refunds_of(note)
    sent = [refunding.send(request.workspace.pk, one, at=at) for one in asked]
    if all(one.state == "succeeded" for one in sent):
        messages.success(request, _("Refunded."))
    else:
        messages.info(request, _("The refund is on its way. Its state shows here."))


def show(request: Request, found: Order, *, form: RefundForm | None = None, status: int = 200) -> HttpResponse:
    context = {
        **about(found, at=clocks.seller_now(request.now)),
        "may_refund": request.role.allows("commerce.refund"),
    }
    if form is not None:
        context["form"] = form
    return render(request, "commerce/order.html", context, status=status)


def about(found: Order, *, at: datetime) -> dict[str, Any]:
    """All that an order's page tells, and an empty form for what can still go back."""
    billed = found.invoices.exclude(number="", is_waiting=False).order_by("issued_at").first()
    returnable = billed.returnable if billed else None
    initial = {"amount": returnable.decimal} if returnable else {}
    return {
        "order": found,
        "lines": [(line, Money(line.gross_minor, found.currency)) for line in found.lines.order_by("position")],
        "country": country_name(found.country, get_language() or "en"),
        "tax": Money(billed.tax_minor, billed.currency) if billed else None,
        "invoice": billed if billed and billed.number else None,
        "vat_proof": vat_checks.proof(found.vat_id, at=at) if found.vat_check else None,
        "is_waiting": bool(billed and billed.is_waiting),
        "returnable": returnable,
        "notes": queries.notes_of_order(found),
        "history": history_of(found),
        "facts": [fact for ask in ORDER_FACTS for fact in ask(found, at=at)],
        "form": RefundForm(currency=found.currency, initial=initial),
    }
