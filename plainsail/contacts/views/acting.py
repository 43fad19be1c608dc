"""Many contacts at once: whom, what, how far, and back again."""

from __future__ import annotations

from functools import partial
from typing import Any, cast
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.accounts.models import User
from plainsail.contacts.bulk_forms import ChosenForm, DeedForm
from plainsail.contacts.models import BulkAction
from plainsail.contacts.services import acting
from plainsail.contacts.services.acting import Chosen
from plainsail.kernel.http import Request, can, workspace_url

Kind = BulkAction.Kind


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.change")
def new(request: Request) -> HttpResponse:
    """Say what is to be done to those who were ticked, or to all whom the list shows."""
    chosen = ChosenForm.read(request.GET)
    form = DeedForm(
        request.POST if request.method == "POST" else None,
        workspace=request.workspace,
        is_deleted=chosen.state == "deleted",
    )
    if request.method == "POST" and form.is_valid():
        made = _begin(request, chosen, form)
        return redirect(workspace_url(request.workspace, "contacts:bulk_action", made.id))
    context = {"form": form, "is_chosen": bool(chosen.ids)} | _whom(request, chosen)
    return render(request, "contacts/bulk_new.html", context, status=422 if request.method == "POST" else 200)


def _whom(request: Request, chosen: Chosen) -> dict[str, Any]:
    return {
        "number": acting.people(request.workspace, chosen, at=request.now).count(),
        "segment": request.workspace.segments.filter(id=chosen.segment_id).first() if chosen.segment_id else None,
        "known_tags": request.workspace.tags.order_by("name", "id")[:200],
    }


def _begin(request: Request, chosen: Chosen, form: DeedForm) -> BulkAction:
    given, business, by, at = form.cleaned_data, request.workspace, cast(User, request.user), request.now
    kind = given["kind"]
    if kind == Kind.TAG:
        return acting.tag(business, chosen, name=given["tag"], by=by, at=at)
    if kind == Kind.UNTAG:
        return acting.untag(business, chosen, tag=form.found_tag, by=by, at=at)
    if kind in {Kind.JOIN, Kind.LEAVE}:
        topic = form.lists[given["list"]]
        joining = partial(acting.join, basis=given["basis"])
        return (joining if kind == Kind.JOIN else acting.leave)(business, chosen, topic=topic, by=by, at=at)
    if kind == Kind.SCORE:
        return acting.score(business, chosen, points=given["points"], by=by, at=at)
    if kind == Kind.DELETE:
        return acting.delete(business, chosen, by=by, at=at)
    return acting.restore(business, chosen, by=by, at=at)


@require_GET
@can("contacts.view")
def actions(request: Request) -> HttpResponse:
    """What was done to many at once, the latest first."""
    rows = request.workspace.bulk_actions.select_related("asked_by").order_by("-created_at", "-id")[:50]
    return render(request, "contacts/bulk_actions.html", {"actions": rows})


@require_GET
@can("contacts.view")
def action(request: Request, action_id: UUID) -> HttpResponse:
    """How far one is, and the way back."""
    found = get_object_or_404(request.workspace.bulk_actions.select_related("asked_by"), id=action_id)
    return render(request, "contacts/bulk_action.html", {"action": found})


@require_POST
@can("contacts.change")
def undo(request: Request, action_id: UUID) -> HttpResponse:
    """Take it back."""
    found: BulkAction = get_object_or_404(request.workspace.bulk_actions, id=action_id)
    acting.undo(found, at=request.now)
    return redirect(workspace_url(request.workspace, "contacts:bulk_action", found.id))
