"""The front door: a welcome, or the business that the person works in; and naming a new one."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from plainsail.accounts import queries
from plainsail.accounts.forms import NameForm
from plainsail.accounts.middleware import person_of
from plainsail.accounts.models import User
from plainsail.accounts.services import hosts, workspaces
from plainsail.kernel.http import Request, public, signed_in


@never_cache
@require_safe
@public
def home(request: HttpRequest) -> HttpResponse:
    """Signed out: a welcome. Signed in: the business that the person turned to last, or naming the first."""
    person = person_of(request)
    if person is None:
        return render(request, "accounts/welcome.html")
    last = queries.last_membership(person)
    return redirect(hosts.home_path(last.workspace)) if last else redirect("accounts:new_business")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new_business(request: Request) -> HttpResponse:
    """Ask for the name of a business, then open it."""
    user = cast(User, request.user)
    form = NameForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        made = workspaces.create(owner=user, at=request.now, locale=get_language() or "en", **form.cleaned_data)
        return redirect(hosts.home_path(made))
    first = queries.last_membership(user) is None
    return render(
        request, "accounts/new_business.html", {"form": form, "is_first": first}, status=422 if form.is_bound else 200
    )


@require_GET
@signed_in
def security(request: Request) -> HttpResponse:
    """What protects the account, wherever the person works: the page of the business they came from."""
    last = queries.last_membership(cast(User, request.user))
    return redirect("accounts:security", last.workspace.slug) if last else redirect("mfa_index")
