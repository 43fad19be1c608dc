"""Contacts as staff see them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.contacts import queries
from plainsail.contacts.forms import NewContactForm, ProfileForm, TagForm
from plainsail.contacts.models import ListMember
from plainsail.contacts.services import contacts as people
from plainsail.contacts.services import tags
from plainsail.kernel.countries import country_name
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url

ASKED = ("text", "list_id", "tag_id", "state", "after")
"""What the list of contacts may be asked, beside a segment."""


@require_GET
@can("contacts.view")
def contacts(request: Request) -> HttpResponse:
    """Everybody, newest first, searched and filtered."""
    asked = {name: request.GET.get(name, "")[:200] for name in ASKED}
    segment = _chosen(request.workspace.segments, request.GET.get("segment_id", ""))
    page = queries.browse(request.workspace, segment=segment, **asked)
    context = {
        "page": page,
        "asked": asked,
        "is_asked": any(asked.values()) or segment is not None,
        "segment": segment,
        "lists": request.workspace.lists.order_by("name", "id"),
        "tags": request.workspace.tags.order_by("name", "id"),
        "segments": request.workspace.segments.order_by("name", "id"),
    }
    return render(request, "contacts/contacts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.change")
def new(request: Request) -> HttpResponse:
    """Somebody added by hand; on no list, because nobody consented."""
    form = NewContactForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = people.create(email=form.cleaned_data["email"], fields=form.profile, source="manual", at=request.now)
        except Refusal as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            return redirect(workspace_url(request.workspace, "contacts:contact", made.id))
    return render(request, "contacts/new.html", {"form": form}, status=422 if form.is_bound else 200)


@require_GET
@can("contacts.view")
def contact(request: Request, contact_id: UUID) -> HttpResponse:
    """One person: profile, tags, consent with its proof, and everything that happened."""
    found = get_object_or_404(request.workspace.contacts, id=contact_id)
    settled = found.memberships.exclude(state=ListMember.State.PENDING)
    context = {
        "contact": found,
        "country": country_name(found.country, get_language() or "en"),
        "tags": found.contact_tags.select_related("tag").order_by("tag__name", "id"),
        "known_tags": request.workspace.tags.order_by("name", "id")[:200],
        "members": queries.members_of(found),
        "proofs": found.consents.select_related("list").order_by("-at", "-id")[:20],
        "timeline": queries.timeline(found, before=request.now, limit=50, kind=request.GET.get("kind", "")[:20]),
        "joinable": request.workspace.lists.exclude(id__in=settled.values("list_id")).order_by("name", "id"),
    }
    return render(request, "contacts/contact.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.change")
def edit(request: Request, contact_id: UUID) -> HttpResponse:
    """Change the profile."""
    found = get_object_or_404(request.workspace.contacts, id=contact_id)
    initial = {name: getattr(found, name) for name in ProfileForm.base_fields}
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        people.update(found, fields=form.profile, at=request.now)
        messages.success(request, _("Saved."))
        return redirect(workspace_url(request.workspace, "contacts:contact", found.id))
    return render(request, "contacts/edit.html", {"form": form, "contact": found}, status=422 if form.is_bound else 200)


@require_POST
@can("contacts.change")
def add_tag(request: Request, contact_id: UUID) -> HttpResponse:
    """Put a tag on somebody; a new name makes a new tag."""
    found = get_object_or_404(request.workspace.contacts, id=contact_id)
    form = TagForm(request.POST)
    if form.is_valid():
        tags.add(found, tags.named(request.workspace, form.cleaned_data["name"]), at=request.now)
    else:
        messages.error(request, _("A tag needs a name of up to 60 characters."))
    return redirect(workspace_url(request.workspace, "contacts:contact", found.id))


@require_POST
@can("contacts.change")
def remove_tag(request: Request, contact_id: UUID, tag_id: UUID) -> HttpResponse:
    """Take a tag off."""
    found = get_object_or_404(request.workspace.contacts, id=contact_id)
    tags.remove(found, get_object_or_404(request.workspace.tags, id=tag_id), at=request.now)
    return redirect(workspace_url(request.workspace, "contacts:contact", found.id))


@require_POST
@can("contacts.change")
def delete(request: Request, contact_id: UUID) -> HttpResponse:
    """Hide somebody and stop all mail to them; can be undone."""
    found = get_object_or_404(request.workspace.contacts, id=contact_id)
    people.delete(found, at=request.now)
    undo = workspace_url(request.workspace, "contacts:restore", found.id)
    messages.success(request, _("%(name)s is deleted.") % {"name": found}, extra_tags=f"undo:{undo}")
    return redirect(workspace_url(request.workspace, "contacts:contacts"))


@require_POST
@can("contacts.change")
def restore(request: Request, contact_id: UUID) -> HttpResponse:
    """Undo the deletion."""
    found = get_object_or_404(request.workspace.contacts, id=contact_id)
    people.restore(found, at=request.now)
    return redirect(workspace_url(request.workspace, "contacts:contact", found.id))


def _chosen(rows: Any, key: str) -> Any:
    """The row of this id, or None for none and for garbage."""
    try:
        return rows.filter(id=UUID(key)).first()
    except ValueError:
        return None
