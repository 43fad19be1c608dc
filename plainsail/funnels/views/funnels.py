"""Funnels: the list, a new one, its name, going live, its end."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.funnels import queries
from plainsail.funnels.forms import NameForm, NewForm
from plainsail.funnels.models import Funnel
from plainsail.funnels.services import drawing, packing, publishing
from plainsail.funnels.starters import TEMPLATES, Business
from plainsail.funnels.views import looks
from plainsail.kernel import postal
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, with_links, workspace_url


@require_GET
@can("funnels.view")
def funnels(request: Request) -> HttpResponse:
    left = queries.codes_of_deleted(request.workspace) if request.role.allows("funnels.change") else ()
    context = {"funnels": queries.listed(request.workspace), "codes": looks.codes(left)}
    return render(request, "funnels/funnels.html", context)


@require_http_methods(["GET", "POST"])
@can("funnels.change")
def new(request: Request) -> HttpResponse:
    form = NewForm(request.POST or None)
    if form.is_valid():
        return redirect(
            workspace_url(request.workspace, "funnels:funnel", begin(request, form.cleaned_data["template"]).id)
        )
    templates = [{"template": one, "sketch": looks.sketch(one.plan(business(request)))} for one in TEMPLATES.values()]
    return render(request, "funnels/new.html", {"templates": templates}, status=422 if form.is_bound else 200)


def begin(request: Request, key: str) -> Funnel:
    """A funnel from a template, or an empty one."""
    if not key:
        return drawing.create(name=_("New funnel"), at=request.now)
    package = TEMPLATES[key].plan(business(request))
    return packing.unpack(request.workspace, package, by=request.user, at=request.now)  # type: ignore[arg-type]  # a member


def business(request: Request) -> Business:
    """Who speaks in a template."""
    ours = request.workspace
    address = postal.line_below(ours.name, ours.postal_address)
    return Business(name=ours.name, address=address, currency=ours.currency)


@require_POST
@can("funnels.change")
def name(request: Request, funnel_id: UUID) -> HttpResponse:
    funnel, form = find(request, funnel_id), NameForm(request.POST)
    if form.is_valid():
        drawing.rename(funnel, name=form.cleaned_data["name"], at=request.now)
    else:
        messages.error(request, _("A funnel needs a name."))
    return redirect(workspace_url(request.workspace, "funnels:funnel", funnel.id))


@require_POST
@can("funnels.send")
def publication(request: Request, funnel_id: UUID) -> HttpResponse:
    funnel = find(request, funnel_id)
    try:
        publishing.publish(funnel, by=request.user, at=request.now)  # type: ignore[arg-type]  # a member
        messages.success(request, _("It is live. Whoever comes is led as you see it here."))
    except Refusal as refusal:
        messages.error(request, with_links(refusal))
    return redirect(workspace_url(request.workspace, "funnels:funnel", funnel.id))


@require_POST
@can("funnels.send")
def pause(request: Request, funnel_id: UUID) -> HttpResponse:
    funnel = find(request, funnel_id)
    try:
        publishing.pause(funnel, at=request.now)
        messages.success(request, _("Paused. Its pages stay, but they lead nobody on, and its mails wait."))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect(workspace_url(request.workspace, "funnels:funnel", funnel.id))


@require_POST
@can("funnels.change")
def deletion(request: Request, funnel_id: UUID) -> HttpResponse:
    drawing.delete(find(request, funnel_id), at=request.now)
    messages.success(request, _("The funnel is deleted. Its pages, offers and mails are still there."))
    return redirect(workspace_url(request.workspace, "funnels:funnels"))


def find(request: Request, funnel_id: UUID) -> Funnel:
    """One of this business's funnels. Raises Http404."""
    found: Funnel = get_object_or_404(request.workspace.funnels, id=funnel_id)
    return found
