"""Contacts as staff see them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.accounts import queries as accounts
from plainsail.contacts import queries
from plainsail.contacts.forms import NewContactForm
from plainsail.contacts.models import Contact, ListMember
from plainsail.contacts.services import contacts as people
from plainsail.contacts.services import suppression, trash, wishes
from plainsail.contacts.sockets import CONTACT_SECTIONS, TIMELINE_GROUPS
from plainsail.contacts.views import profile
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.kernel.periods import local_date

ASKED = ("text", "list_id", "tag_id", "state", "after")
"""What the list of contacts may be asked, beside a segment."""


@require_GET
@can("contacts.view")
def contacts(request: Request) -> HttpResponse:
    """Everybody, newest first, searched and filtered."""
    asked = {name: request.GET.get(name, "")[:200] for name in ASKED}
    segment = _chosen(request.workspace.segments, request.GET.get("segment_id", ""))
    among = queries.condition_of(segment.tree, at=request.now) if segment else None
    page = queries.browse(request.workspace, among=among, **asked)
    context = {"page": page, "asked": asked, "segment": segment, "is_asked": any(asked.values()) or segment is not None}
    return render(request, "contacts/contacts.html", context | _shown(request, page) | _bulk(asked, segment))


def _shown(request: Request, page: queries.Page) -> dict[str, Any]:
    return {
        "rows": [(one, trash.days_left(one, at=request.now)) for one in page.rows],
        "lists": request.workspace.lists.order_by(F("archived_at").asc(nulls_first=True), "name", "id"),
        "tags": request.workspace.tags.order_by("name", "id"),
        "segments": request.workspace.segments.order_by("name", "id"),
    }


def _bulk(asked: dict[str, str], segment: Any) -> dict[str, Any]:
    """What the list was asked, for what is done to all whom it shows."""
    asked = {**asked, "after": "", "segment_id": str(segment.id) if segment else ""}
    kept = {name: value for name, value in asked.items() if value}
    return {"kept": kept, "whole": urlencode(kept)}


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.change")
def new(request: Request) -> HttpResponse:
    """Somebody added by hand; on no list, because nobody consented."""
    form = NewContactForm(
        request.POST if request.method == "POST" else None, custom=queries.own_fields(request.workspace)
    )
    if request.method == "POST" and form.is_valid():
        given = {"email": form.cleaned_data["email"], "fields": form.profile, "custom": form.custom}
        try:
            made = people.create(**given, source="manual", at=request.now)
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            return redirect(workspace_url(request.workspace, "contacts:contact", made.id))
    return render(request, "contacts/new.html", {"form": form}, status=422 if form.is_bound else 200)


@require_GET
@can("contacts.view")
def contact(request: Request, contact_id: UUID) -> HttpResponse:
    """One person: profile, tags, consent with its proof, and everything that happened."""
    found: Contact = get_object_or_404(request.workspace.contacts, id=contact_id)
    context = {
        "contact": found,
        "profile": profile.rows_of(found),
        "days_left": trash.days_left(found, at=request.now),
        "tags": found.contact_tags.select_related("tag").order_by("tag__category", "tag__name", "id"),
        "known_tags": request.workspace.tags.order_by("name", "id")[:200],
    }
    return render(
        request, "contacts/contact.html", context | _work(request, found) | _consents(found) | _history(request, found)
    )


def _work(request: Request, found: Contact) -> dict[str, Any]:
    """Notes, tasks, and the cards of other areas."""
    return {
        "notes": queries.notes_of(found)[:50],
        "tasks": queries.tasks_of(found)[:50],
        "team": accounts.team(request.workspace),
        "today": local_date(request.now, request.workspace.timezone),
        "sections": [
            {"template": one.template, **one.read(found)} for one in CONTACT_SECTIONS if request.role.allows(one.can)
        ],
    }


def _consents(found: Contact) -> dict[str, Any]:
    settled = found.memberships.exclude(state=ListMember.State.PENDING)
    return {
        "suppressed": suppression.of(found),
        "pause": wishes.pause_of(found),
        "members": queries.members_of(found),
        "proofs": found.consents.select_related("list").order_by("-at", "-id")[:20],
        "joinable": found.workspace.lists.filter(archived_at=None)
        .exclude(id__in=settled.values("list_id"))
        .order_by("name", "id"),
    }


def _history(request: Request, found: Contact) -> dict[str, Any]:
    group, before = request.GET.get("group", "")[:20], _moment(request.GET.get("before", "")) or request.now
    history = queries.timeline(found, before=before, limit=50, group=group)
    return {"groups": TIMELINE_GROUPS.items(), "group": group, "history": history}


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


def _moment(text: str) -> datetime | None:
    """A moment with its zone, or None for garbage."""
    try:
        at = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        return None
    return at if at.tzinfo else None


def _chosen(rows: Any, key: str) -> Any:
    """The row of this id, or None for none and for garbage."""
    try:
        return rows.filter(id=UUID(key)).first()
    except ValueError:
        return None
