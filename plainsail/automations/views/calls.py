"""Calls to other programs that were not taken: which, why, and once more."""

from __future__ import annotations

import json
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from plainsail.automations import queries
from plainsail.automations.forms import CallsForm
from plainsail.automations.models import Call
from plainsail.automations.services import calling
from plainsail.kernel.http import Request, can, workspace_url

SHOWN = 50


@require_GET
@can("automations.view")
def calls(request: Request) -> HttpResponse:
    form = CallsForm(request.GET)
    state = form.cleaned_data["state"] if form.is_valid() else ""
    page = Paginator(queries.calls(request.workspace, state=state), SHOWN).get_page(request.GET.get("page"))
    context = {"page": page, "state": state, "may_change": request.role.allows("automations.change")}
    return render(request, "automations/calls.html", context)


@require_GET
@can("automations.view")
def call(request: Request, call_id: UUID) -> HttpResponse:
    found = find(request, call_id)
    context = {
        "call": found,
        "automation": queries.caller(found),
        "body": json.dumps(json.loads(found.body), indent=2, ensure_ascii=False),
        "may_change": request.role.allows("automations.change"),
    }
    return render(request, "automations/call.html", context)


@require_POST
@can("automations.change")
def retry(request: Request, call_id: UUID) -> HttpResponse:
    found = find(request, call_id)
    if calling.retry(found, at=request.now):
        messages.success(request, _("It is tried again now."))
    return redirect(workspace_url(request.workspace, "automations:call", found.id))


def find(request: Request, call_id: UUID) -> Call:
    rows = request.workspace.automation_calls.select_related("contact")
    found: Call = get_object_or_404(rows, id=call_id)
    return found
