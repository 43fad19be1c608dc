"""What the portal offers to areas above: rooms of a customer's account, and a guard for pages of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache

from plainsail.contacts.models import Contact
from plainsail.kernel import environment
from plainsail.kernel.http import Request, public, public_path
from plainsail.kernel.registry import Registry
from plainsail.portal.services import entrance

P = ParamSpec("P")
V = TypeVar("V", bound=Callable[..., HttpResponse])

Rendered = SafeString | tuple[str, dict[str, Any]] | None
"""A section's inside: HTML, or a template's name with its context; nothing leaves the section out."""


@dataclass(frozen=True, kw_only=True)
class PortalSection:
    """A room of the account, such as a customer's orders. `render(request, contact)` is asked each time it is shown."""

    key: str
    title: str | Promise
    order: int
    render: Callable[[Request, Contact], Rendered]


SECTIONS: Registry[PortalSection] = Registry("portal.sections")


def cookie_name() -> str:
    """Over https the browser itself guarantees that the cookie is this host's own (RFC 6265bis, `__Host-`)."""
    return "__Host-ps_account" if environment.current().is_https else "ps_account"


def customer_of(request: Request) -> Contact | None:
    """The contact who is signed in on this site, if anybody is. Needs the site's open workspace."""
    key = request.COOKIES.get(cookie_name(), "")
    return entrance.who(key, host=own_host(request), at=request.now) if key else None


def own_host(request: Request) -> str:
    return request.get_host().rsplit(":", 1)[0].lower().rstrip(".")


def customer(view: Callable[Concatenate[Request, P], HttpResponse]) -> Callable[Concatenate[Request, P], HttpResponse]:
    """Let in a customer who is signed in on this site, as `request.contact`; others are asked for their address first.

    For views in `public_urls` that run in the workspace's transaction. They start from `request.contact`.
    """

    @wraps(view)
    def guarded(request: Request, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        contact = customer_of(request)
        if contact is None:
            wanted = request.get_full_path() if request.method in {"GET", "HEAD"} else public_path("portal:account")
            return redirect(f"{public_path('portal:sign_in')}?{urlencode({'next': wanted})}")
        request.contact = contact  # type: ignore[attr-defined]  # set here and nowhere else
        return view(request, *args, **kwargs)

    return cast("Callable[Concatenate[Request, P], HttpResponse]", never_cache(public(guarded)))
