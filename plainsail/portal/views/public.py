"""A customer's account on the site: asking for a link, entering by it, looking around, leaving."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from plainsail.contacts.models import Contact
from plainsail.kernel import environment
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, client_ip, private_link, public, public_path
from plainsail.portal.forms import SignInForm
from plainsail.portal.services import entrance
from plainsail.portal.sockets import SECTIONS, cookie_name, customer, customer_of, own_host


@require_safe
@customer
def account(request: Request) -> HttpResponse:
    """Everything that concerns the customer, room by room."""
    contact: Contact = request.contact  # type: ignore[attr-defined]  # set by the guard
    return render(request, "portal/account.html", {"contact": contact, "sections": rooms(request, contact)})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@public
def sign_in(request: Request) -> HttpResponse:
    """Ask for the address; answer the same to all."""
    if request.method != "POST":
        if customer_of(request) is not None:
            return redirect("portal:account")
        return show(request, SignInForm(initial={"next": request.GET.get("next", "")[:500]}))
    form = SignInForm(request.POST)
    if form.is_valid():
        asked = {"email": form.cleaned_data["email"], "next_path": form.cleaned_data["next"]}
        try:
            entrance.ask_for_link(ip=client_ip(request), at=request.now, **asked)
        except Refusal as refusal:
            form.add_error(refusal.field, str(refusal))
            return show(request, form, status=refusal.status)
        return redirect("portal:sent")
    return show(request, form, status=422)


@never_cache
@require_safe
@public
def sent(request: Request) -> HttpResponse:
    """Say what to do now. Says nothing about the address."""
    return render(request, "portal/sent.html")


@private_link
@require_http_methods(["GET", "HEAD", "POST"])
@public
def link(request: Request, token: str) -> HttpResponse:
    """The link in the mail. Mail scanners open links, so looking changes nothing; pressing the button enters."""
    found = entrance.find_link(token)
    is_over = found is None or found.used_at is not None or found.is_expired(at=request.now)
    if found is not None and is_over and customer_of(request) is not None:
        # Back in the browser, or pressed twice: they are in already.
        return redirect("portal:account")
    if found is None or is_over:
        return render(request, "portal/link_over.html", status=410 if found else 404)
    if request.method != "POST":
        return render(request, "portal/link.html", {"link": found, "token": token})
    key = entrance.enter(found, host=own_host(request), at=request.now)
    response = redirect(found.next_path or public_path("portal:account"))
    set_cookie(response, key)
    return response


@require_POST
@public
def sign_out(request: Request) -> HttpResponse:
    """End the session in this browser."""
    entrance.leave(request.COOKIES.get(cookie_name(), ""))
    messages.success(request, _("You are signed out."))
    response = redirect("portal:sign_in")
    response.delete_cookie(cookie_name(), samesite="Lax")
    return response


@require_POST
@customer
def sign_out_everywhere(request: Request) -> HttpResponse:
    """End the customer's sessions in all browsers."""
    entrance.leave_everywhere(request.contact)  # type: ignore[attr-defined]  # set by the guard
    messages.success(request, _("You are signed out everywhere."))
    return redirect("portal:sign_in")


def rooms(request: Request, contact: Contact) -> list[tuple[str, str, SafeString]]:
    """Key, title and inside of each section that has something to show."""
    shown = []
    for section in SECTIONS:
        inside = section.render(request, contact)
        if isinstance(inside, tuple):
            template, context = inside
            inside = mark_safe(render_to_string(template, context, request))  # noqa: S308 - a template's own output
        if inside is not None:
            shown.append((section.key, str(section.title), inside))
    return shown


def show(request: Request, form: SignInForm, *, status: int = 200) -> HttpResponse:
    return render(request, "portal/sign_in.html", {"form": form}, status=status)


def set_cookie(response: HttpResponse, key: str) -> None:
    response.set_cookie(
        cookie_name(),
        key,
        max_age=entrance.SESSION_LIVES,
        secure=environment.current().is_https,
        httponly=True,
        samesite="Lax",
    )
