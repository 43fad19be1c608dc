"""A page's publishing: what there is to look at before, now or by timetable, what was live before, off the site."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.pages import queries
from plainsail.pages.models import Page
from plainsail.pages.services import checking, publishing
from plainsail.pages.site_forms import TimetableForm

SHOWN = 30


@require_GET
@can("pages.change")
def publication(request: Request, page_id: UUID) -> HttpResponse:
    page = _page(request, page_id)
    return _show(request, page, TimetableForm(initial=_moments(page)))


@require_POST
@can("pages.change")
def publish(request: Request, page_id: UUID) -> HttpResponse:
    page = _page(request, page_id)
    try:
        publishing.publish(page, by=request.user, at=request.now)  # type: ignore[arg-type]  # a member
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("“%(title)s” is live.") % {"title": page.title})
    return _back(request, page)


@require_POST
@can("pages.change")
def timetable(request: Request, page_id: UUID) -> HttpResponse:
    page = _page(request, page_id)
    form = TimetableForm(request.POST)
    if form.is_valid():
        try:
            publishing.set_timetable(page, at=request.now, **form.cleaned_data)
        except publishing.BadTimetable as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Saved."))
            return _back(request, page)
    return _show(request, page, form, status=422)


@require_POST
@can("pages.change")
def rollback(request: Request, page_id: UUID, number: int) -> HttpResponse:
    page = _page(request, page_id)
    try:
        publishing.roll_back(page, number=number, by=request.user, at=request.now)  # type: ignore[arg-type]  # a member
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Visitors see that version again. Your draft is as it was."))
    return _back(request, page)


@require_POST
@can("pages.change")
def publish_all(request: Request) -> HttpResponse:
    """Every page with changes, at once."""
    done, failed = publishing.publish_changed(request.workspace, by=request.user, at=request.now)  # type: ignore[arg-type]  # a member
    for page in failed:
        messages.error(request, f"“{page.title}”: {page.trouble}")
    if done or not failed:
        messages.success(request, _("%(number)s pages show their changes now.") % {"number": done})
    return redirect(workspace_url(request.workspace, "pages:pages"))


def _show(request: Request, page: Page, form: TimetableForm, *, status: int = 200) -> HttpResponse:
    context = {
        "page": page,
        "form": form,
        "findings": checking.check(page, page.document),
        "published": publishing.publications(page).select_related("by").order_by("-number")[:SHOWN],
        "live_url": publishing.live_url(page),
    }
    return render(request, "pages/publication.html", context, status=status)


def _moments(page: Page) -> dict[str, object]:
    return {"publish_at": page.publish_at, "unpublish_at": page.unpublish_at}


def _page(request: Request, page_id: UUID) -> Page:
    return get_object_or_404(queries.current_pages(request.workspace), id=page_id)


def _back(request: Request, page: Page) -> HttpResponse:
    return redirect(workspace_url(request.workspace, "pages:publishing", page.id))
