"""What every view shares: the typed request, permissions, addresses, and how a refusal is answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from plainsail.kernel import passers
from plainsail.kernel.addresses import API_PATH, PUBLIC_URLCONF, public_path, workspace_url
from plainsail.kernel.errors import Refusal
from plainsail.kernel.logging import request_id
from plainsail.kernel.models import Workspace
from plainsail.kernel.passers import is_passing

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.forms import BaseForm

__all__ = [
    "PUBLIC_URLCONF",
    "VISITOR_COOKIE",
    "Request",
    "also_when_closed",
    "answer_refusal",
    "can",
    "client_ip",
    "know_again",
    "private_link",
    "problem",
    "public",
    "public_path",
    "refusals_at",
    "signed_in",
    "visitor_cookie",
    "visitor_of",
    "wants_json",
    "with_links",
    "works_when_closed",
    "workspace_url",
]

VISITOR_COOKIE = "ps_v"

P = ParamSpec("P")
V = TypeVar("V", bound=Callable[..., HttpResponse])


class Request(HttpRequest):
    """A request as our views see it, once the middleware has been over it."""

    workspace: Workspace
    """The business whose transaction is open (staff address, or a site's host)."""
    role: Any
    """The person's role in it; `role.allows("contacts.view")`. Absent for visitors."""
    membership: Any
    """The person's membership, which says the role. Absent for visitors."""
    now: datetime
    """When the request arrived; the only clock a view needs."""
    request_id: str
    htmx: HtmxDetails
    user: AbstractBaseUser  # type: ignore[assignment]  # never None: the middleware puts AnonymousUser


def can(permission: str) -> Callable[[V], V]:
    """Let in members of the workspace whose role has this permission, such as `contacts.view`; others get 404 or 403.

    A stranger is told nothing (404); a member is told that the role does not reach (403).
    """

    def decorate(view: V) -> V:
        @wraps(view)
        def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
            role = getattr(request, "role", None)
            if role is None:
                raise Http404
            if not role.allows(permission):
                return render(request, "403.html", {"permission": permission}, status=403)
            return view(request, *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]  # read by the architecture test
        return cast(V, guarded)

    return decorate


def public(view: V) -> V:
    """Say that a view is meant for anybody; the architecture test demands `can` or this on each."""
    view.is_public = True  # type: ignore[attr-defined]  # read by the architecture test
    return view


def also_when_closed(view: V) -> V:
    """Say that a view changes something in a closed business too: taking the closing back, or asking for an export."""
    view.also_when_closed = True  # type: ignore[attr-defined]  # read by the middleware
    return view


def works_when_closed(view: object) -> bool:
    return bool(getattr(view, "also_when_closed", False))


def private_link(view: V) -> V:
    """For a page whose address is the key to it: nobody keeps a copy, no search engine lists it, no other site learns it."""

    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        add_never_cache_headers(response)
        response.headers["X-Robots-Tag"] = "noindex"
        # Not `no-referrer`: browsers then hide a form's origin too, and it would be taken for another site's.
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    return cast(V, guarded)


def signed_in(view: V) -> V:
    """Let in anybody who is signed in, for pages of the installation that belong to no workspace."""
    from django.contrib.auth.decorators import login_required

    guarded = login_required(view)
    guarded.permission = "signed_in"  # type: ignore[attr-defined]  # read by the architecture test
    return guarded


def problem(
    *,
    status: int,
    title: str,
    detail: str,
    code: str,
    field: str | None = None,
    errors: Sequence[Mapping[str, object]] = (),
) -> JsonResponse:
    """A problem document (RFC 9457); `errors` are faults of single fields, each with a `pointer` or a `parameter`."""
    body: dict[str, object] = {"type": f"about:blank#{code}", "title": title, "status": status, "detail": detail}
    body["code"] = code
    if field is not None:
        body["field"] = field
    if errors:
        body["errors"] = list(errors)
    if current := request_id.get():
        body["request_id"] = current
    return JsonResponse(body, status=status, content_type="application/problem+json")


def client_ip(request: HttpRequest) -> str:
    """The visitor's network address: the one that the edge vouches for, else the connection's own.

    A request that came over the edge's socket without one is this machine's.
    """
    forwarded = request.headers.get("X-Forwarded-For", "").rsplit(",", 1)[-1].strip()
    for candidate in (forwarded, request.META.get("REMOTE_ADDR") or ""):
        try:
            return str(ip_address(candidate))
        except ValueError:
            continue
    return "127.0.0.1"


def visitor_cookie(request: HttpRequest) -> UUID | None:
    """The number in the first-party cookie of who made themselves known, unless the browser asks not to be followed."""
    if _asks_not_to_be_followed(request):
        return None
    cookie = request.COOKIES.get(VISITOR_COOKIE, "")
    found = UUID(cookie) if re.fullmatch("[0-9a-f]{32}", cookie) else None
    return None if found is None or is_passing(found) else found


def visitor_of(request: HttpRequest) -> UUID | None:
    """The number in the cookie, else that of the day, which tells visits apart and stands for nobody (see `passers`)."""
    if (known := visitor_cookie(request)) is not None or _asks_not_to_be_followed(request):
        return known
    given = request.headers.get(passers.HEADER, "")
    found = UUID(given) if re.fullmatch("[0-9a-f]{32}", given) else None
    return found if found is not None and is_passing(found) else None


def _asks_not_to_be_followed(request: HttpRequest) -> bool:
    return request.headers.get("DNT") == "1" or request.headers.get("Sec-GPC") == "1"


def know_again(request: HttpRequest, response: HttpResponse, visitor_id: UUID) -> None:
    """Give a cookie to a visitor who asked for something."""
    response.set_cookie(
        VISITOR_COOKIE,
        visitor_id.hex,
        max_age=365 * 24 * 3600,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )


def wants_json(request: HttpRequest) -> bool:
    """Whether a program asks: it says so, or comes to the API's addresses."""
    if request.path.startswith(API_PATH):
        return True
    accepted = request.headers.get("Accept", "")
    return "json" in accepted and "text/html" not in accepted


def answer_refusal(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """Word an expected “no” for whoever asked: a problem document for programs, a page for people."""
    if wants_json(request):
        return problem(
            status=refusal.status, title=_("Refused"), detail=str(refusal), code=refusal.code, field=refusal.field
        )
    context = {"refusal": refusal, "message": with_links(refusal)}
    if request.headers.get("HX-Request") == "true":
        # A fragment was asked for: say it among the page's toasts, so that no page ends up inside a page.
        answer = render(request, "ui/problem_toast.html", context, status=refusal.status)
        answer["HX-Retarget"], answer["HX-Reswap"], answer["HX-Reselect"] = "#toasts", "beforeend", "ui-toast"
        return answer
    return render(request, "ui/problem.html", context, status=refusal.status)


def with_links(refusal: Refusal) -> SafeString:
    """An expected “no” as HTML: its words, then links to where it is mended. For pages and for Django's messages."""
    links = format_html_join("", ' <a class="link" href="{}">{}</a>', ((path, words) for words, path in refusal.links))
    return format_html("{}{}", str(refusal), links)


@contextmanager
def refusals_at(form: BaseForm) -> Iterator[None]:
    """Say at a form's field what a service has against it: the view goes on behind the block, where it draws the form."""
    try:
        yield
    except Refusal as refusal:
        form.add_error(refusal.field, str(refusal))


ViewWithRequest = Callable[Concatenate[Request, P], HttpResponse]
