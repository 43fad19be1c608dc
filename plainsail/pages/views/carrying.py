"""Pages and sites as files: taken along, brought in."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from plainsail.accounts.models import User
from plainsail.contacts.services import lists
from plainsail.kernel.http import Request, can, refusals_at, workspace_url
from plainsail.pages import queries
from plainsail.pages.services import carrying, unrolling
from plainsail.pages.services.packed_pictures import is_archive
from plainsail.pages.site_forms import CarriedForm


@require_GET
@can("pages.change")
def page(request: Request, page_id: UUID) -> HttpResponse:
    subject = get_object_or_404(queries.current_pages(request.workspace), id=page_id)
    name = subject.path.strip("/:").replace("/", "-") or "first-page"
    return _carried(carrying.page_as_file(subject), name)


@require_GET
@can("pages.change")
def site(request: Request) -> HttpResponse:
    return _carried(carrying.site_as_file(request.workspace), request.workspace.slug)


@require_GET
@can("pages.change")
def static_site(request: Request) -> HttpResponse:
    return _file(unrolling.as_zip(request.workspace), f"{request.workspace.slug}.zip", "application/zip")


@require_http_methods(["GET", "POST"])
@can("pages.change")
def bring_in(request: Request) -> HttpResponse:
    form = CarriedForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        with refusals_at(form):
            some, person = lists.default(request.workspace, at=request.now), cast(User, request.user)
            content = form.cleaned_data["file"]
            came = carrying.bring_in(request.workspace, content, list=some, by=person, at=request.now)
            _tell(request, came)
            return redirect(workspace_url(request.workspace, "pages:pages"))
    return render(request, "pages/import.html", {"form": form}, status=422 if form.is_bound else 200)


def _tell(request: Request, came: carrying.Brought) -> None:
    """What came of a file. Long lists of what was left out are cut: nobody reads a hundred messages."""
    for words in came.left_out[:10]:
        messages.warning(request, words)
    if number := len(came.pages):
        said = ngettext("%(number)s draft was brought in.", "%(number)s drafts were brought in.", number)
        messages.success(request, said % {"number": number})
    if number := came.popups:
        said = ngettext(
            "%(number)s pop-up came too. It waits under Pages, Pop-ups and bars.",
            "%(number)s pop-ups came too. They wait under Pages, Pop-ups and bars.",
            number,
        )
        messages.success(request, said % {"number": number})


def _carried(content: bytes, name: str) -> HttpResponse:
    if is_archive(content):
        return _file(content, f"{name}.zip", "application/zip")
    return _file(content, f"{name}.json", "application/json")


def _file(content: bytes, name: str, content_type: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=content_type, headers=headers)
