"""Settings of the person: name, language, looks, and what protects the account."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from plainsail.accounts import queries
from plainsail.accounts.forms import ProfileForm
from plainsail.accounts.middleware import choose_language, set_theme
from plainsail.accounts.models import User
from plainsail.accounts.services import people
from plainsail.kernel.http import Request, can


@require_http_methods(["GET", "HEAD", "POST"])
@can("accounts.view")
def profile(request: Request) -> HttpResponse:
    """Show and take what the person says about themselves."""
    user = cast(User, request.user)
    if request.method != "POST":
        return render(request, "accounts/profile.html", {"form": ProfileForm(initial=initial(request, user))})
    form = ProfileForm(request.POST)
    if not form.is_valid():
        return render(request, "accounts/profile.html", {"form": form}, status=422)
    people.change_profile(user, **form.cleaned_data)
    with translation.override(choose_language(request)):
        messages.success(request, _("Saved."))
    response = redirect("accounts:profile", request.workspace.slug)
    set_theme(response, user.theme)
    return response


def initial(request: Request, user: User) -> dict[str, str]:
    """The quick switch in the account menu changes this browser alone, so its choice is what is shown."""
    return {"name": user.name, "locale": user.locale, "theme": request.COOKIES.get("theme") or user.theme}


@require_GET
@can("accounts.view")
def security(request: Request) -> HttpResponse:
    """Password, addresses, second step, passkeys and sessions at a glance."""
    user = cast(User, request.user)
    return render(
        request,
        "accounts/security.html",
        {"security": queries.security_of(user), "has_password": user.has_usable_password()},
    )
