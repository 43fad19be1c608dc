"""Senders: who a business's mail comes from. A tab of Settings."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.automations import queries as automations
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.mail.forms import LimitsForm, SenderForm
from plainsail.mail.models import Sender
from plainsail.mail.services import carriers, gate, health, senders, steps


@require_GET
@can("mail.view")
def listed(request: Request) -> HttpResponse:
    senders.default()
    rows = request.workspace.senders.order_by("-is_default", "name", "id")
    return render(request, "mail/senders.html", {"senders": rows})


@require_http_methods(["GET", "POST"])
@can("mail.manage")
def new(request: Request) -> HttpResponse:
    form = SenderForm(request.POST or None, services=request.workspace.carriers.order_by("kind", "name"))
    if form.is_valid():
        carrier = form.cleaned_data.pop("carrier")
        try:
            carriers.choose(senders.add(**form.cleaned_data), carrier)
            return _done(request, _("The sender is there to be chosen."))
        except Refusal as refusal:
            form.add_error(refusal.field, str(refusal))
    return render(request, "mail/sender.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@can("mail.manage")
def sender(request: Request, sender_id: UUID) -> HttpResponse:
    found = _find(request, sender_id)
    initial = {name: getattr(found, name) for name in ("name", "address", "reply_to", "carrier")}
    rows = request.workspace.carriers.order_by("kind", "name")
    form = SenderForm(request.POST or None, initial=initial, services=rows)
    if form.is_valid():
        carrier = form.cleaned_data.pop("carrier")
        try:
            carriers.choose(senders.change(found, **form.cleaned_data), carrier)
            _warn(request, found)
            return _done(request, _("Saved."))
        except Refusal as refusal:
            form.add_error(refusal.field, str(refusal))
    panel = health.panel(found, zone=request.workspace.timezone, at=request.now)
    context = {"form": form, "sender": found, "panel": panel, "advice": health.advice(found)}
    return render(request, "mail/sender.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@can("mail.manage")
def limits(request: Request, sender_id: UUID) -> HttpResponse:
    found = _find(request, sender_id)
    initial = {name: getattr(found, name) for name in ("most_a_day", "most_an_hour", "most_an_hour_each")}
    form = LimitsForm(request.POST or None, initial=initial | {"warms_up": found.warms_up_since is not None})
    if form.is_valid():
        senders.limit(found, at=request.now, **form.cleaned_data)
        return _done(request, _("Saved. What leaves from now on keeps to it."))
    context = {"form": form, "sender": found, "today": senders.most_today(found, at=request.now)}
    return render(request, "mail/limits.html", context, status=422 if form.is_bound else 200)


@require_POST
@can("mail.manage")
def default(request: Request, sender_id: UUID) -> HttpResponse:
    senders.make_default(_find(request, sender_id))
    _warn(request, _find(request, sender_id))
    return _done(request, _("Mail comes from this sender now, where nothing else is chosen."))


@require_POST
@can("mail.manage")
def resume(request: Request, sender_id: UUID) -> HttpResponse:
    senders.resume(_find(request, sender_id), at=request.now)
    return _done(request, _("The sender may write again."))


def _warn(request: Request, sender: Sender) -> None:
    """Say that automations send from a domain now that is not set up: they were checked when they went live."""
    sender.refresh_from_db()
    if sender.is_default and gate.faults(sender) and any(one.is_live for one in automations.needing(steps.ACTION)):
        text = _("Automations that are live send from %(domain)s now, and it is not set up.") % {
            "domain": sender.domain
        }
        words, path = gate.way_to_domain(request.workspace, sender)
        messages.warning(request, format_html('{} <a class="link" href="{}">{}</a>', text, path, words))


def _find(request: Request, sender_id: UUID) -> Sender:
    found: Sender = get_object_or_404(request.workspace.senders, id=sender_id)
    return found


def _done(request: Request, message: str) -> HttpResponse:
    messages.success(request, message)
    return redirect(workspace_url(request.workspace, "mail:senders"))
