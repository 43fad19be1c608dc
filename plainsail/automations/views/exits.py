"""Exits: questions that take whoever answers them with yes out of an automation, wherever they wait in it."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from plainsail.automations.forms import AskForm, RevisionForm
from plainsail.automations.services import editing, ways
from plainsail.automations.views.asking import EXIT, form_of
from plainsail.automations.views.automations import find
from plainsail.automations.views.flow import REMOVED, attempt, refused, show
from plainsail.kernel.http import Request, can


@require_POST
@can("automations.change")
def leaving(request: Request, automation_id: UUID, number: int) -> HttpResponse:
    """Save an exit; one behind the last is new."""
    found, revision, asked = find(request, automation_id), RevisionForm(request.POST), AskForm(request.POST)
    form = form_of(request, asked.data.get("kind", ""), request.POST)
    if form is None or not (revision.is_valid() and asked.is_valid()):
        return refused(request, found, _("That step is not there any more."))
    if form.is_drafting or not form.is_valid():
        return show(request, found, f"{EXIT}{number}", form=form, status=200 if form.is_drafting else 422)
    question = {"condition": asked.cleaned_data["kind"], "config": form.config()}
    return attempt(request, found, revision, partial(editing.edit, change=ways.leaving(number, question)))


@require_POST
@can("automations.change")
def removal(request: Request, automation_id: UUID, number: int) -> HttpResponse:
    found, form = find(request, automation_id), RevisionForm(request.POST)
    return attempt(request, found, form, partial(editing.edit, change=ways.staying(number)), said=REMOVED)
