"""What visitors get from here: form posts that the edge passed on, thanks, and pages where no edge stands before us."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.encoding import iri_to_uri
from django.utils.http import parse_etags
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from plainsail.kernel.http import Request, client_ip, know_again, private_link, public, visitor_cookie, visitor_of
from plainsail.kernel.ids import new_id
from plainsail.pages import queries
from plainsail.pages.models import Form, Unfinished
from plainsail.pages.services import forms, notices, prefilling, redirects, sites, steps, submissions
from plainsail.pages.views import embedding
from plainsail.pages.views.answers import as_page


@csrf_exempt  # a page that is the same for everybody has no token; a form post carries no authority
@require_http_methods(["GET", "HEAD", "POST"])
@public
def form(request: Request, form_id: UUID) -> HttpResponse:
    subject: Form = get_object_or_404(request.workspace.forms.filter(is_archived=False), id=form_id)
    if request.method != "POST":
        return _alone(request, subject)
    if request.POST.get(forms.HONEYPOT):
        return _thanks(request, subject)
    try:
        visit = visit_of(request)
        if subject.steps > 1:
            key = steps.begin(subject, posted(request), visit=visit, at=request.now)
            return _next(request, subject, key, step=2)
        submissions.receive(subject, posted(request), landing_id=new_id(), visit=visit, at=request.now)
    except forms.InvalidSubmission as refusal:
        return _refused(request, subject, refusal)
    return _thanks(request, subject, visit)


@csrf_exempt  # the secret in the address is what lets somebody go on
@require_http_methods(["GET", "HEAD", "POST"])
@public
@private_link
def form_step(request: Request, form_id: UUID, key: str) -> HttpResponse:
    subject: Form = get_object_or_404(request.workspace.forms.filter(is_archived=False), id=form_id)
    begun = steps.find(subject, key)
    if begun is None:
        return see_other(forms.form_path(subject))
    step = _step(request, most=min(begun.step, subject.steps))
    if request.method != "POST":
        return _shown_step(request, begun, key, step)
    try:
        visit = visit_of(request)
        done = steps.go_on(begun, posted(request), step=step, visit=visit, at=request.now)
    except forms.InvalidSubmission as refusal:
        return _shown_step(request, begun, key, step, refusal=refusal)
    return _thanks(request, subject, visit) if done else _next(request, subject, key, step=step + 1)


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
        # With its policy: browsers take over a 304's headers, and ours would be put in the place of one that is missing.
        return HttpResponse(status=304, headers={**snapshot.headers, "ETag": etag})
    return HttpResponse(
        bytes(snapshot.body), content_type=snapshot.content_type, headers={**snapshot.headers, "ETag": etag}
    )


def unknown(request: Request, path: str) -> HttpResponse:
    """Nothing stands there. At the first address that isn't the visitor's mistake, so it gets a page all the same."""
    site = sites.site_of(request.workspace)
    query = request.META.get("QUERY_STRING", "")
    if (redirect := redirects.where(site, f"/{path}")) is not None:
        return HttpResponseRedirect(iri_to_uri(redirects.with_query(redirect.target, query)), status=redirect.status)
    if (plain := redirects.written_plainly(site, f"/{path}")) is not None:
        return HttpResponseRedirect(redirects.with_query(plain, query), status=301)
    if path:
        return _missing(request, path)
    response = as_page(notices.front(request.workspace))
    response["X-Robots-Tag"] = "noindex"
    return response


def _missing(request: Request, path: str) -> HttpResponse:
    """The business's own words for an address where nothing stands, in a language that fits, else ours."""
    preferred = [code for code, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", ""))]
    own = queries.missing_page(request.workspace, [path.partition("/")[0], *preferred])
    if own is None:
        return as_page(notices.not_found(request.workspace), status=404)
    headers = {**own.headers, "Vary": "Accept-Language"}
    return HttpResponse(bytes(own.body), status=404, content_type=own.content_type, headers=headers)


def see_other(path: str) -> HttpResponse:
    response = HttpResponseRedirect(path)
    response.status_code = 303
    return response


def _thanks(request: Request, form: Form, visit: submissions.Visit | None = None) -> HttpResponse:
    """Who has sent a form here is known again from now on; a form on somebody else's site sets no cookie."""
    if embedding.is_embedded(request):
        return embedding.thanks(form)
    response = see_other(forms.thanks_address(form, page=submissions.page_of(visit) if visit else None))
    if visit and visit.seen_as and visit.visitor_id:
        know_again(request, response, visit.visitor_id)
    return response


def _next(request: Request, form: Form, key: str, *, step: int) -> HttpResponse:
    if embedding.is_embedded(request):
        return embedding.next_step(form, key, step=step)
    return see_other(f"{forms.step_path(form, key)}?step={step}")


def _refused(request: Request, form: Form, refusal: forms.InvalidSubmission) -> HttpResponse:
    if embedding.is_embedded(request):
        return embedding.refused(form, refusal)
    page = submissions.page_of(visit_of(request))
    return as_page(notices.form_refused(form, refusal, page=page), status=refusal.status)


def _shown_step(
    request: Request, begun: Unfinished, key: str, step: int, *, refusal: forms.InvalidSubmission | None = None
) -> HttpResponse:
    if embedding.is_embedded(request):
        if refusal is None:
            return embedding.next_step(begun.form, key, step=step)
        return embedding.refused(begun.form, refusal, begun=begun, step=step, key=key)
    page = notices.form_step(begun, step=step, key=key, refusal=refusal)
    return as_page(page, status=refusal.status if refusal else 200)


def posted(request: Request) -> dict[str, object]:
    """What was sent: a word, or several under one name."""
    found = request.POST.lists()
    return {name: values[0] if len(values) == 1 else values for name, values in found}


def visit_of(request: Request) -> submissions.Visit:
    path = request.POST.get("_page", "")
    variant = request.POST.get("_variant", "")[:40].replace("\x00", "")
    seen_as = None if visitor_cookie(request) else visitor_of(request)
    return submissions.Visit(
        variant=variant if variant.startswith("~") else "",
        path=path[:500] if path.startswith("/") and "\x00" not in path else "",
        visitor_id=visitor_cookie(request) or (uuid4() if seen_as else None),
        seen_as=seen_as,
        ip=client_ip(request),
        user_agent=request.headers.get("User-Agent", "")[:400],
        campaign=submissions.campaign_of(request.headers.get("Referer", "")),
    )


def _alone(request: Request, form: Form) -> HttpResponse:
    known = prefilling.known(form, visitor_cookie(request))
    response = as_page(notices.form_alone(form, known=known))
    if known:
        response["Cache-Control"] = "private, no-store"
    return response


def _step(request: Request, *, most: int) -> int:
    asked = request.GET.get("step", "")
    return min(int(asked), most) if re.fullmatch("[1-9][0-9]?", asked) else most
