"""Home: how things stand, and the one next step."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from plainsail.commerce import queries as commerce
from plainsail.contacts import queries as contacts
from plainsail.dashboard import queries
from plainsail.dashboard.services import checklist
from plainsail.kernel.http import Request, can
from plainsail.kernel.periods import local_date
from plainsail.subscriptions import queries as contracts
from plainsail.ui.context import Chrome


@require_GET
@can("dashboard.view")
def home(request: Request) -> HttpResponse:
    """The last 14 days of the business, its latest sales, and what is left to set up."""
    workspace = request.workspace
    steps = checklist.steps(workspace)
    context = queries.overview(workspace, at=request.now) | {
        "steps": steps,
        "late": contracts.late(workspace).count(),
        "unmatched": contracts.unmatched(workspace).count(),
        "owed": len(commerce.refunds_owed(workspace)),
        "load": contacts.load_of(workspace, request.user.pk, today=local_date(request.now, workspace.timezone)),
        "is_beginning": steps.is_beginning and request.role.allows("dashboard.change"),
        "greeting": checklist.greeting(request.now, workspace, request.user),
    }
    return render(request, "dashboard/home.html", context)


@require_GET
@can("dashboard.view")
def search(request: Request) -> HttpResponse:
    """What the search field finds, and the places whose name it is part of: a page, or a fragment for htmx."""
    text = request.GET.get("q", "")[:100]
    template = "dashboard/search.html#results" if request.htmx else "dashboard/search.html"
    doors = [door for door in Chrome(request).doors if text.strip().lower() in str(door.label).lower()]
    return render(request, template, {"q": text, "found": queries.search(request.workspace, text), "doors": doors})
