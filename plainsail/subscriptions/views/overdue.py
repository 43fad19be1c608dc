"""Renewals that weren't paid, or not charged in time: who, how much, what comes next, what came of it; what staff can do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.accounts.models import User
from plainsail.commerce.models import Invoice
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import DunningCase
from plainsail.subscriptions.services import catching_up, dunning, forgiving, links, overdue, retries
from plainsail.subscriptions.views.confirming import now

PER_PAGE = 50
LOOKS_BACK = timedelta(days=90)


@require_GET
@can("subscriptions.view")
def cases(request: Request) -> HttpResponse:
    """What wasn't charged in time, all that is tried again now, and what came of those of the last three months."""
    at = now(request)
    page = Paginator(queries.overdue(request.workspace), PER_PAGE).get_page(request.GET.get("page"))
    late = Paginator(queries.late(request.workspace), PER_PAGE).get_page(request.GET.get("late"))
    invoices = request.workspace.invoices.in_bulk([case.invoice_id for case in [*page, *late]])
    context = {
        "late": late,
        "late_rows": sorted((row(case, invoices[case.invoice_id]) for case in late), key=in_order),
        "page": page,
        "rows": [row(case, invoices[case.invoice_id]) for case in page],
        "recovery": queries.recovery(request.workspace, since=at - LOOKS_BACK),
        "days": LOOKS_BACK.days,
    }
    return render(request, "subscriptions/overdue.html", context)


def row(case: DunningCase, invoice: Any) -> dict[str, Any]:
    """A case as it is shown. Its plan is what its contract and its day say."""
    policy = dunning.policy_of(case)
    days = retries.days(policy)
    return {
        "case": case,
        "invoice": invoice,
        "most": len(days) + 1,
        "rests": policy.get("then") == "pause",
        "is_last": case.tries >= len(days),
        "link": links.absolute(case.workspace, links.pay_path(case.subscription)),
    }


def in_order(row: dict[str, Any]) -> tuple[datetime, str]:
    """As they came due, and as their invoices were numbered."""
    return row["case"].late_for, row["invoice"].number


@require_POST
@can("subscriptions.change")
@outside_transaction
def try_now(request: Request, dunningcase_id: UUID) -> HttpResponse:
    """Charge once more, in the place of the next try."""
    at = find(request, dunningcase_id)
    try:
        is_paid = overdue.try_now(request.workspace.pk, dunningcase_id, at=at)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        words = _("Paid. The customer gets the receipt.") if is_paid else _("It wasn’t paid this time either.")
        messages.success(request, words) if is_paid else messages.warning(request, words)
    return back(request)


@require_POST
@can("subscriptions.change")
def charge_late(request: Request) -> HttpResponse:
    """Charge all that wasn't charged in time; the worker does it, the oldest first."""
    number, left = catching_up.charge_all(at=now(request))
    words = ngettext(
        "%(number)d renewal is being charged now.",
        "%(number)d renewals are being charged now, the oldest first.",
        number,
    )
    messages.success(request, words % {"number": number})
    if left:
        words = _(
            "%(left)d stay: their cards were charged as often as is wise for now. Their customers can pay by the link."
        )
        messages.warning(request, words % {"left": left})
    return back(request)


@require_POST
@can("subscriptions.change")
@outside_transaction
def let_be(request: Request, dunningcase_id: UUID) -> HttpResponse:
    """No further try: the contract ends unpaid, now."""
    at = find(request, dunningcase_id)
    try:
        with workspace(request.workspace):
            overdue.let_be(dunningcase_id, at=at)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Stopped. The contract has ended, and the customer is told."))
    return back(request)


@require_http_methods(["GET", "HEAD", "POST"])
@can("subscriptions.manage")
def forgiveness(request: Request, dunningcase_id: UUID) -> HttpResponse:
    """What forgiving a period does, and doing it. The contract goes on, and nothing of it is owed."""
    rows = request.workspace.dunning_cases.select_related("subscription__account")
    case = get_object_or_404(rows, id=dunningcase_id)
    if request.method == "POST":
        return forgive(request, case)
    invoice: Invoice = get_object_or_404(request.workspace.invoices, id=case.invoice_id)
    # People count a period to its last day, the books to the day after.
    lines = [
        (line, line.period_end and line.period_end - timedelta(days=1)) for line in invoice.lines.order_by("position")
    ]
    return render(request, "subscriptions/forgive.html", {"case": case, "invoice": invoice, "lines": lines})


def forgive(request: Request, case: DunningCase) -> HttpResponse:
    try:
        forgiving.forgive(case.id, by=cast(User, request.user), at=now(request))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Forgiven. The contract goes on, and the customer is told."))
    return back(request)


def find(request: Request, dunningcase_id: UUID) -> datetime:
    """The seller's time, once it is sure that the case is this business's. Raises Http404."""
    with workspace(request.workspace):
        get_object_or_404(request.workspace.dunning_cases, id=dunningcase_id)
        return now(request)


def back(request: Request) -> HttpResponse:
    return redirect(workspace_url(request.workspace, "subscriptions:overdue"))
