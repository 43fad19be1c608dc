"""The list of pages, new pages, and a page's own settings."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.forms import model_to_dict
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.contacts.services import lists
from plainsail.files.services import library
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.pages import queries
from plainsail.pages.forms import ListingForm, NewPageForm, PageForm
from plainsail.pages.models import Page
from plainsail.pages.services import listing, publishing
from plainsail.pages.services import pages as services
from plainsail.pages.services.sites import BadAddress
from plainsail.pages.starters import STARTERS


@require_GET
@can("pages.view")
def pages(request: Request) -> HttpResponse:
    context = {
        "cards": queries.cards(request.workspace, at=request.now),
        "archived": request.workspace.pages.filter(state=Page.State.ARCHIVED).order_by("-edited_at", "id"),
    }
    return render(request, "pages/pages.html", context)


@require_http_methods(["GET", "POST"])
@can("pages.change")
def new(request: Request) -> HttpResponse:
    form = NewPageForm(request.POST or None)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "pages/new.html", {"form": form, "starters": STARTERS.values()}, status=status)
    page = services.create_from_template(
        request.workspace,
        list=lists.default(request.workspace, at=request.now),
        by=request.user,  # type: ignore[arg-type]  # a member
        at=request.now,
        **form.cleaned_data,
    )
    return redirect(_url(request, page))


@require_http_methods(["GET", "POST"])
@can("pages.change")
def settings(request: Request, page_id: UUID) -> HttpResponse:
    page = _page(request, page_id)
    form = PageForm(request.POST or None, initial=model_to_dict(page, ["title", "description", "path"]))
    shown = ListingForm(request.POST or None, initial=listing.now(page))
    # Both, so that all that is wrong is said at once.
    if all([form.is_valid(), shown.is_valid()]):
        try:
            services.describe(page, at=request.now, appears=shown.cleaned_data, **form.cleaned_data)
        except BadAddress as refusal:
            form.add_error("path", str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect(_url(request, page))
    status = 422 if form.is_bound else 200
    return render(request, "pages/settings.html", _settings(request, page, form, shown), status=status)


def _settings(request: Request, page: Page, form: PageForm, shown: ListingForm) -> dict[str, Any]:
    chosen = shown["social_image"].value()
    return {
        "page": page,
        "form": form,
        "listing": shown,
        "live_url": publishing.address(request.workspace, ""),
        "host": urlsplit(publishing.address(request.workspace, "/")).netloc,
        "social_image": library.thumbnail_of(str(getattr(chosen, "pk", chosen) or "")),
    }


@require_POST
@can("pages.change")
def withdrawal(request: Request, page_id: UUID) -> HttpResponse:
    page = _page(request, page_id)
    publishing.unpublish(page, at=request.now)
    messages.success(request, _("“%(title)s” is off your site. The draft is still here.") % {"title": page.title})
    return redirect(workspace_url(request.workspace, "pages:pages"))


@require_POST
@can("pages.change")
def copy(request: Request, page_id: UUID) -> HttpResponse:
    made = services.copy(_page(request, page_id), by=request.user, at=request.now)  # type: ignore[arg-type]  # a member
    return redirect(_url(request, made))


@require_POST
@can("pages.change")
def archive(request: Request, page_id: UUID) -> HttpResponse:
    page = _page(request, page_id)
    services.archive(page, at=request.now)
    back = workspace_url(request.workspace, "pages:unarchive", page.id)
    messages.success(request, _("“%(title)s” is archived.") % {"title": page.title}, extra_tags=f"undo:{back}")
    return redirect(workspace_url(request.workspace, "pages:pages"))


@require_POST
@can("pages.change")
def unarchive(request: Request, page_id: UUID) -> HttpResponse:
    page = get_object_or_404(request.workspace.pages.all(), id=page_id)
    try:
        services.unarchive(page)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("“%(title)s” is back, as a draft.") % {"title": page.title})
    return redirect(workspace_url(request.workspace, "pages:pages"))


def _page(request: Request, page_id: UUID) -> Page:
    return get_object_or_404(queries.current_pages(request.workspace), id=page_id)


def _url(request: Request, page: Page) -> str:
    return workspace_url(request.workspace, "pages:page", page.id)
