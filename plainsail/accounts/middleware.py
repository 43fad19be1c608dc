"""Whose request this is: the host decides between the application and a site, the path names the workspace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from plainsail.accounts.models import Host, Membership, Role
from plainsail.kernel import environment
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import PUBLIC_URLCONF, Request, answer_refusal
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import is_outside_transaction, workspace

Next = Callable[[HttpRequest], HttpResponse]


class HostMiddleware:
    """On a site's host, only that business's public addresses exist; on an unknown host, nothing does."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response
        here = environment.current()
        self.own = {here.host, here.base_domain, "localhost", "127.0.0.1", "[::1]"}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = host_name(request)
        if name in self.own or request.path in {"/healthz", "/readyz"}:
            return self.get_response(request)
        host = Host.objects.select_related("workspace").filter(host=name, is_live=True).first()
        if host is None or host.workspace is None:
            return render(request, "ui/unknown_host.html", {"host": name}, status=421)
        request.urlconf = PUBLIC_URLCONF  # type: ignore[attr-defined]  # Django reads it where it is set
        cast(Request, request).workspace = host.workspace
        return self.get_response(request)


def host_name(request: HttpRequest) -> str:
    """The Host header in lower case without its port; empty where there is none."""
    raw = request.META.get("HTTP_HOST") or request.META.get("SERVER_NAME", "")
    bare = raw.rsplit(":", 1)[0] if raw.rsplit(":", 1)[-1].isdigit() else raw
    return str(bare).lower().rstrip(".")


class LanguageMiddleware:
    """Speak the visitor's language where we have it, else the business's."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = translation.get_language_from_request(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language  # type: ignore[attr-defined]  # Django's own name for it
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


class WorkspaceMiddleware:
    """Opens the workspace's transaction around the view, once it is known whose it is and who asks."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: Request, view: Callable[..., HttpResponse], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        slug = kwargs.pop("workspace", None)
        if slug is not None:
            membership = find_membership(request, slug)
            request.workspace = membership.workspace
            request.role = Role(membership.role)
        elif getattr(request, "workspace", None) is None:
            return self._answer(request, view, args, kwargs)
        if is_outside_transaction(view):
            return self._answer(request, view, args, kwargs)
        try:
            with workspace(request.workspace):
                return view(request, *args, **kwargs)
        except Refusal as refusal:
            return answer_refusal(request, refusal)

    def _answer(
        self, request: Request, view: Callable[..., HttpResponse], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refusal as refusal:
            return answer_refusal(request, refusal)


def find_membership(request: HttpRequest, slug: str) -> Membership:
    """The signed-in person's membership in the workspace of this slug; a stranger learns nothing. Raises Http404."""
    if not request.user.is_authenticated:
        raise Http404
    found = (
        Membership.objects.select_related("workspace")
        .filter(user_id=request.user.pk, workspace__slug=slug)
        .exclude(workspace__state=Workspace.State.CLOSED)
        .first()
    )
    if found is None:
        raise Http404
    return found
