"""Where the link of an invitation leads. Looking changes nothing; joining is a POST."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from plainsail.accounts import queries
from plainsail.accounts.middleware import person_of
from plainsail.accounts.models import Invitation, User
from plainsail.accounts.services import hosts, invitations
from plainsail.kernel.crypto import BadToken
from plainsail.kernel.http import Request, public, signed_in
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import workspace

PAGE = "accounts/invitation.html"


@never_cache
@require_safe
@public
def invitation(request: Request, token: str) -> HttpResponse:
    """Say who invites to what, and what to do next; or why the link leads nowhere."""
    found = find(token)
    if found is None:
        return render(request, PAGE, {"state": "unknown"}, status=404)
    state = state_of(found, request)
    status = 410 if state in {"revoked", "expired", "accepted"} else 200
    return render(request, PAGE, {"state": state, "invitation": found, "token": token}, status=status)


@require_POST
@signed_in
def accept(request: Request, token: str) -> HttpResponse:
    """Join. Raises InvitationOver, NotForYou."""
    found = find(token)
    if found is None:
        return render(request, PAGE, {"state": "unknown"}, status=404)
    if state_of(found, request) == "member":
        return redirect(hosts.home_path(found.workspace))
    with workspace(found.workspace_id):
        invitations.accept(found, user=cast(User, request.user), at=request.now)
    messages.success(request, _("Welcome to %(business)s.") % {"business": found.workspace.name})
    return redirect(hosts.home_path(found.workspace))


def find(token: str) -> Invitation | None:
    """The invitation of a link, with its business; nothing for a link that isn't ours or of a business that closed."""
    try:
        workspace_id, invitation_id = invitations.read_token(token)
    except BadToken:
        return None
    with workspace(workspace_id):
        found = invitations.find(invitation_id)
    return found if found and found.workspace.state != Workspace.State.CLOSED else None


def state_of(found: Invitation, request: Request) -> str:
    """member · accepted · revoked · expired · signed_out · other (signed in with another address) · open."""
    person = person_of(request)
    if person and queries.membership_in(person, found.workspace.slug):
        return "member"
    if found.accepted_at:
        return "accepted"
    if found.revoked_at:
        return "revoked"
    if found.is_expired(at=request.now):
        return "expired"
    if person is None:
        return "signed_out"
    return "open" if queries.owns_address(person, found.email) else "other"
