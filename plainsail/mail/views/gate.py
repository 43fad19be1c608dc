"""Letting mail leave although its sender's domain is not ready: an owner's word, kept. For a broadcast, and for automations' mails."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from plainsail.accounts.models import User
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.mail.domain_forms import MailsForm, OverrideForm
from plainsail.mail.forms import DepartureForm
from plainsail.mail.models import Broadcast
from plainsail.mail.services import gate
from plainsail.mail.views.broadcasts import find, report
from plainsail.mail.views.departures import check_context


@require_POST
@can("mail.own")
def override(request: Request, broadcast_id: UUID) -> HttpResponse:
    found, form = find(request, broadcast_id), OverrideForm(request.POST)
    if not form.is_valid():
        return _unwritten(request, found, form)
    gate.override(found, words=form.cleaned_data["words"], by=cast(User, request.user), at=request.now)
    messages.success(request, _("Written down. This one broadcast may leave."))
    return redirect(workspace_url(request.workspace, "mail:check", found.id))


def _unwritten(request: Request, found: Broadcast, form: OverrideForm) -> HttpResponse:
    """The page that the form stands on: a draft's check, or that of a broadcast that could not leave."""
    if not found.is_draft:
        return render(request, "mail/broadcast.html", report(request, found) | {"override": form}, status=422)
    context = check_context(request, found, DepartureForm(zone=request.workspace.timezone, initial={"when": "now"}))
    return render(request, "mail/check.html", context | {"override": form}, status=422)


@require_GET
@can("mail.view")
def mails(request: Request) -> HttpResponse:
    """What mails of an automation wait for, and the form by which an owner lets them through."""
    given = request.GET.copy()
    given.setdefault("back", urlsplit(request.headers.get("Referer", "")).path)
    return _waiting(request, _named(request, given), OverrideForm())


@require_POST
@can("mail.own")
def override_mails(request: Request) -> HttpResponse:
    named, form = _named(request, request.POST), OverrideForm(request.POST)
    if not form.is_valid():
        return _waiting(request, named, form, status=422)
    chosen = named.cleaned_data["mail"]
    gate.override_mails(chosen, words=form.cleaned_data["words"], by=cast(User, request.user), at=request.now)
    text = ngettext(
        "Written down. This mail may leave: publish now.",
        "Written down. These mails may leave: publish now.",
        len(chosen),
    )
    messages.success(request, text)
    return redirect(named.cleaned_data["back"] or workspace_url(request.workspace, "automations:automations"))


def _named(request: Request, given: QueryDict) -> MailsForm:
    """The mails that are asked about. Raises Http404."""
    form = MailsForm(given, workspace=request.workspace)
    if not form.is_valid():
        raise Http404
    return form


def _waiting(request: Request, named: MailsForm, form: OverrideForm, *, status: int = 200) -> HttpResponse:
    held = gate.held(named.cleaned_data["mail"])
    context = {
        "held": held,
        "faults": [gate.worded(fault) for fault in held.faults],
        "way": gate.way_to_domain(request.workspace, held.sender),
        "named": named,
        "back": named.cleaned_data["back"],
        "override": form,
    }
    return render(request, "mail/gate.html", context, status=status)
