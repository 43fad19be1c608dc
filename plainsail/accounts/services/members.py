"""Who belongs to the business, and in which role. A business never loses its last owner."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.events import MemberJoined, MemberLeft, MemberRoleChanged
from plainsail.accounts.models import Invitation, Membership, Role, User
from plainsail.accounts.services import api_keys, audit
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.models import Workspace


class LastOwner(Refusal):
    code = "last_owner"
    message = _("A business needs an owner. Make somebody else an owner first.")


class RoleOutOfReach(Refusal):
    code = "role_out_of_reach"
    message = _("Your role doesn’t reach that far. Ask an owner.")
    status = 403


class NotAMember(Refusal):
    code = "not_a_member"
    message = _("This person is no longer a member of the business.")
    status = 404


def join(workspace: Workspace, *, user: User, role: Role, at: datetime) -> Membership:
    """Make a person a member, in the open workspace. Whoever is one already keeps the role they have."""
    membership, is_new = Membership.objects.get_or_create(
        workspace=workspace, user=user, defaults={"role": role, "created_at": at, "seen_at": at}
    )
    if is_new:
        publish(MemberJoined(user_id=user.pk, role=role.value, at=at))
        audit.record("accounts.member_joined", by=user, at=at, subject=str(user), subject_id=user.pk)
    return membership


@transaction.atomic
def change_role(membership: Membership, *, role: Role, by: Membership, at: datetime) -> None:
    """Give a member another role, in the open workspace. Nobody gives or takes a role above their own.

    Raises RoleOutOfReach, LastOwner, NotAMember.
    """
    membership, by = _lock(membership, by)
    _refuse_out_of_reach(membership, role=role, by=by)
    if role == membership.role:
        return
    if membership.is_owner:
        _refuse_last_owner(membership)
    before, membership.role = membership.role, role
    membership.save(update_fields=["role"])
    publish(MemberRoleChanged(user_id=membership.user_id, role=role.value, at=at))
    audit.record(
        "accounts.role_changed",
        by=by.user,
        at=at,
        subject=str(membership.user),
        subject_id=membership.user_id,
        details={"before": before, "after": role.value},
    )


@transaction.atomic
def remove(membership: Membership, *, by: Membership, at: datetime) -> None:
    """Take a member out of the business, in the open workspace; invitations that they sent end with them.

    Raises RoleOutOfReach, LastOwner, NotAMember.
    """
    membership, by = _lock(membership, by)
    _refuse_out_of_reach(membership, role=Role(membership.role), by=by)
    _end(membership, by=by.user, at=at, action="accounts.member_removed")


@transaction.atomic
def leave(membership: Membership, *, at: datetime) -> None:
    """Let a member go, in the open workspace. Raises LastOwner, NotAMember."""
    membership, _self = _lock(membership, membership)
    _end(membership, by=membership.user, at=at, action="accounts.member_left")


@transaction.atomic
def transfer(*, to: Membership, by: Membership, at: datetime) -> None:
    """Hand the business over, in the open workspace: the other becomes an owner, who gives it becomes an admin.

    Raises RoleOutOfReach, NotAMember.
    """
    to, by = _lock(to, by)
    if not by.is_owner or to.pk == by.pk:
        raise RoleOutOfReach
    for membership, role in ((to, Role.OWNER), (by, Role.ADMIN)):
        membership.role = role
        membership.save(update_fields=["role"])
        publish(MemberRoleChanged(user_id=membership.user_id, role=role.value, at=at))
    audit.record("accounts.business_handed_over", by=by.user, at=at, subject=str(to.user), subject_id=to.user_id)


def _lock(*memberships: Membership) -> list[Membership]:
    """The same memberships as they are now, while nobody else of this business can change one. Raises NotAMember."""
    workspace_id = memberships[0].workspace_id
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace_id)
    now = {
        found.pk: found
        for found in Membership.objects.select_related("user").filter(
            workspace_id=workspace_id, pk__in=[membership.pk for membership in memberships]
        )
    }
    if any(membership.pk not in now for membership in memberships):
        raise NotAMember
    return [now[membership.pk] for membership in memberships]


def _refuse_out_of_reach(membership: Membership, *, role: Role, by: Membership) -> None:
    reach = Role(by.role).may_give()
    if role not in reach or Role(membership.role) not in reach:
        raise RoleOutOfReach


def _refuse_last_owner(membership: Membership) -> None:
    others = Membership.objects.filter(workspace_id=membership.workspace_id, role=Role.OWNER).exclude(pk=membership.pk)
    if not others.exists():
        raise LastOwner


def _end(membership: Membership, *, by: User, at: datetime, action: str) -> None:
    if membership.is_owner:
        _refuse_last_owner(membership)
    # Whoever goes could have invited a second address of their own.
    Invitation.objects.open().filter(invited_by=membership.user_id).update(revoked_at=at)
    person = membership.user
    membership.delete()
    api_keys.revoke_all_of(person, workspace_id=membership.workspace_id, by=by, at=at)
    publish(MemberLeft(user_id=person.pk, at=at))
    audit.record(action, by=by, at=at, subject=str(person), subject_id=person.pk)


def saw(membership: Membership, *, at: datetime) -> None:
    """Remember that the person turned to this business, so that the next sign-in leads here."""
    Membership.objects.filter(pk=membership.pk).update(seen_at=at)
