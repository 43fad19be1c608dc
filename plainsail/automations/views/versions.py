"""What was live before: each version with its people, what is different in it, and drawing it again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from plainsail.automations import queries
from plainsail.automations.models import Automation, AutomationVersion
from plainsail.automations.services import flows
from plainsail.automations.services import versions as earlier
from plainsail.automations.services.versions import Difference
from plainsail.automations.sockets import TRIGGERS
from plainsail.automations.views import drawing, sketching
from plainsail.automations.views.automations import find
from plainsail.kernel.http import Request, can, workspace_url


@require_GET
@can("automations.view")
def versions(request: Request, automation_id: UUID) -> HttpResponse:
    found = find(request, automation_id)
    context = {"automation": found, "versions": queries.versions_of(found)}
    return render(request, "automations/versions.html", context)


@require_GET
@can("automations.view")
def version(request: Request, automation_id: UUID, number: int) -> HttpResponse:
    found, kept = _version(request, automation_id, number)
    context = {
        "automation": found,
        "version": kept,
        "sketch": sketching.of_flow(kept.document),
        "differences": [said(each) for each in earlier.compare(kept.document, found.draft)],
    }
    return render(request, "automations/version.html", context)


@require_POST
@can("automations.change")
def restoration(request: Request, automation_id: UUID, number: int) -> HttpResponse:
    found, kept = _version(request, automation_id, number)
    earlier.restore(found, kept, at=request.now)
    messages.success(request, _("That version is the draft again. Undo brings back what was there."))
    return redirect(workspace_url(request.workspace, "automations:automation", found.id))


def said(difference: Difference) -> dict[str, Any]:
    """A difference in words: what kind, and what stood there before and stands there now."""
    if difference.kind == "trigger":
        return {"kind": "trigger", "before": _starts(difference.before), "after": _starts(difference.after)}
    if difference.kind == "entry":
        return {"kind": "entry", "before": _lets_in(difference.before), "after": _lets_in(difference.after)}
    before, after = (drawing.sentence(step) if step else "" for step in (difference.before, difference.after))
    return {"kind": difference.kind, "before": before, "after": after}


def _starts(trigger: flows.Step | None) -> str:
    kind = TRIGGERS.get(trigger["kind"]) if trigger else None
    return kind.sentence(trigger["config"]) if kind and trigger else _("Nothing starts it yet")


def _lets_in(entry: flows.Step | None) -> str:
    return str(flows.POLICIES.get(entry["policy"], "")) if entry else ""


def _version(request: Request, automation_id: UUID, number: int) -> tuple[Automation, AutomationVersion]:
    found = find(request, automation_id)
    kept: AutomationVersion = get_object_or_404(found.versions, number=min(number, 2**31 - 1))
    return found, kept
