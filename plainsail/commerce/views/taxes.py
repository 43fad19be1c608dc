"""Sales → Tax: what a quarter's documents bear, for the tax office; and invoices that wait for VIES."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from plainsail.accounts.models import User
from plainsail.accounts.services import audit
from plainsail.commerce.models import Invoice
from plainsail.commerce.services import clocks, earning, invoicing, sellers, tax_reports, waiting
from plainsail.commerce.services.tax_reports import BadQuarter, Quarter, Report
from plainsail.kernel.countries import countries
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.kernel.periods import local_date
from plainsail.kernel.tenancy import outside_transaction, workspace

PARTS = ("summary", "oss")


@require_GET
@can("commerce.view")
def taxes(request: Request) -> HttpResponse:
    """Tax by rate, and the One-Stop-Shop's figures, of a quarter."""
    seller = sellers.of_workspace(at=request.now)
    today = local_date(clocks.seller_now(request.now), seller.timezone)
    context = {
        "earned": earning.earned(at=clocks.seller_now(request.now), zone=seller.timezone),
        "report": asked_for(request),
        "quarters": tax_reports.quarters(seller=seller, today=today),
        "seller": seller,
        "countries": dict(countries(get_language() or "en")),
    }
    return render(request, "commerce/taxes.html", context)


@require_GET
@can("commerce.view")
def taxes_csv(request: Request, part: str) -> HttpResponse:
    """The same as a table to take along."""
    if part not in PARTS:
        raise Http404
    found = asked_for(request)
    response = HttpResponse(tax_reports.as_csv(found, part=part), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="tax-{part}-{found.quarter}.csv"'
    return response


def asked_for(request: Request) -> Report:
    """The report of `?quarter=`, else of the present one."""
    seller = sellers.of_workspace(at=request.now)
    try:
        quarter = Quarter.parse(request.GET.get("quarter", ""))
    except BadQuarter:
        quarter = Quarter.of(local_date(clocks.seller_now(request.now), seller.timezone))
    return tax_reports.report(quarter, seller=seller)


@require_POST
@can("commerce.manage")
@outside_transaction
def ask_vies(request: Request, invoice_id: UUID) -> HttpResponse:
    """Ask VIES now, rather than with its next round, about the id that an invoice waits for."""
    with workspace(request.workspace):
        found = find_waiting(request, invoice_id)
        at = clocks.seller_now(request.now)
    if waiting.ask(request.workspace.pk, found.buyer["vat_id"], at=at):
        messages.success(request, _("VIES has answered. The invoice is issued."))
    else:
        messages.warning(request, _("VIES doesn’t answer yet. It is asked again every half hour."))
    return redirect(workspace_url(request.workspace, "commerce:invoices"))


@require_POST
@can("commerce.manage")
def issue_unchecked(request: Request, invoice_id: UUID) -> HttpResponse:
    """Issue an invoice that waits as it was charged, with tax."""
    found = find_waiting(request, invoice_id)
    issued = invoicing.stop_waiting(found, at=clocks.seller_now(request.now))
    by = cast(User, request.user)
    audit.record("commerce.invoice_issued_unchecked", by=by, at=request.now, subject=issued.number)
    messages.success(request, _("Invoice %(number)s is issued with tax.") % {"number": issued.number})
    return redirect(workspace_url(request.workspace, "commerce:invoices"))


def find_waiting(request: Request, invoice_id: UUID) -> Invoice:
    """An invoice of this business that waits for VIES. Raises Http404."""
    found: Invoice = get_object_or_404(request.workspace.invoices, id=invoice_id, is_waiting=True)
    return found
