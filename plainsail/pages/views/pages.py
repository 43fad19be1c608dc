"""The list of pages, new pages, and a page's own settings."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.files.services import library
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.pages import queries
from plainsail.pages.forms import ListingForm, PageForm
from plainsail.pages.models import Page
from plainsail.pages.services import heads, listing, publishing
from plainsail.pages.services import pages as services
from plainsail.pages.services.sites import BadAddress
from plainsail.pages.site_forms import KinForm

PER_PAGE = 24


@require_GET
@can("pages.view")
def pages(request: Request) -> HttpResponse:
    words, state = asked(request), request.GET.get("state", "")
    listed = queries.listed_pages(request.workspace, words=words, state=state)
    page = Paginator(listed, PER_PAGE).get_page(request.GET.get("page"))
    archived = request.workspace.pages.filter(state=Page.State.ARCHIVED).order_by("-edited_at", "id")
    context = {
        "page": page,
        "cards": queries.cards(request.workspace, list(page), at=request.now),
        "q": words,
        "state": state,
        "changed": queries.changed_pages(request.workspace).count(),
        "troubles": publishing.troubles(request.workspace),
        "archived": Paginator(archived, PER_PAGE).get_page(request.GET.get("archived")),
    }
    return render(request, "pages/pages.html", context)


@require_http_methods(["GET", "POST"])
@can("pages.change")
def settings(request: Request, page_id: UUID) -> HttpResponse:
    page = _page_with_address(request, page_id)
    form = PageForm(request.POST or None, initial=_said(page))
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
    return _settings(request, page, form, shown, _kin(page), status=422 if form.is_bound else 200)


@require_POST
@can("pages.change")
def kin(request: Request, page_id: UUID) -> HttpResponse:
    """The page's language, what it translates, and whether the site's parts stand around it."""
    page = _page(request, page_id)
    form = KinForm(page, request.POST)
    if not form.is_valid():
        told = PageForm(initial=_said(page)), ListingForm(initial=listing.now(page))
        return _settings(request, page, *told, form, status=422)
    services.set_kin(page, at=request.now, **form.cleaned_data)
    messages.success(request, _("Saved."))
    return redirect(_url(request, page))


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


def asked(request: Request) -> str:
    """What somebody looks for in a list, as it can be asked of the database."""
    return request.GET.get("q", "").replace("\0", "").strip()[:200]


def _settings(
    request: Request, page: Page, form: PageForm, shown: ListingForm, kin_form: KinForm, *, status: int
) -> HttpResponse:
    chosen = shown["social_image"].value()
    context = {
        "page": page,
        "form": form,
        "listing": shown,
        "kin_form": kin_form,
        "live_url": publishing.address(request.workspace, ""),
        "host": urlsplit(publishing.address(request.workspace, "/")).netloc,
        "social_image": library.thumbnail_of(str(getattr(chosen, "pk", chosen) or "")),
        "without_choice": heads.picture_without_choice(page),
    }
    return render(request, "pages/settings.html", context, status=status)


def _said(page: Page) -> dict[str, object]:
    return {"title": page.title, "description": page.description, "path": page.path}


def _kin(page: Page) -> KinForm:
    original = services.original_of(page)
    initial = {
        "language": page.language or page.workspace.locale,
        "original": original,
        "shows_parts": page.shows_parts,
    }
    return KinForm(page, initial=initial)


def _page_with_address(request: Request, page_id: UUID) -> Page:
    """A page that can be gone to; a part of others, a variant or a pop-up has no address for anybody but its owner."""
    return get_object_or_404(queries.addressed_pages(request.workspace), id=page_id)


def _page(request: Request, page_id: UUID) -> Page:
    return get_object_or_404(queries.current_pages(request.workspace), id=page_id)


def _url(request: Request, page: Page) -> str:
    return workspace_url(request.workspace, "pages:page", page.id)
