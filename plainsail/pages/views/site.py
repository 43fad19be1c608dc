"""The site as a whole: what it says of itself, its shared parts, its redirects, and the scripts of others on it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.kernel.http import Request, can, refusals_at, workspace_url
from plainsail.pages.models import Site
from plainsail.pages.services import parts, publishing, redirects, republishing, scripts, sites
from plainsail.pages.site_forms import LANGUAGES, FileForm, RedirectForm, ScriptForm, SiteForm
from plainsail.pages.views.pages import asked

FIELDS = ("description", "icon_url", "social_image_url", "profiles", "is_hidden", "asks_to_recognise")
PER_PAGE = 50


@require_http_methods(["GET", "POST"])
@can("pages.change")
def site(request: Request) -> HttpResponse:
    subject = sites.site_of(request.workspace)
    form = SiteForm(request.POST or None, initial={name: getattr(subject, name) for name in FIELDS})
    if form.is_valid():
        sites.describe(subject, **form.cleaned_data)
        republishing.ask(request.workspace, at=request.now)
        messages.success(request, _("Saved. Your published pages follow."))
        return _to(request, "pages:site")
    return render(request, "pages/site.html", _shown(subject, form), status=422 if form.is_bound else 200)


@require_POST
@can("pages.change")
def part(request: Request, kind: str) -> HttpResponse:
    """Open a part of the site in the editor, made first if there is none."""
    language = request.POST.get("language", "")
    known = language if language in dict(LANGUAGES) else ""
    opened = parts.open_part(request.workspace, kind=kind, language=known, by=request.user, at=request.now)  # type: ignore[arg-type]  # a member
    return redirect(workspace_url(request.workspace, "pages:page", opened.id))


@require_POST
@can("pages.change")
def republish(request: Request) -> HttpResponse:
    republishing.ask(request.workspace, at=request.now)
    return _to(request, "pages:site")


@require_http_methods(["GET", "POST"])
@can("pages.change")
def redirect_list(request: Request) -> HttpResponse:
    subject = sites.site_of(request.workspace)
    form = RedirectForm(request.POST or None)
    if form.is_valid():
        with refusals_at(form):
            redirects.add(subject, **form.cleaned_data)
            messages.success(request, _("Visitors of %(path)s are led on.") % {"path": form.cleaned_data["path"]})
            return _to(request, "pages:redirects")
    return _redirects(request, form, FileForm(), status=422 if form.is_bound else 200)


@require_POST
@can("pages.change")
def redirect_import(request: Request) -> HttpResponse:
    form = FileForm(request.POST, request.FILES)
    if form.is_valid():
        with refusals_at(form):
            _tell(request, redirects.import_csv(sites.site_of(request.workspace), form.cleaned_data["file"]))
            return _to(request, "pages:redirects")
    return _redirects(request, RedirectForm(), form, status=422)


@require_POST
@can("pages.change")
def redirect_removal(request: Request, redirect_id: UUID) -> HttpResponse:
    get_object_or_404(request.workspace.redirects, id=redirect_id).delete()
    messages.success(request, _("That address leads nowhere any more."))
    return _to(request, "pages:redirects")


@require_http_methods(["GET", "POST"])
@can("pages.change")
def script_list(request: Request) -> HttpResponse:
    form = ScriptForm(request.POST or None)
    if form.is_valid():
        scripts.add(request.workspace, at=request.now, **form.cleaned_data)
        messages.success(request, _("Added. Your published pages ask for it from now on."))
        return _to(request, "pages:scripts")
    context = {"form": form, "scripts": request.workspace.site_scripts.order_by("created_at", "id")}
    return render(request, "pages/scripts.html", context, status=422 if form.is_bound else 200)


@require_POST
@can("pages.change")
def script_switch(request: Request, script_id: UUID) -> HttpResponse:
    scripts.switch(get_object_or_404(request.workspace.site_scripts, id=script_id), at=request.now)
    return _to(request, "pages:scripts")


@require_POST
@can("pages.change")
def script_removal(request: Request, script_id: UUID) -> HttpResponse:
    scripts.remove(get_object_or_404(request.workspace.site_scripts, id=script_id), at=request.now)
    messages.success(request, _("Removed. Your published pages follow."))
    return _to(request, "pages:scripts")


@require_GET
@can("pages.change")
def following(request: Request) -> HttpResponse:
    """How far the pages have followed, for the bar that asks again and again."""
    newest = republishing.newest(sites.site_of(request.workspace).id)
    return render(request, "pages/following.html", {"republishing": newest})


def _shown(subject: Site, form: Form) -> dict[str, object]:
    return {
        "form": form,
        "parts": parts.parts_of(subject),
        "republishing": republishing.newest(subject.id),
        "languages": LANGUAGES,
        "live_url": publishing.address(subject.workspace, "/"),
        "map_url": publishing.address(subject.workspace, "/sitemap.xml"),
    }


def _redirects(request: Request, form: Form, file_form: Form, *, status: int) -> HttpResponse:
    words = asked(request)
    found = request.workspace.redirects.filter(Q(path__icontains=words) | Q(target__icontains=words))
    rows = Paginator(found.order_by("path", "id"), PER_PAGE)
    context = {"form": form, "file_form": file_form, "q": words, "page": rows.get_page(request.GET.get("page"))}
    return render(request, "pages/redirects.html", context, status=status)


def _tell(request: Request, came: redirects.Imported) -> None:
    for line, words in came.refused[:10]:
        messages.error(request, _("Line %(line)s: %(words)s") % {"line": line, "words": words})
    numbers = {"made": came.made, "changed": came.changed, "refused": len(came.refused)}
    messages.success(request, _("%(made)s new, %(changed)s changed, %(refused)s left out.") % numbers)


def _to(request: Request, name: str) -> HttpResponse:
    return redirect(workspace_url(request.workspace, name))
