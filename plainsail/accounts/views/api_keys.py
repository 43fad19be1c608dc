"""Settings → API keys: which programs may come in, and how far."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from plainsail.accounts import queries
from plainsail.accounts.forms import ApiKeyForm
from plainsail.accounts.models import ApiKey, User
from plainsail.accounts.services import api_keys as services
from plainsail.accounts.sockets import API_SCOPES
from plainsail.kernel.addresses import API_PATH
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@can("accounts.manage")
def api_keys(request: Request) -> HttpResponse:
    """Every key; a post makes another, and shows its secret this once."""
    form = ApiKeyForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return show(request, form, status=422 if form.is_bound else 200)
    name, scopes = form.cleaned_data["name"], form.cleaned_data["scopes"]
    until, member = form.expires_at(at=request.now), request.membership
    try:
        made = services.make(
            request.workspace, name=name, scopes=scopes, of=member, by=member.user, at=request.now, expires_at=until
        )
    except Refusal as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return show(request, form, status=refusal.status)
    return show(request, ApiKeyForm(), made=made)


@require_POST
@can("accounts.manage")
def revoke(request: Request, key_id: UUID) -> HttpResponse:
    """Take a key away from whoever has it."""
    found: ApiKey = get_object_or_404(request.workspace.api_keys, id=key_id)
    services.revoke(found, by=cast(User, request.user), at=request.now)
    messages.success(request, _("“%(name)s” is revoked. Whoever still uses it is turned away.") % {"name": found.name})
    return redirect("accounts:api_keys", request.workspace.slug)


def show(
    request: Request, form: ApiKeyForm, *, made: tuple[ApiKey, str] | None = None, status: int = 200
) -> HttpResponse:
    keys = list(queries.api_keys(request.workspace))
    context = {
        "form": form,
        "made": made[0] if made else None,
        "secret": made[1] if made else "",
        "in_use": [(key, reach(key), key.is_expired(at=request.now)) for key in keys if not key.revoked_at],
        "revoked": [key for key in keys if key.revoked_at],
        "api": request.build_absolute_uri(API_PATH),
        "reference": f"{API_PATH}docs",
    }
    return render(request, "accounts/api_keys.html", context, status=status)


def reach(key: ApiKey) -> list[tuple[str, str]]:
    """What a key may do, room by room, in words."""
    rooms = {area: "write" if f"{area}:write" in key.scopes else "read" for area in _rooms(key)}
    return [
        (str(scope.label), str(scope.write if rooms[area] == "write" else scope.read))
        for area, scope in API_SCOPES.items()
        if area in rooms
    ]


def _rooms(key: ApiKey) -> set[str]:
    return {scope.partition(":")[0] for scope in key.scopes}
