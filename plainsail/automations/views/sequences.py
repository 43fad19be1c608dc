"""A sequence on its own screen: mails more and fewer, in another order, sooner and later, left out and taken in."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from plainsail.automations.forms import MailForm, OrderForm, RevisionForm, SwitchForm
from plainsail.automations.models import Automation
from plainsail.automations.services import flows, sequences
from plainsail.automations.sockets import ACTIONS
from plainsail.automations.views import letters
from plainsail.automations.views.automations import find
from plainsail.automations.views.flow import REMOVED, attempt, done, refused, show
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can


@require_GET
@can("automations.view")
def sequence(request: Request, automation_id: UUID) -> HttpResponse:
    return show(request, find(request, automation_id), request.GET.get("step", ""))


@require_POST
@can("automations.change")
def mails(request: Request, automation_id: UUID) -> HttpResponse:
    """A mail more, a day after the last one."""
    found, form = find(request, automation_id), MailForm(request.POST)
    if not form.is_valid():
        return refused(request, found, _("Give the mail a subject."))
    try:
        made = _add(request, found, subject=form.cleaned_data["subject"], revision=form.cleaned_data["revision"])
    except Refusal as refusal:
        return refused(request, found, str(refusal))
    return done(request, found, made)


def _add(request: Request, found: Automation, *, subject: str, revision: int) -> str:
    key, kind = next((key, kind) for key, kind in ACTIONS.items() if kind.is_mail)
    config = kind.begin(request.now)
    if kind.entitle is not None:
        kind.entitle(config, subject)
    return sequences.add(found, flows.action(key, config), flows.wait(1), revision=revision, at=request.now)


@require_POST
@can("automations.change")
def removal(request: Request, automation_id: UUID, step_id: str) -> HttpResponse:
    found, form = find(request, automation_id), RevisionForm(request.POST)
    return attempt(request, found, form, partial(sequences.remove, step_id=step_id), said=REMOVED)


@require_POST
@can("automations.change")
def order(request: Request, automation_id: UUID) -> HttpResponse:
    found, form = find(request, automation_id), OrderForm(request.POST)
    return attempt(request, found, form, sequences.arrange, then=request.GET.get("step", ""))


@require_POST
@can("automations.change")
def delay(request: Request, automation_id: UUID, step_id: str) -> HttpResponse:
    """How long after the mail before it one leaves, and on which days and at which times."""
    found, revision = find(request, automation_id), RevisionForm(request.POST)
    letter = letters.letter_of(found, step_id)
    if letter is None or not revision.is_valid():
        return refused(request, found, _("That step is not there any more."))
    form = letters.delay_form(request, letter, request.POST)
    if not form.is_valid():
        return show(request, found, step_id, rest=form, status=422)
    wait = None if form.is_at_once else {"type": "wait", **form.config()}
    change = partial(sequences.delay, step_id=step_id, wait=wait)
    return attempt(request, found, revision, change, then=request.GET.get("step", ""))


@require_POST
@can("automations.change")
def switch(request: Request, automation_id: UUID, step_id: str) -> HttpResponse:
    """Leave a step out, or take it in again; on the map, too."""
    found, form = find(request, automation_id), SwitchForm(request.POST)
    change = partial(sequences.switch, step_id=step_id)
    return attempt(request, found, form, change, then=request.GET.get("step", ""))
