"""Settings → Audit log: who did what, when and from where."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from plainsail.accounts import queries
from plainsail.accounts.forms import ActivityForm
from plainsail.accounts.models import AuditEntry, Role
from plainsail.accounts.sockets import AUDIT_ACTIONS
from plainsail.kernel.http import Request, can


@require_safe
@can("accounts.manage")
def activity(request: Request) -> HttpResponse:
    """The log, latest first, filtered by what, who and when."""
    form = ActivityForm(
        request.GET or None,
        actions=queries.actions_recorded(AUDIT_ACTIONS.keys()),
        people=[member.user for member in queries.team(request.workspace)],
    )
    found = queries.activity(request.workspace, **conditions(form))
    page = Paginator(found, queries.ACTIVITY_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "rows": [(entry, words(entry), change(entry)) for entry in page.object_list],
        "is_filtered": any(conditions(form).values()),
    }
    return render(request, "accounts/activity.html", context, status=422 if form.errors else 200)


def conditions(form: ActivityForm) -> dict[str, Any]:
    """What was asked for; nothing where the form says no."""
    if not form.is_valid():
        return {}
    asked = form.cleaned_data
    return {
        "action": asked["action"],
        "person_id": UUID(asked["person"]) if asked["person"] else None,
        "since": asked["since"],
        "until": asked["until"],
    }


def words(entry: AuditEntry) -> str:
    """The entry's action in words; its bare key where the area that wrote it is gone."""
    known = AUDIT_ACTIONS.get(entry.action)
    return str(known.label) if known else entry.action


def change(entry: AuditEntry) -> str:
    """From what to what, where the entry says so; roles in words."""
    labels = dict(Role.choices)
    before, after = (str(entry.details.get(side, "")) for side in ("before", "after"))
    return f"{labels.get(before, before)} → {labels.get(after, after)}" if before and after else ""
