"""Settings → People: who belongs to the business, and who is invited."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from plainsail.accounts import queries
from plainsail.accounts.forms import HandOverForm, InvitationForm, RoleForm
from plainsail.accounts.models import Role, User
from plainsail.accounts.services import invitations, members
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can


@require_safe
@can("accounts.view")
def people(request: Request) -> HttpResponse:
    """The team, and open invitations for those who may send them."""
    return show(request, InvitationForm(reach=reach(request)))


@require_POST
@can("accounts.manage")
def invite(request: Request) -> HttpResponse:
    """Send an invitation."""
    form = InvitationForm(request.POST, reach=reach(request))
    if not form.is_valid():
        return show(request, form, status=422)
    try:
        made = invitations.invite(request.workspace, by=request.membership, at=request.now, **form.cleaned_data)
    except Refusal as refusal:
        form.add_error(refusal.field, str(refusal))
        return show(request, form, status=refusal.status)
    messages.success(request, _("Invitation sent to %(address)s.") % {"address": made.email})
    return back(request)


@require_POST
@can("accounts.manage")
def revoke(request: Request, invitation_id: UUID) -> HttpResponse:
    """Take an invitation back."""
    found = get_object_or_404(request.workspace.invitations, id=invitation_id)
    invitations.revoke(found, by=cast(User, request.user), at=request.now)
    messages.success(request, _("Invitation taken back."))
    return back(request)


@require_POST
@can("accounts.manage")
def change_role(request: Request, member_id: UUID) -> HttpResponse:
    """Give a member another role."""
    member = get_object_or_404(request.workspace.memberships.select_related("user"), id=member_id)
    form = RoleForm(request.POST, reach=list(Role))
    if not form.is_valid():
        return show(request, InvitationForm(reach=reach(request)), status=422)
    members.change_role(member, by=request.membership, at=request.now, **form.cleaned_data)
    messages.success(
        request, _("%(person)s is now: %(role)s.") % {"person": member.user, "role": form.cleaned_data["role"].label}
    )
    return back(request)


@require_POST
@can("accounts.manage")
def remove(request: Request, member_id: UUID) -> HttpResponse:
    """Take a member out of the business."""
    member = get_object_or_404(request.workspace.memberships.select_related("user"), id=member_id)
    members.remove(member, by=request.membership, at=request.now)
    messages.success(request, _("%(person)s no longer has access.") % {"person": member.user})
    return back(request) if member.pk != request.membership.pk else redirect("/")


@require_POST
@can("accounts.view")
def leave(request: Request) -> HttpResponse:
    """Leave the business."""
    members.leave(request.membership, at=request.now)
    messages.success(request, _("You left %(business)s.") % {"business": request.workspace.name})
    return redirect("/")


@require_POST
@can("accounts.own")
def hand_over(request: Request) -> HttpResponse:
    """Make somebody else the owner."""
    form = HandOverForm(request.POST)
    if not form.is_valid():
        return show(request, InvitationForm(reach=reach(request)), status=422)
    heir = get_object_or_404(request.workspace.memberships.select_related("user"), id=form.cleaned_data["member"])
    members.transfer(to=heir, by=request.membership, at=request.now)
    messages.success(request, _("%(person)s owns the business now. You are an admin.") % {"person": heir.user})
    return back(request)


def show(request: Request, form: InvitationForm, *, status: int = 200) -> HttpResponse:
    team = list(queries.team(request.workspace))
    may = request.role.allows("accounts.manage")
    context = {
        "form": form,
        "rows": [(member, Role(member.role) in reach(request)) for member in team],
        "reach": reach(request),
        "me": request.membership,
        "may_manage": may,
        "heirs": [member for member in team if member.pk != request.membership.pk],
        "is_last_owner": request.role == Role.OWNER and sum(member.is_owner for member in team) == 1,
        "invitations": queries.open_invitations() if may else [],
    }
    return render(request, "accounts/people.html", context, status=status)


def reach(request: Request) -> list[Role]:
    return list(request.role.may_give())


def back(request: Request) -> HttpResponse:
    return redirect("accounts:people", request.workspace.slug)
