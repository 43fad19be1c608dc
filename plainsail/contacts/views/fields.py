"""Which facts this business keeps of its contacts."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from plainsail.contacts import queries
from plainsail.contacts.forms import CustomFieldForm
from plainsail.contacts.models import CustomField
from plainsail.contacts.services import fields as services
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, refusals_at, workspace_url


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.view")
def fields(request: Request) -> HttpResponse:
    """Every field, in the order in which people see them; a post makes another."""
    return _create(request) if request.method == "POST" else _all(request, CustomFieldForm())


@can("contacts.change")
def _create(request: Request) -> HttpResponse:
    form = CustomFieldForm(request.POST)
    with refusals_at(form):
        if form.is_valid():
            made = services.define(request.workspace, at=request.now, **form.given)
            messages.success(request, _("“%(name)s” can be filled in now.") % {"name": made.label})
            return redirect(workspace_url(request.workspace, "contacts:fields"))
    return _all(request, form)


def _all(request: Request, form: CustomFieldForm) -> HttpResponse:
    context = {"fields": queries.fields_with_uses(request.workspace), "form": form}
    return render(request, "contacts/fields.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.change")
def field(request: Request, field_id: UUID) -> HttpResponse:
    """How one field is called, and what may be chosen."""
    found: CustomField = get_object_or_404(request.workspace.custom_fields, id=field_id)
    form = CustomFieldForm(request.POST if request.method == "POST" else None, field=found)
    with refusals_at(form):
        if form.is_valid():
            services.change(found, **form.given)
            messages.success(request, _("Saved."))
            return redirect(workspace_url(request.workspace, "contacts:fields"))
    return render(request, "contacts/field.html", {"field": found, "form": form}, status=422 if form.is_bound else 200)


@require_POST
@can("contacts.change")
def archive(request: Request, field_id: UUID) -> HttpResponse:
    """Put a field away; can be undone."""
    found: CustomField = get_object_or_404(request.workspace.custom_fields, id=field_id)
    try:
        services.archive(found, at=request.now)
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect(workspace_url(request.workspace, "contacts:fields"))
    undo = workspace_url(request.workspace, "contacts:restore_field", found.id)
    messages.success(request, _("“%(name)s” is put away.") % {"name": found.label}, extra_tags=f"undo:{undo}")
    return redirect(workspace_url(request.workspace, "contacts:fields"))


@require_POST
@can("contacts.change")
def restore(request: Request, field_id: UUID) -> HttpResponse:
    """Bring a field back."""
    services.restore(get_object_or_404(request.workspace.custom_fields, id=field_id))
    return redirect(workspace_url(request.workspace, "contacts:fields"))


@require_POST
@can("contacts.change")
def move(request: Request, field_id: UUID) -> HttpResponse:
    """One place up."""
    services.move_up(get_object_or_404(request.workspace.custom_fields, id=field_id))
    return redirect(workspace_url(request.workspace, "contacts:fields"))
