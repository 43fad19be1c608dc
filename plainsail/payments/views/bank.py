"""The sandbox's bank: the page at which a payer proves who they are, as banks do for real cards."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from plainsail.kernel.crypto import BadToken, verify
from plainsail.kernel.http import Request, public
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import outside_transaction
from plainsail.payments.forms import AnswerForm
from plainsail.payments.gateways import sandbox
from plainsail.payments.models import SandboxRecord


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@public
@outside_transaction
def bank(request: Request, token: str) -> HttpResponse:
    """Ask, and on POST take the answer and send the payer back. Asked again after an answer, it sends them back too."""
    record = find(request.workspace.pk, token)
    if record.state != "requires_action":
        return redirect(record.facts["return_path"])
    form = AnswerForm(request.POST)
    if request.method == "POST" and form.is_valid():
        is_approved = form.cleaned_data["answer"] == "confirm"
        return redirect(sandbox.authenticate(request.workspace.pk, record.ref, is_approved=is_approved, at=request.now))
    amount = Money(record.amount_minor, record.currency) if record.amount_minor else None
    return render(request, "payments/bank.html", {"amount": amount, "last4": record.facts["last4"]})


def find(workspace_id: UUID, token: str) -> SandboxRecord:
    """What the token asks about; a forged one, or one of another business, leads nowhere. Raises Http404."""
    try:
        return sandbox.question(workspace_id, verify(sandbox.BANK, token).decode())
    except (BadToken, UnicodeDecodeError, SandboxRecord.DoesNotExist) as error:
        raise Http404 from error
