"""Segments: saved questions about contacts, and the page that builds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from plainsail.contacts import conditions, segment_forms
from plainsail.contacts.models import Segment
from plainsail.contacts.segment_forms import SegmentForm, SegmentNameForm
from plainsail.contacts.sentences import Wording
from plainsail.contacts.services import segments as services
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
    wording = Wording(request.workspace, at=request.now)
    rows = [(one, wording.sentence(one.tree)) for one in request.workspace.segments.order_by("name", "id")]
    context = {"segments": rows, "form": form}
    return render(request, "contacts/segments.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.change")
def segment(request: Request, segment_id: UUID) -> HttpResponse:
    """The conditions of one segment, and how many people meet them now."""
    found = _find(request, segment_id)
    if segment_forms.depth_of(found.tree) > SegmentForm.DEEPEST:
        return _undrawable(request, found)
    start = segment_forms.start(found.tree) | {"name": found.name}
    form = SegmentForm(request.POST if request.method == "POST" else None, initial=start)
    if form.is_valid() and not form.is_drafting and _save(request, found, form):
        messages.success(request, _("Saved."))
        return redirect(workspace_url(request.workspace, "contacts:segment", found.id))
    return _builder(request, found, form)


@require_POST
@can("contacts.change")
def draft(request: Request, segment_id: UUID) -> HttpResponse:
    """What the conditions as they stand say, and how many meet them; nothing is saved."""
    found, form = _find(request, segment_id), SegmentForm(request.POST)
    form.is_valid()
    return _builder(request, found, form, status=200)


@require_POST
@can("contacts.change")
def copy(request: Request, segment_id: UUID) -> HttpResponse:
    """Another segment that asks the same, to be changed from there."""
    made = services.copy(_find(request, segment_id), at=request.now)
    return redirect(workspace_url(request.workspace, "contacts:segment", made.id))


@require_POST
@can("contacts.change")
def delete(request: Request, segment_id: UUID) -> HttpResponse:
    """Forget a segment that nothing asks any more; else say what does."""
    found = _find(request, segment_id)
    try:
        services.delete(found)
    except services.InUse as refusal:
        messages.error(request, str(refusal))
        return redirect(workspace_url(request.workspace, "contacts:segment", found.id))
    messages.success(request, _("“%(name)s” is deleted.") % {"name": found.name})
    return redirect(workspace_url(request.workspace, "contacts:segments"))


@require_POST
@can("contacts.change")
def count(request: Request, segment_id: UUID) -> HttpResponse:
    """Count anew; a job does, and the list shows its answer."""
    found = _find(request, segment_id)
    services.count.once(f"segment:{found.id}", segment_id=found.id)
    messages.success(request, _("“%(name)s” is being counted.") % {"name": found.name})
    return redirect(workspace_url(request.workspace, "contacts:segments"))


def _find(request: Request, segment_id: UUID) -> Segment:
    found: Segment = get_object_or_404(request.workspace.segments.select_related("workspace"), id=segment_id)
    return found


def _save(request: Request, found: Segment, form: SegmentForm) -> bool:
    name, tree = form.cleaned_data["name"], form.tree()
    try:
        services.save(request.workspace, name=name, tree=tree, at=request.now, segment=found)
    except Refusal as refusal:
        form.add_error(refusal.field, str(refusal))
        return False
    return True


def _undrawable(request: Request, found: Segment) -> HttpResponse:
    context = _answer(request, found, found.tree) | {"segment": found, "uses": services.uses(found)}
    return render(request, "contacts/segment.html", context, status=409 if request.method == "POST" else 200)


def _builder(request: Request, found: Segment, form: SegmentForm, *, status: int | None = None) -> HttpResponse:
    tree = None
    if not form.is_bound:
        tree = found.tree
    elif "match" in form.cleaned_data:
        tree = form.tree()
    context = _answer(request, found, tree) | {
        "segment": found,
        "form": form,
        "root": form.drawn(request.workspace),
        "fields": segment_forms.offered(request.workspace),
        "uses": services.uses(found),
    }
    return render(request, "contacts/segment.html", context, status=status or (422 if form.errors else 200))


def _answer(request: Request, found: Segment, tree: Mapping[str, Any] | None) -> dict[str, Any]:
    """The tree in words, and how many meet it; without a number where a condition says nothing yet."""
    if tree is None:
        return {"count": None, "sentence": ""}
    sentence = Wording(request.workspace, at=request.now).sentence(tree)
    try:
        counted = conditions.count(request.workspace, tree, about=found.id, at=request.now)
    except conditions.BadSegment as refusal:
        return {"count": None, "missing": str(refusal), "sentence": sentence}
    return {"count": counted.number, "is_exact": counted.is_exact, "sentence": sentence}
