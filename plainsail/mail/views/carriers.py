"""Mail services that carry a business's mail: a page of Settings for each, and the choice for a sender."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.mail.forms import CarrierForm
from plainsail.mail.models import Carrier
from plainsail.mail.services import carrier_kinds, carriers


@require_GET
@can("mail.view")
def listed(request: Request) -> HttpResponse:
    rows = request.workspace.carriers.prefetch_related("senders").order_by("kind", "name", "id")
    return render(request, "mail/carriers.html", {"carriers": rows, "kinds": Carrier.Kind.choices})


@require_http_methods(["GET", "POST"])
@can("mail.manage")
def new(request: Request, kind: str) -> HttpResponse:
    if kind not in carrier_kinds.KINDS:
        raise Http404
    form = CarrierForm(kind, request.POST or None)
    if form.is_valid():
        try:
            made = carriers.add(kind, name=form.cleaned_data["name"], settings=form.settings, at=request.now)
            return _done(request, made, _("Now let it report what becomes of your mail."))
        except Refusal as refusal:
            form.add_error(refusal.field, str(refusal))
    context = {"form": form, "label": Carrier.Kind(kind).label}
    return render(request, "mail/carrier.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@can("mail.manage")
def carrier(request: Request, carrier_id: UUID) -> HttpResponse:
    found = _find(request, carrier_id)
    form = CarrierForm(found.kind, request.POST or None, initial=carriers.shown(found), is_new=False)
    if form.is_valid():
        try:
            carriers.change(found, name=form.cleaned_data["name"], settings=form.settings)
            return _done(request, found, _("Saved."))
        except Refusal as refusal:
            form.add_error(refusal.field, str(refusal))
    context = {"form": form, **_shown(found)}
    return render(request, "mail/carrier.html", context, status=422 if form.is_bound else 200)


@require_POST
@can("mail.manage")
def removal(request: Request, carrier_id: UUID) -> HttpResponse:
    carriers.remove(_find(request, carrier_id))
    messages.success(request, _("The service and its keys are forgotten."))
    return redirect(workspace_url(request.workspace, "mail:carriers"))


def _shown(carrier: Carrier) -> dict[str, object]:
    """The account, and what to enter at the service."""
    events = carrier_kinds.KINDS[carrier.kind].events
    return {"carrier": carrier, "address": carriers.hook_address(carrier), "events": events}


def _find(request: Request, carrier_id: UUID) -> Carrier:
    found: Carrier = get_object_or_404(request.workspace.carriers, id=carrier_id)
    return found


def _done(request: Request, carrier: Carrier, message: str) -> HttpResponse:
    messages.success(request, message)
    return redirect(workspace_url(request.workspace, "mail:carrier", carrier.id))
