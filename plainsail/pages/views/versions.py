"""A page's history: versions with names, looked at and restored."""

from __future__ import annotations

import re
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.blocks.services import comparing, documents
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.pages import queries
from plainsail.pages.forms import VersionForm
from plainsail.pages.models import Page
from plainsail.pages.services import editing, publishing
from plainsail.pages.views.answers import as_page

SHOWN = 50


@require_http_methods(["GET", "POST"])
@can("pages.change")
def versions(request: Request, page_id: UUID) -> HttpResponse:
    page = _page(request, page_id)
    form = VersionForm(request.POST or None)
    if form.is_valid():
        editing.name_version(page, by=request.user, at=request.now, **form.cleaned_data)  # type: ignore[arg-type]  # a member
        messages.success(request, _("This version is kept."))
        return redirect(workspace_url(request.workspace, "pages:versions", page.id))
    listed = queries.versions_of(page).select_related("by").order_by("-number")[:SHOWN]
    status = 422 if form.is_bound else 200
    return render(request, "pages/versions.html", {"page": page, "versions": listed, "form": form}, status=status)


@require_GET
@can("pages.view")
@xframe_options_sameorigin
def version(request: Request, page_id: UUID, number: int) -> HttpResponse:
    page = _page(request, page_id)
    kept = get_object_or_404(queries.versions_of(page), number=number)
    return as_page(publishing.render(page, documents.load(kept.document)))


@require_GET
@can("pages.change")
def comparison(request: Request, page_id: UUID, number: int) -> HttpResponse:
    """What differs between a version and the draft, or another version (`?with=`), in words and side by side."""
    page = _page(request, page_id)
    kept = get_object_or_404(queries.versions_of(page), number=number)
    other = queries.versions_of(page).filter(number=_number(request.GET.get("with", ""))).first()
    before, after = documents.load(kept.document), documents.load(other.document) if other else page.document
    context = {
        "page": page,
        "kept": kept,
        "other": other,
        "changes": comparing.compare(before, after),
        "versions": queries.versions_of(page).exclude(number=number).order_by("-number")[:SHOWN],
    }
    return render(request, "pages/comparison.html", context)


def _number(asked: str) -> int:
    return int(asked) if re.fullmatch(r"[0-9]{1,9}", asked) else 0


@require_POST
@can("pages.change")
def restoration(request: Request, page_id: UUID, number: int) -> HttpResponse:
    page = _page(request, page_id)
    editing.restore(page, number=number, revision=page.revision, by=request.user, at=request.now)  # type: ignore[arg-type]  # a member
    messages.success(request, _("That version is the draft again. Undo in the editor brings back what was there."))
    return redirect(workspace_url(request.workspace, "pages:page", page.id))


def _page(request: Request, page_id: UUID) -> Page:
    return get_object_or_404(queries.current_pages(request.workspace), id=page_id)
