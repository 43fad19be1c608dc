"""Asking people to join: a signed link by mail, good for seven days, for the address it was sent to."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from plainsail.accounts import queries
from plainsail.accounts.events import MemberInvited
from plainsail.accounts.models import Invitation, Membership, Role, User, normal_address
from plainsail.accounts.services import audit, hosts, letters, members, people
from plainsail.accounts.services.members import RoleOutOfReach
from plainsail.kernel import allowances, crypto
from plainsail.kernel.crypto import BadToken
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import is_closed

PURPOSE = "accounts.invitation"
VALID = timedelta(days=7)
PER_HOUR = 30
PER_ADDRESS_AND_DAY = 3


class AlreadyMember(Refusal):
    code = "already_member"
    message = _("This person is a member already.")


class TooManyInvitations(Refusal):
    code = "too_many_invitations"
    message = _("That were many invitations in a short time. Please go on in an hour.")
    status = 429


class InvitationOver(Refusal):
    code = "invitation_over"
    message = _("This invitation is no longer open. Ask for a new one.")
    status = 410


class NotForYou(Refusal):
    code = "invitation_for_another"
    message = _("This invitation was sent to another address.")
    status = 403


@transaction.atomic
def invite(workspace: Workspace, *, email: str, role: Role, by: Membership, at: datetime) -> Invitation:
    """Ask an address to join, in the open workspace, by a mail with a link. An earlier open invitation ends.

    Raises RoleOutOfReach, AlreadyMember, TooManyInvitations, NotIncluded.
    """
    email = normal_address(email)
    if role not in Role(by.role).may_give():
        raise RoleOutOfReach(field="role")
    if workspace.memberships.filter(user__email=email).exists():
        raise AlreadyMember(field="email")
    # One at a time, so that the count below holds and the earlier invitation ends once.
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
    _refuse_too_many(email, at=at)
    Invitation.objects.open().filter(email=email).update(revoked_at=at)
    coming = Invitation.objects.open().filter(expires_at__gt=at).count()
    has = workspace.memberships.count() + coming
    allowances.refuse_beyond(workspace.pk, allowances.PEOPLE, has=has, field="email")
    invitation: Invitation = Invitation.objects.create(
        email=email, role=role, invited_by=by.user, created_at=at, expires_at=at + VALID
    )
    publish(MemberInvited(invitation_id=invitation.pk, role=role.value, at=at))
    audit.record("accounts.member_invited", by=by.user, at=at, subject=email, details={"role": role.value})
    _send(invitation, workspace=workspace, inviter=by.user)
    return invitation


@transaction.atomic
def revoke(invitation: Invitation, *, by: User, at: datetime) -> None:
    """Take an invitation back, in the open workspace; its link then leads nowhere. Raises InvitationOver."""
    if not Invitation.objects.open().filter(pk=invitation.pk).update(revoked_at=at):
        raise InvitationOver
    audit.record("accounts.invitation_revoked", by=by, at=at, subject=invitation.email)


@transaction.atomic
def accept(invitation: Invitation, *, user: User, at: datetime) -> Membership:
    """Let the invited person in, in the open workspace. The link proves that the address is theirs.

    Raises NotForYou, InvitationOver.
    """
    if not queries.owns_address(user, invitation.email):
        raise NotForYou
    if is_closed(invitation.workspace_id):
        raise InvitationOver
    claimed = Invitation.objects.open().filter(pk=invitation.pk, expires_at__gt=at).update(accepted_at=at)
    if not claimed:
        raise InvitationOver
    people.confirm_address(user, invitation.email)
    return members.join(invitation.workspace, user=user, role=Role(invitation.role), at=at)


def token(invitation: Invitation) -> str:
    """The key in the link: names workspace and invitation, signed."""
    payload = invitation.workspace_id.bytes + invitation.pk.bytes
    return crypto.sign(PURPOSE, payload, at=invitation.created_at.timestamp())


def read_token(value: str) -> tuple[UUID, UUID]:
    """Workspace id and invitation id of a link. Raises BadToken."""
    payload = crypto.verify(PURPOSE, value)
    if len(payload) != 32:
        raise BadToken
    return UUID(bytes=payload[:16]), UUID(bytes=payload[16:])


def find(invitation_id: UUID) -> Invitation | None:
    """An invitation of the open workspace, whatever became of it, with the business and who invited."""
    found: Invitation | None = (
        Invitation.objects.select_related("workspace", "invited_by").filter(pk=invitation_id).first()
    )
    return found


def _refuse_too_many(email: str, *, at: datetime) -> None:
    sent = Invitation.objects.all()
    if sent.filter(created_at__gt=at - timedelta(hours=1)).count() >= PER_HOUR:
        raise TooManyInvitations
    if sent.filter(email=email, created_at__gt=at - timedelta(days=1)).count() >= PER_ADDRESS_AND_DAY:
        raise TooManyInvitations(_("This address was invited several times today. Wait until tomorrow."), field="email")


def _send(invitation: Invitation, *, workspace: Workspace, inviter: User) -> None:
    with translation.override(workspace.locale):
        letters.send(
            "accounts/mail/invitation",
            to=invitation.email,
            reply_to=inviter.email,
            context={
                "workspace": workspace,
                "inviter": inviter,
                "role": Role(invitation.role).label,
                "url": hosts.app_url(reverse("accounts:invitation", "plainsail.urls", [token(invitation)])),
                "days": VALID.days,
            },
        )
