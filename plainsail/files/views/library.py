"""The library: what a business has uploaded, found, described, cut, and put away."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.files import queries
from plainsail.files.forms import MOST_FILES, CropForm, FileForm, SearchForm
from plainsail.files.models import File
from plainsail.files.services import library
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, refusals_at, wants_json, workspace_url

PER_PAGE = 48


@require_GET
@can("files.view")
def files(request: Request) -> HttpResponse:
    """Everything uploaded, newest first."""
    return render(request, "files/files.html", _found(request) | {"quota": library.room(request.workspace)})


@require_GET
@can("files.change")
def picker(request: Request) -> HttpResponse:
    """Pictures to choose from, as a fragment for the editors."""
    return render(request, "files/picker.html", _found(request, kind=File.Kind.PICTURE))


@require_POST
@can("files.change")
def uploads(request: Request) -> HttpResponse:
    """Take one or several files in: each for itself, so that one that can't be taken doesn't keep the others out."""
    results = [_upload(request, each) for each in request.FILES.getlist("file")[:MOST_FILES]]
    if wants_json(request):
        return JsonResponse({"files": results}, status=200 if results else 422)
    for result in results:
        if "message" in result:
            messages.error(request, f"{result['name']}: {result['message']}")
    if taken := [result for result in results if "id" in result]:
        messages.success(request, _("%(number)s taken in.") % {"number": len(taken)})
    return redirect(workspace_url(request.workspace, "files:files"))


@require_http_methods(["GET", "HEAD", "POST"])
@can("files.change")
def file(request: Request, file_id: UUID) -> HttpResponse:
    """One file: its name, its words, what must stay visible, where it is used."""
    found = _file(request, file_id)
    form = FileForm(request.POST) if request.method == "POST" else FileForm.of(found)
    if form.is_bound and form.is_valid():
        library.describe(found, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect(workspace_url(request.workspace, "files:file", found.id))
    return _shown(request, found, form, CropForm(initial=found.shown))


@require_POST
@can("files.change")
def crop(request: Request, file_id: UUID) -> HttpResponse:
    """Show a part of a picture, or all of it again."""
    found, form = _file(request, file_id), CropForm(request.POST)
    is_whole = "whole" in request.POST
    with refusals_at(form):
        if is_whole or form.is_valid():
            library.crop(found, None if is_whole else form.cleaned_data)
            messages.success(request, _("Pages show it from when they are published next."))
            return redirect(workspace_url(request.workspace, "files:file", found.id))
    return _shown(request, found, FileForm.of(found), form)


@require_GET
@can("files.change")
def original(request: Request, file_id: UUID) -> HttpResponse:
    """The whole picture, to choose a part of."""
    found = _file(request, file_id)
    response = HttpResponse(library.whole(found), content_type="image/webp")
    response["Cache-Control"] = "private, max-age=3600"
    return response


@require_POST
@can("files.change")
def delete(request: Request, file_id: UUID) -> HttpResponse:
    found = _file(request, file_id)
    try:
        library.delete(found)
    except library.InUse as refusal:
        messages.error(request, str(refusal))
        return redirect(workspace_url(request.workspace, "files:file", found.id))
    messages.success(request, _("“%(name)s” is deleted.") % {"name": found.name})
    return redirect(workspace_url(request.workspace, "files:files"))


def _file(request: Request, file_id: UUID) -> File:
    found: File = get_object_or_404(request.workspace.files, id=file_id)
    return found


def _found(request: Request, *, kind: str = "") -> dict[str, Any]:
    form = SearchForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {"q": "", "kind": ""}
    words = asked["q"].replace("\0", "")
    listed = queries.found(request.workspace, words=words, kind=kind or asked["kind"])
    page = Paginator(listed, PER_PAGE).get_page(request.GET.get("page"))
    cards = [(each, library.thumbnail(each), library.address(each)) for each in page]
    return {"page": page, "cards": cards, "q": words, "kind": asked["kind"], "used": library.used(request.workspace)}


def _upload(request: Request, sent: Any) -> dict[str, Any]:
    name = sent.name or ""
    try:
        if (sent.size or 0) > library.MOST_BYTES:
            raise library.TooLarge
        taken = library.upload(request.workspace, sent.read(), name=name, by=request.user, at=request.now)  # type: ignore[arg-type]  # a member
    except Refusal as refusal:
        return {"name": name, "code": refusal.code, "message": str(refusal)}
    return {
        "id": str(taken.id),
        "name": taken.name,
        "kind": taken.kind,
        "alt": taken.alt,
        "thumbnail": library.thumbnail(taken),
        "url": library.address(taken),
    }


def _shown(request: Request, found: File, form: FileForm, crop_form: CropForm) -> HttpResponse:
    context = {
        "file": found,
        "form": form,
        "crop_form": crop_form,
        "card": library.card(found) if found.is_picture else None,
        "download_url": library.download_url(found),
        "uses": library.uses(found),
    }
    status = 422 if form.is_bound or crop_form.is_bound else 200
    return render(request, "files/file.html", context, status=status)
