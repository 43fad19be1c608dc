"""Whose request this is: the host decides between the application and a site, the path names the workspace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from allauth.usersessions.middleware import UserSessionsMiddleware
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest
from django.db import transaction
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import trans_real

from plainsail.accounts import queries
from plainsail.accounts.models import Membership, Role, User
from plainsail.accounts.services import audit, members
from plainsail.kernel import environment, languages
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import (
    PUBLIC_URLCONF,
    Request,
    answer_refusal,
    client_ip,
    problem,
    wants_json,
    works_when_closed,
)
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import is_outside_transaction, workspace

Next = Callable[[HttpRequest], HttpResponse]
View = Callable[..., HttpResponse]

LAST_WORKSPACE = "workspace"
"""Session key: id of the business that the person turned to last."""
SEEN = "seen"
SEEN_EVERY = timedelta(minutes=5)
THEME_AGE = 365 * 24 * 60 * 60


OPEN_WHEN_CLOSED = ("/receipt/", "/static/")
"""As in the edge's router: invoices are owed to whoever bought."""


class Closed(Refusal):
    """The business is closed: its people may look, take everything along and take the closing back."""

    code = "closed"
    message = _lazy("This business is closed, so nothing can be changed. Take the closing back first.")


class HostMiddleware:
    """On a site's host, only that business's public addresses exist; on an unknown host, nothing does."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response
        here = environment.current()
        self.own = {here.host, here.base_domain, "localhost", "127.0.0.1", "[::1]"}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            # No address of ours has one, and PostgreSQL can't even be asked about it.
            raise BadRequest
        name = host_name(request)
        if name in self.own or request.path in {"/healthz", "/readyz"}:
            return self.get_response(request)
        host = queries.live_host(name) if is_host_name(name) else None
        if host is None or (host.workspace is None and host.kind != host.Kind.APP):
            return render(request, "ui/unknown_host.html", {"host": name}, status=421)
        if host.is_closed and not request.path.startswith(OPEN_WHEN_CLOSED):
            return render(request, "ui/closed_site.html", status=410)
        if host.workspace is not None:
            request.urlconf = PUBLIC_URLCONF
            cast(Request, request).workspace = host.workspace
        return self.get_response(request)


def person_of(request: HttpRequest) -> User | None:
    """Who is signed in, if anybody is."""
    user: Any = request.user
    return user if user.is_authenticated else None


def host_name(request: HttpRequest) -> str:
    """The Host header in lower case without its port; empty where there is none."""
    raw = request.META.get("HTTP_HOST") or request.META.get("SERVER_NAME", "")
    bare = raw.rsplit(":", 1)[0] if raw.rsplit(":", 1)[-1].isdigit() else raw
    return str(bare).lower().rstrip(".")


def is_host_name(name: str) -> bool:
    """Whether it could be one at all; the database need not be asked about anything else."""
    return 0 < len(name) <= 253 and name.isascii() and name.replace(".", "").replace("-", "").isalnum()


class LanguageMiddleware:
    """Speak the language that the person chose, else one the browser asks for, else the business's."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = choose_language(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        patch_vary_headers(response, ["Accept-Language"])
        response.headers.setdefault("Content-Language", language)
        return response


def choose_language(request: HttpRequest) -> str:
    site: Workspace | None = getattr(request, "workspace", None)
    person = person_of(request) if site is None else None
    if person and (chosen := languages.known(person.locale)):
        return chosen
    for wanted, _weight in trans_real.parse_accept_lang_header(request.headers.get("Accept-Language", "")[:500]):
        if wanted == "*":
            break
        if found := languages.known(wanted):
            return found
    return languages.first_known(site.locale if site else "")


class SeenMiddleware(UserSessionsMiddleware):  # type: ignore[misc]  # allauth ships no types
    """Notes when a session was last used, for the list of sessions; at most every five minutes, since it writes."""

    def __call__(self, request: Request) -> HttpResponse:
        now = int(request.now.timestamp())
        if request.session.session_key and now - request.session.get(SEEN, 0) < SEEN_EVERY.total_seconds():
            response: HttpResponse = self.get_response(request)
            return response
        if request.session.session_key and request.user.is_authenticated:
            request.session[SEEN] = now
        answer: HttpResponse = super().__call__(request)
        return answer


class WorkspaceMiddleware:
    """Opens the workspace's transaction around the view, once it is known whose it is and who asks."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with audit.asked_from(client_ip(request)):
            response = self.get_response(request)
        keep_theme(request, response)
        return response

    def process_view(
        self, request: Request, view: View, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        slug = kwargs.pop("workspace", None)
        if slug is not None:
            person = person_of(request)
            if person is None:
                return ask_to_sign_in(request)
            enter(request, find_membership(person, slug))
            if is_shut(request, view):
                return answer_refusal(request, Closed())
        elif getattr(request, "workspace", None) is None:
            frame(request, view)
            return None
        around = nullcontext() if is_outside_transaction(view) else workspace(request.workspace)
        try:
            with timezone.override(ZoneInfo(request.workspace.timezone)), around:
                response = view(request, *args, **kwargs)
                if response.status_code >= 500 and not is_outside_transaction(view):
                    transaction.set_rollback(True)
                return response
        except Refusal as refusal:
            return answer_refusal(request, refusal)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return answer_refusal(request, exception) if isinstance(exception, Refusal) else None


def find_membership(person: User, slug: str) -> Membership:
    """A person's membership in the workspace of this slug; a stranger learns nothing. Raises Http404."""
    found = queries.membership_in(person, slug)
    if found is None:
        raise Http404
    return found


def is_shut(request: Request, view: View) -> bool:
    """Whether the request would change something in a business that is closed."""
    is_reading = request.method in {"GET", "HEAD", "OPTIONS"}
    return request.workspace.state != Workspace.State.OPEN and not is_reading and not works_when_closed(view)


def enter(request: Request, membership: Membership) -> None:
    """Make it the request's workspace, and remember it as the one to come back to."""
    request.workspace = membership.workspace
    request.role = Role(membership.role)
    request.membership = membership
    if request.session.get(LAST_WORKSPACE) != str(membership.workspace_id):
        request.session[LAST_WORKSPACE] = str(membership.workspace_id)
        members.saw(membership, at=request.now)


def frame(request: Request, view: View) -> None:
    """Draw allauth's pages for signed-in people inside the business that they came from. They run outside it."""
    person = person_of(request) if view.__module__.startswith("allauth.") else None
    membership = queries.last_membership(person) if person else None
    if membership is not None:
        request.workspace, request.role, request.membership = membership.workspace, Role(membership.role), membership


def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """To whoever isn't signed in, every workspace looks alike, there or not."""
    if wants_json(request):
        return problem(status=401, title=_("Sign in"), detail=_("Sign in first."), code="sign_in")
    wanted = request.get_full_path() if request.method in {"GET", "HEAD"} else "/"
    answer = redirect_to_login(wanted)
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=401, headers={"HX-Redirect": answer["Location"]})
    return answer


def keep_theme(request: HttpRequest, response: HttpResponse) -> None:
    """Carry the person's choice of light or dark to a browser that has none yet."""
    if getattr(request, "role", None) is None or "theme" in request.COOKIES or "theme" in response.cookies:
        return
    theme = getattr(request.user, "theme", User.Theme.AUTO)
    if theme != User.Theme.AUTO:
        set_theme(response, theme)


def set_theme(response: HttpResponse, theme: str) -> None:
    """Set or take away the cookie that the frame reads."""
    if theme == User.Theme.AUTO:
        response.delete_cookie("theme", samesite="Lax")
    else:
        response.set_cookie("theme", theme, max_age=THEME_AGE, samesite="Lax", secure=environment.current().is_https)


class StatusMiddleware:
    """allauth answers 200 whatever came of it; with us a form that isn't right is 422, and a link that leads nowhere 404."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_template_response(self, request: HttpRequest, response: TemplateResponse) -> TemplateResponse:
        match = request.resolver_match
        if match is not None and match.func.__module__.startswith("allauth.") and response.status_code == 200:
            response.status_code = status_of(response.context_data or {})
        return response


def status_of(context: dict[str, Any]) -> int:
    """What a page of allauth's is an answer of, by what it shows."""
    is_dead_link = bool(context.get("token_fail")) or context.get("confirmation", True) is None
    is_wrong = any(isinstance(value, BaseForm) and value.is_bound and value.errors for value in context.values())
    return 404 if is_dead_link else 422 if is_wrong else 200
