"""Home: how things stand, and the one next step."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from plainsail.dashboard import queries
from plainsail.dashboard.services import checklist
from plainsail.kernel.http import Request, can


@require_GET
@can("dashboard.view")
def home(request: Request) -> HttpResponse:
    """The last 14 days of the business, its latest sales, and what is left to set up."""
    workspace = request.workspace
    context = queries.overview(workspace, at=request.now) | {
        "steps": checklist.steps(workspace),
        "greeting": checklist.greeting(request.now, workspace, request.user),
    }
    return render(request, "dashboard/home.html", context)


@require_GET
@can("dashboard.view")
def search(request: Request) -> HttpResponse:
    """What the search field finds: a page without JavaScript, a fragment with it."""
    text = request.GET.get("q", "")
    template = "dashboard/search.html#results" if request.htmx else "dashboard/search.html"
    return render(request, template, {"q": text, "found": queries.search(request.workspace, text)})
