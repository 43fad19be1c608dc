"""Money on its way back: what didn't get there and what can be done about it, disputes, and every refund."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from plainsail.accounts.models import User
from plainsail.commerce import queries
from plainsail.commerce.forms import HandRefundForm
from plainsail.commerce.models import CreditNote
from plainsail.commerce.services import chasing, clocks
from plainsail.commerce.services import evidence as bundles
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.payments.models import Dispute
from plainsail.payments.services import disputes

PER_PAGE = 50
WITHIN = timedelta(days=14)
"""Money must be on its way back within fourteen days: Consumer Rights Directive (2011/83/EU), art. 13."""


@require_GET
@can("commerce.view")
def refunds(request: Request) -> HttpResponse:
    """What is owed, what banks look into, and what went back."""
    return show(request)


@require_POST
@can("commerce.refund")
def try_again(request: Request, note_id: UUID) -> HttpResponse:
    """Ask the gateway once more."""
    note: CreditNote = get_object_or_404(request.workspace.credit_notes, id=note_id)
    try:
        chasing.try_again(note.id, at=clocks.seller_now(request.now))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Sent once more. If it comes back again, it stands here again."))
    return redirect(workspace_url(request.workspace, "commerce:refunds"))


@require_POST
@can("commerce.refund")
def by_hand(request: Request, note_id: UUID) -> HttpResponse:
    """Note that somebody paid it back another way."""
    note: CreditNote = get_object_or_404(request.workspace.credit_notes, id=note_id)
    form = HandRefundForm(request.POST)
    if not form.is_valid():
        return show(request, note_id=note.id, form=form, status=422)
    at, by = clocks.seller_now(request.now), cast(User, request.user)
    try:
        chasing.paid_by_hand(note.id, how=form.cleaned_data["how"], by=by, at=at)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Noted."))
    return redirect(workspace_url(request.workspace, "commerce:refunds"))


@require_GET
@can("commerce.refund")
def evidence(request: Request, dispute_id: UUID) -> HttpResponse:
    """What shows that a disputed payment was due, as one file to be uploaded where the bank asks for it."""
    dispute = get_object_or_404(request.workspace.disputes.select_related("charge__method"), id=dispute_id)
    get_object_or_404(request.workspace.invoices, id=dispute.charge.subject_id)
    made = bundles.bundle(dispute, at=request.now)
    response = HttpResponse(made.content, content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
    return response


def show(
    request: Request, *, note_id: UUID | None = None, form: HandRefundForm | None = None, status: int = 200
) -> HttpResponse:
    """The page; with a form that was refused beside its row."""
    at = clocks.seller_now(request.now)
    context = {
        "owed": [
            row(one, form if one.note.id == note_id else None, at=at) for one in queries.refunds_owed(request.workspace)
        ],
        "disputes": (disputed := disputed_page(request)),
        "disputed": [(one, disputes.why(one)) for one in disputed],
        "page": Paginator(queries.refunds(request.workspace), PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "commerce/refunds.html", context, status=status)


def disputed_page(request: Request) -> Page[Dispute]:
    """The disputes of the page that is asked for."""
    return Paginator(queries.disputes(request.workspace), PER_PAGE).get_page(request.GET.get("disputes"))


def row(owed: queries.Owed, refused: HandRefundForm | None, *, at: datetime) -> dict[str, Any]:
    """What is owed, by when it must be on its way, and the form that notes it."""
    until = owed.note.issued_at + WITHIN
    return {
        "owed": owed,
        "why": chasing.why(owed.failure_code),
        "until": until,
        "is_late": until < at,
        "form": refused or HandRefundForm(),
        "is_refused": refused is not None,
    }
