"""Broadcasts: the list, a new one, who gets it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.kernel.http import Request, can, workspace_url
from plainsail.mail import queries
from plainsail.mail.domain_forms import OverrideForm
from plainsail.mail.forms import AudienceForm
from plainsail.mail.models import Broadcast
from plainsail.mail.services import audience, broadcasts, gate, reporting, senders, standstill, variants

PER_PAGE = 25


@require_GET
@can("mail.view")
def emails(request: Request) -> HttpResponse:
    found = Paginator(queries.recent_broadcasts(request.workspace), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "mail/emails.html", {"page": found, "has_worker": queries.has_worker(at=request.now)})


@require_GET
@can("mail.view")
def broadcast(request: Request, broadcast_id: UUID) -> HttpResponse:
    found = find(request, broadcast_id)
    if found.is_variant:
        return redirect(workspace_url(request.workspace, "mail:broadcast", found.test_of_id))
    if found.is_draft:
        return redirect(workspace_url(request.workspace, "mail:audience", found.id))
    return render(request, "mail/broadcast.html", report(request, found))


@require_http_methods(["GET", "POST"])
@can("mail.change")
def choose(request: Request, broadcast_id: UUID) -> HttpResponse:
    found = find(request, broadcast_id)
    if found.is_variant:
        return redirect(workspace_url(request.workspace, "mail:testing", found.test_of_id))
    senders.default()
    initial = {"topic": found.list_id, "segment": found.segment_id, "sender": found.sender_id}
    form = AudienceForm(request.POST or None, workspace=request.workspace, initial=initial)
    if form.is_valid():
        broadcasts.address_to(found, at=request.now, **form.cleaned_data)
        wants_check = request.POST.get("next") == "check"
        name, key = ("mail:check", found.id) if wants_check else ("mail:email", found.email_id)
        return redirect(workspace_url(request.workspace, name, key))
    people = _people(request, found)
    context = {"broadcast": found, "form": form, "people": people, "steps": steps()}
    return render(request, "mail/audience.html", context, status=422 if form.is_bound else 200)


def _people(request: Request, found: Broadcast) -> int:
    if found.resend_of_id is not None:
        return audience.of(found, at=request.now).count()
    return audience.count(found.list, found.segment, at=request.now) if found.list else 0


@require_GET
@can("mail.view")
def count(request: Request, broadcast_id: UUID) -> HttpResponse:
    """How many people the choice in the form reaches, before it is saved."""
    find(request, broadcast_id)
    form = AudienceForm(request.GET, workspace=request.workspace)
    form.is_valid()
    topic, segment = form.cleaned_data.get("topic"), form.cleaned_data.get("segment")
    people = audience.count(topic, segment, at=request.now) if topic else 0
    return render(request, "mail/audience.html#count", {"people": people})


@require_POST
@can("mail.change")
def copy(request: Request, broadcast_id: UUID) -> HttpResponse:
    made = broadcasts.copy(find(request, broadcast_id), at=request.now)
    messages.success(request, _("Copied. Nothing is sent until you send it."))
    return redirect(workspace_url(request.workspace, "mail:audience", made.id))


@require_POST
@can("mail.change")
def deletion(request: Request, broadcast_id: UUID) -> HttpResponse:
    broadcasts.delete(find(request, broadcast_id))
    messages.success(request, _("The draft is deleted."))
    return redirect(workspace_url(request.workspace, "mail:emails"))


def find(request: Request, broadcast_id: UUID) -> Broadcast:
    """One of this business's broadcasts with what its screens show. Raises Http404."""
    rows = request.workspace.broadcasts.select_related(
        "email", "edition", "list", "segment", "sender", "test_of", "resend_of"
    )
    found: Broadcast = get_object_or_404(rows, id=broadcast_id)
    return found


def steps() -> list[str]:
    """The way of a draft."""
    return [_("Audience"), _("Write"), _("Check and send")]


def report(request: Request, found: Broadcast) -> dict[str, object]:
    """What the report shows, and the progress bar in it."""
    return {
        "broadcast": found,
        "pace": queries.pace_of(found, at=request.now),
        "standstill": standstill.reasons(found, zone=request.workspace.timezone, at=request.now),
        "causes": queries.causes(request.workspace, found.id) if not found.can_be_stopped else [],
        "problems": queries.problems(request.workspace, found.id) if not found.can_be_stopped else [],
        "classes": queries.classes_of(found.id) if not found.can_be_stopped else [],
        "now": request.now,
        **_held(request, found),
        "found": reporting.report(found) if found.started_at or found.is_test else None,
        "can_repeat": broadcasts.can_be_repeated(found, at=request.now),
        "silent": audience.silent_count(found, at=request.now)
        if broadcasts.can_be_repeated(found, at=request.now)
        else 0,
    }


def _held(request: Request, found: Broadcast) -> dict[str, object]:
    """What keeps it from leaving, where that is mended, and whether an owner could let it through."""
    waiting = list(variants.held(found).select_related("sender").order_by("letter")) if found.is_test else []
    words = gate.holds(found)
    if not (words or waiting):
        return {}
    return {
        "holds": words,
        "held_variants": [{"variant": each, "words": gate.keepers(each)} for each in waiting],
        "ways": gate.ways_on(found, request.workspace),
        "override": OverrideForm() if gate.stands_in_the_way(found) else None,
    }
