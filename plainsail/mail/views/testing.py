"""Testing variants of a broadcast before the rest of its audience gets the best one."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.mail.forms import SplitTestForm, VariantForm
from plainsail.mail.models import Broadcast
from plainsail.mail.services import deciding, variants
from plainsail.mail.views.broadcasts import find

USUAL_RATE, USUAL_LIFT = 0.03, 0.2
"""What the advice on sizes assumes: three in a hundred click, and a fifth more of them would matter."""


@require_http_methods(["GET", "POST"])
@can("mail.change")
def testing(request: Request, broadcast_id: UUID) -> HttpResponse:
    """What is tested, on how many, and what decides."""
    found = find(request, broadcast_id)
    if not found.is_draft:
        return redirect(workspace_url(request.workspace, "mail:broadcast", found.id))
    initial = {"share": found.test_share, "decided_by": found.decided_by, "decide_after": found.decide_after}
    form = SplitTestForm(request.POST or None, initial=initial)
    if form.is_valid():
        variants.set_up(found, at=request.now, **form.cleaned_data)
        return redirect(workspace_url(request.workspace, "mail:testing", found.id))
    context = {"broadcast": found, "form": form} | _rows(request, found)
    return render(request, "mail/testing.html", context, status=422 if form.is_bound else 200)


def _rows(request: Request, found: Broadcast) -> dict[str, object]:
    """The variants with how many people each goes to, and how many it would take to tell something."""
    rows = variants.listed(found)
    sizes = variants.sizes(found, at=request.now) if rows else {}
    return {
        "rows": [(each, sizes.get(each.letter, 0), _form(request, each)) for each in rows],
        "rest": sizes.get("", 0),
        "enough": deciding.enough_for(USUAL_RATE, USUAL_LIFT),
        "can_add": 0 < len(rows) < len(variants.LETTERS),
    }


@require_POST
@can("mail.change")
def add(request: Request, broadcast_id: UUID) -> HttpResponse:
    """One variant more."""
    found = find(request, broadcast_id)
    variants.add(found, at=request.now)
    return redirect(workspace_url(request.workspace, "mail:testing", found.id))


@require_POST
@can("mail.change")
def variant(request: Request, broadcast_id: UUID) -> HttpResponse:
    """What differs in one variant."""
    found = _variant(request, broadcast_id)
    form = VariantForm(request.POST, workspace=request.workspace, prefix=found.letter)
    try:
        if form.is_valid():
            variants.change(found, at=request.now, **form.cleaned_data)
            messages.success(request, _("Saved."))
        else:
            messages.error(request, str(next(iter(form.errors.values()))[0]))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect(workspace_url(request.workspace, "mail:testing", found.test_of_id))


@require_POST
@can("mail.change")
def removal(request: Request, broadcast_id: UUID) -> HttpResponse:
    """Without this variant."""
    found = _variant(request, broadcast_id)
    main = found.test_of_id
    variants.remove(found)
    return redirect(workspace_url(request.workspace, "mail:testing", main))


def _variant(request: Request, broadcast_id: UUID) -> Broadcast:
    rows = request.workspace.broadcasts.filter(test_of__isnull=False).select_related("email", "sender", "test_of")
    found: Broadcast = get_object_or_404(rows, id=broadcast_id)
    return found


def _form(request: Request, each: Broadcast) -> VariantForm:
    initial = {"subject": each.email.subject, "sender": each.sender_id, "hours_later": each.hours_later}
    return VariantForm(workspace=request.workspace, prefix=each.letter, initial=initial)
