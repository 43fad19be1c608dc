"""Segments: saved questions about contacts, and the page that builds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from plainsail.contacts import queries
from plainsail.contacts.forms import SegmentForm, SegmentNameForm, flat
from plainsail.contacts.models import Segment
from plainsail.contacts.services import segments as services
from plainsail.contacts.sockets import SEGMENT_FIELDS
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.view")
def segments(request: Request) -> HttpResponse:
    """Every segment; a post names another and leads to its conditions."""
    return _create(request) if request.method == "POST" else _all(request, SegmentNameForm())


@can("contacts.change")
def _create(request: Request) -> HttpResponse:
    form = SegmentNameForm(request.POST)
    if form.is_valid():
        try:
            made = services.save(request.workspace, name=form.cleaned_data["name"], tree={}, at=request.now)
        except Refusal as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            return redirect(workspace_url(request.workspace, "contacts:segment", made.id))
    return _all(request, form)


def _all(request: Request, form: SegmentNameForm) -> HttpResponse:
    context = {"segments": request.workspace.segments.order_by("name", "id"), "form": form}
    return render(request, "contacts/segments.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.change")
def segment(request: Request, segment_id: UUID) -> HttpResponse:
    """The conditions of one segment, and how many people meet them now."""
    found: Segment = get_object_or_404(request.workspace.segments, id=segment_id)
    start = flat(found.tree)
    if start is None:
        context = {"segment": found, "count": _count(request, found.tree)}
        return render(request, "contacts/segment.html", context, status=409 if request.method == "POST" else 200)
    form = SegmentForm(request.POST if request.method == "POST" else None, initial=start | {"name": found.name})
    if form.is_valid() and not form.is_drafting and _save(request, found, form):
        messages.success(request, _("Saved."))
        return redirect(workspace_url(request.workspace, "contacts:segment", found.id))
    return _builder(request, found, form)


def _save(request: Request, found: Segment, form: SegmentForm) -> bool:
    name, tree = form.cleaned_data["name"], form.tree()
    try:
        services.save(request.workspace, name=name, tree=tree, at=request.now, segment=found)
    except Refusal as refusal:
        form.add_error(refusal.field, str(refusal))
        return False
    return True


def _builder(request: Request, found: Segment, form: SegmentForm) -> HttpResponse:
    tree = None
    if not form.is_bound:
        tree = found.tree
    elif "match" in form.cleaned_data:
        tree = form.tree()
    context = {
        "segment": found,
        "form": form,
        "rows": list(form.rows(request.workspace)),
        "fields": SEGMENT_FIELDS.items(),
        "count": _count(request, tree),
    }
    return render(request, "contacts/segment.html", context, status=422 if form.errors else 200)


def _count(request: Request, tree: Mapping[str, Any] | None) -> int | None:
    """How many meet the conditions; None where one of them says nothing yet."""
    try:
        return None if tree is None else queries.in_segment(request.workspace, Segment(tree=tree)).count()
    except queries.BadSegment:
        return None
