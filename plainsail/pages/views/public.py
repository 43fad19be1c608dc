"""What visitors get from here: form posts that the edge passed on, thanks, and pages where no edge stands before us."""

from __future__ import annotations

import re
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.encoding import iri_to_uri
from django.utils.http import parse_etags
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from plainsail.kernel.http import Request, public
from plainsail.kernel.ids import new_id
from plainsail.pages.models import Form, Page
from plainsail.pages.services import forms, notices, redirects, sites, submissions
from plainsail.pages.views.answers import as_page


@csrf_exempt  # a page that is the same for everybody has no token; a form post carries no authority
@require_http_methods(["GET", "HEAD", "POST"])
@public
def form(request: Request, form_id: UUID) -> HttpResponse:
    subject: Form = get_object_or_404(request.workspace.forms, id=form_id)
    if request.method != "POST":
        return as_page(notices.form_alone(subject))
    if request.POST.get(forms.HONEYPOT):
        return _see_other(forms.thanks_path(subject))
    try:
        submissions.receive(subject, request.POST, landing_id=new_id(), visit=_visit(request), at=request.now)
    except forms.InvalidSubmission as refusal:
        page = notices.form_refused(subject, refusal, path=request.POST.get("_page", ""))
        return as_page(page, status=refusal.status)
    return _see_other(forms.thanks_path(subject))


@require_safe
@public
def thanks(request: Request, form_id: UUID) -> HttpResponse:
    return as_page(notices.thanks(get_object_or_404(request.workspace.forms, id=form_id)))


@require_safe
@public
def published(request: Request, path: str = "") -> HttpResponse:
    snapshot = request.workspace.published_snapshots.filter(path=f"/{path}".rstrip("/") or "/").first()
    if snapshot is None:
        return unknown(request, path)
    if path.endswith("/"):
        return HttpResponseRedirect(snapshot.path, status=301)
    etag = f'W/"{snapshot.etag}"'
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return HttpResponse(status=304, headers={"ETag": etag})
    return HttpResponse(
        bytes(snapshot.body), content_type=snapshot.content_type, headers={**snapshot.headers, "ETag": etag}
    )


def unknown(request: Request, path: str) -> HttpResponse:
    """Nothing stands there. At the first address that isn't the visitor's mistake, so it gets a page all the same."""
    site = sites.site_of(request.workspace)
    if (redirect := redirects.where(site, f"/{path}")) is not None:
        return HttpResponseRedirect(iri_to_uri(redirect.target), status=redirect.status)
    if path:
        return _missing(request)
    response = as_page(notices.front(request.workspace))
    response["X-Robots-Tag"] = "noindex"
    return response


def _missing(request: Request) -> HttpResponse:
    """The business's own words for an address where nothing stands, else ours."""
    own = request.workspace.published_snapshots.filter(page__kind=Page.Kind.MISSING).first()
    if own is None:
        return as_page(notices.not_found(request.workspace), status=404)
    return HttpResponse(bytes(own.body), status=404, content_type=own.content_type, headers=own.headers)


def _see_other(path: str) -> HttpResponse:
    response = HttpResponseRedirect(path)
    response.status_code = 303
    return response


def _visit(request: Request) -> submissions.Visit:
    path = request.POST.get("_page", "")
    return submissions.Visit(
        path=path[:500] if path.startswith("/") and "\x00" not in path else "",
        visitor_id=_visitor(request),
        ip=request.META.get("REMOTE_ADDR") or None,
        user_agent=request.headers.get("User-Agent", "")[:400],
    )


def _visitor(request: Request) -> UUID | None:
    """The visitor's cookie, unless the browser asks not to be followed."""
    if request.headers.get("DNT") == "1" or request.headers.get("Sec-GPC") == "1":
        return None
    cookie = request.COOKIES.get("ps_v", "")
    return UUID(cookie) if re.fullmatch("[0-9a-f]{32}", cookie) else None
