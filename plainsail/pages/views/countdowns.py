"""Countdowns: the list, and one of them."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.kernel.http import Request, can, workspace_url
from plainsail.pages.live_forms import CountdownForm
from plainsail.pages.models import Countdown
from plainsail.pages.services import countdowns as services
from plainsail.pages.services import publishing


@require_GET
@can("pages.view")
def countdowns(request: Request) -> HttpResponse:
    rows = (
        request.workspace.countdowns.filter(is_archived=False)
        .select_related("list", "workspace")
        .order_by("name", "id")
    )
    listed = [(one, services.sentence(one)) for one in rows]
    return render(request, "pages/countdowns.html", {"listed": listed})


@require_http_methods(["GET", "POST"])
@can("pages.change")
def new_countdown(request: Request) -> HttpResponse:
    form = CountdownForm(request.POST or None, subject=None, workspace=request.workspace)
    if not form.is_valid():
        return render(request, "pages/countdown.html", {"form": form}, status=422 if form.is_bound else 200)
    services.save(Countdown(), created_at=request.now, **form.values)
    messages.success(request, _("Saved. Choose it in a countdown section of a page or a mail."))
    return redirect(workspace_url(request.workspace, "pages:countdowns"))


@require_http_methods(["GET", "POST"])
@can("pages.change")
def countdown(request: Request, countdown_id: UUID) -> HttpResponse:
    subject = get_object_or_404(request.workspace.countdowns.select_related("workspace"), id=countdown_id)
    form = CountdownForm(request.POST or None, subject=subject, workspace=request.workspace)
    if not form.is_valid():
        context = {"form": form, "subject": subject}
        return render(request, "pages/countdown.html", context, status=422 if form.is_bound else 200)
    services.save(subject, **form.values)
    refreshed = publishing.refresh_showing("countdown", subject.id, at=request.now)
    messages.success(request, _("Saved.") if not refreshed else _("Saved. Your published pages show it now."))
    return redirect(workspace_url(request.workspace, "pages:countdowns"))


@require_POST
@can("pages.change")
def countdown_archive(request: Request, countdown_id: UUID) -> HttpResponse:
    subject = get_object_or_404(request.workspace.countdowns.all(), id=countdown_id)
    services.archive(subject)
    publishing.refresh_showing("countdown", subject.id, at=request.now)
    messages.success(request, _("“%(name)s” is put away.") % {"name": subject.name})
    return redirect(workspace_url(request.workspace, "pages:countdowns"))
