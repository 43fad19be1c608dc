"""Letting one broadcast leave although its sender's domain is not ready: an owner's word, kept."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from plainsail.accounts.models import User
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.mail.forms import DepartureForm, OverrideForm
from plainsail.mail.services import gate
from plainsail.mail.views.broadcasts import find
from plainsail.mail.views.departures import check_context


@require_POST
@can("mail.own")
def override(request: Request, broadcast_id: UUID) -> HttpResponse:
    found, form = find(request, broadcast_id), OverrideForm(request.POST)
    if not form.is_valid():
        context = check_context(request, found, DepartureForm(zone=request.workspace.timezone, initial={"when": "now"}))
        return render(request, "mail/check.html", context | {"override": form}, status=422)
    gate.override(found, words=form.cleaned_data["words"], by=cast(User, request.user), at=request.now)
    messages.success(request, _("Written down. This one broadcast may leave."))
    return redirect(workspace_url(request.workspace, "mail:check", found.id))
