"""Automations: the list, a new one, its name, its end."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.automations import queries
from plainsail.automations.forms import NameForm, NewForm
from plainsail.automations.models import Automation
from plainsail.automations.services import editing, publishing, sequences
from plainsail.automations.sockets import STARTERS, TRIGGERS
from plainsail.kernel.http import Request, can, workspace_url


@require_GET
@can("automations.view")
def automations(request: Request) -> HttpResponse:
    traffic = queries.traffic(request.workspace)
    rows = [
        {
            "automation": each,
            "traffic": traffic.get(each.id, queries.Traffic()),
            "starts": _sentence(each),
            "mails": len(sequences.letters(each.draft)) if sequences.is_sequence(each.draft) else 0,
        }
        for each in queries.listed(request.workspace)
    ]
    context = {"rows": rows, "failed_calls": queries.failed_calls(request.workspace)}
    return render(request, "automations/automations.html", context)


@require_http_methods(["GET", "POST"])
@can("automations.change")
def new(request: Request) -> HttpResponse:
    form = NewForm(request.POST or None)
    if form.is_valid():
        starter = STARTERS[form.cleaned_data["starter"]]
        name = form.cleaned_data["name"] or str(starter.label)
        made = editing.create(name=name, flow=starter.build(request.workspace, request.now), at=request.now)
        page = "automations:sequence" if starter.is_sequence else "automations:automation"
        return redirect(workspace_url(request.workspace, page, made.id))
    context = {"starters": [(key, starter) for key, starter in STARTERS.items() if starter.is_offered]}
    return render(request, "automations/new.html", context, status=422 if form.is_bound else 200)


@require_POST
@can("automations.change")
def name(request: Request, automation_id: UUID) -> HttpResponse:
    automation, form = find(request, automation_id), NameForm(request.POST)
    if form.is_valid():
        editing.rename(automation, name=form.cleaned_data["name"])
    else:
        messages.error(request, _("An automation needs a name."))
    return redirect(workspace_url(request.workspace, "automations:automation", automation.id))


@require_POST
@can("automations.change")
def deletion(request: Request, automation_id: UUID) -> HttpResponse:
    publishing.delete(find(request, automation_id))
    messages.success(request, _("The automation is deleted."))
    return redirect(workspace_url(request.workspace, "automations:automations"))


def find(request: Request, automation_id: UUID) -> Automation:
    """One of this business's automations. Raises Http404."""
    found: Automation = get_object_or_404(queries.listed(request.workspace).select_related("version"), id=automation_id)
    return found


def _sentence(automation: Automation) -> str:
    """What starts it."""
    kind = TRIGGERS.get(automation.draft["trigger"]["kind"])
    return kind.sentence(automation.draft["trigger"]["config"]) if kind else _("Nothing starts it yet")
