"""The words that a business puts on its contacts."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from plainsail.contacts import queries
from plainsail.contacts.forms import TagDetailsForm, TagForm
from plainsail.contacts.models import Tag
from plainsail.contacts.services import tags as services
from plainsail.kernel.http import Request, can, refusals_at, workspace_url


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.view")
def tags(request: Request) -> HttpResponse:
    """Every tag by category, with how many have it; a post makes another."""
    return _create(request) if request.method == "POST" else _all(request, TagDetailsForm())


@can("contacts.change")
def _create(request: Request) -> HttpResponse:
    form = TagDetailsForm(request.POST)
    with refusals_at(form):
        if form.is_valid():
            services.define(request.workspace, at=request.now, **form.cleaned_data)
            return redirect(workspace_url(request.workspace, "contacts:tags"))
    return _all(request, form)


def _all(request: Request, form: TagDetailsForm) -> HttpResponse:
    context = {"tags": queries.tags_with_uses(request.workspace), "form": form}
    return render(request, "contacts/tags.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.change")
def tag(request: Request, tag_id: UUID) -> HttpResponse:
    """One tag's name, category, and how long it lasts."""
    found: Tag = get_object_or_404(request.workspace.tags, id=tag_id)
    form = TagDetailsForm(request.POST) if request.method == "POST" else TagDetailsForm.of(found)
    with refusals_at(form):
        if form.is_valid():
            services.change(found, **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect(workspace_url(request.workspace, "contacts:tags"))
    context = {"tag": found, "form": form, "number": found.contact_tags.count()}
    return render(request, "contacts/tag.html", context, status=422 if form.is_bound else 200)


@require_POST
@can("contacts.change")
def delete(request: Request, tag_id: UUID) -> HttpResponse:
    """Take a tag off everybody and forget it."""
    found: Tag = get_object_or_404(request.workspace.tags, id=tag_id)
    number = services.delete(found, at=request.now)
    said = ngettext(
        "“%(name)s” is gone from %(number)d contact.", "“%(name)s” is gone from %(number)d contacts.", number
    )
    messages.success(request, said % {"name": found.name, "number": number})
    return redirect(workspace_url(request.workspace, "contacts:tags"))


@require_POST
@can("contacts.change")
def add(request: Request, contact_id: UUID) -> HttpResponse:
    """Put a tag on somebody; a new name makes a new tag."""
    found = get_object_or_404(request.workspace.contacts, id=contact_id)
    form = TagForm(request.POST)
    if form.is_valid():
        services.add(found, services.named(request.workspace, form.cleaned_data["name"]), at=request.now)
    else:
        messages.error(request, _("A tag needs a name of up to 60 characters."))
    return redirect(workspace_url(request.workspace, "contacts:contact", found.id))


@require_POST
@can("contacts.change")
def remove(request: Request, contact_id: UUID, tag_id: UUID) -> HttpResponse:
    """Take a tag off."""
    found = get_object_or_404(request.workspace.contacts, id=contact_id)
    services.remove(found, get_object_or_404(request.workspace.tags, id=tag_id), at=request.now)
    return redirect(workspace_url(request.workspace, "contacts:contact", found.id))
