"""Steps that ask or part ways: what a goal, a wait or a way asks, and the shares of ways by chance."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from plainsail.automations.forms import UNTIL, AskForm, RevisionForm, SharesForm, UntilForm
from plainsail.automations.services import editing, ways
from plainsail.automations.views.asking import form_of, rest_of, ways_of
from plainsail.automations.views.automations import find
from plainsail.automations.views.flow import attempt, refused, show
from plainsail.kernel.http import Request, can


@require_POST
@can("automations.change")
def question(request: Request, automation_id: UUID, step_id: str) -> HttpResponse:
    """Save what a step, or one way of it, asks."""
    found, revision, asked = find(request, automation_id), RevisionForm(request.POST), AskForm(request.POST)
    form = form_of(request, asked.data.get("kind", ""), request.POST)
    rest = rest_of(found, step_id, request.POST)
    if form is None or not (revision.is_valid() and asked.is_valid()):
        return refused(request, found, _("That step is not there any more."))
    if form.is_drafting or not (form.is_valid() and (rest is None or rest.is_valid())):
        return show(request, found, step_id, form=form, rest=rest, status=200 if form.is_drafting else 422)
    values = {"condition": asked.cleaned_data["kind"], "config": form.config()} | (rest.cleaned_data if rest else {})
    if isinstance(rest, UntilForm):
        change = ways.waiting(step_id, {"mode": UNTIL} | values)
    else:
        change = ways.asking(step_id, asked.cleaned_data["way"], values)
    return attempt(request, found, revision, partial(editing.edit, change=change), then=step_id)


@require_POST
@can("automations.change")
def shares(request: Request, automation_id: UUID, step_id: str) -> HttpResponse:
    """Save the shares of ways by chance, or put in one way more."""
    found, revision = find(request, automation_id), RevisionForm(request.POST)
    form = SharesForm(request.POST, ways=ways_of(found, step_id))
    if not revision.is_valid():
        return refused(request, found, _("That step is not there any more."))
    is_more = "more" in request.POST
    if not is_more and not form.is_valid():
        return show(request, found, step_id, rest=form, status=422)
    change = ways.one_more(step_id) if is_more else ways.sharing(step_id, form.shares)
    return attempt(request, found, revision, partial(editing.edit, change=change), then=step_id)
