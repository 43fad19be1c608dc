"""API keys: made for a program, shown once, found by their hash, revoked for good.

A key is its maker's: it never reaches further than that person's role does today, and goes when they go.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from plainsail.accounts import queries
from plainsail.accounts.models import ApiKey, Membership, Role, User
from plainsail.accounts.services import audit
from plainsail.accounts.sockets import API_SCOPES
from plainsail.kernel.crypto import keyed_hash
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace

MARK = "plain_"
"""What every key begins with, so that scanners of published code know one when they see it."""
SHOWN = 12
MOST = 50
"""Keys in use of one business."""
LONGEST = 200
"""Nothing longer is looked up."""
NOTED_EVERY = timedelta(minutes=5)


class NameInUse(Refusal):
    """Another key in use has this name."""

    code = "name_in_use"
    message = _("Another key has this name. Give each program a key of its own.")


class TooManyKeys(Refusal):
    """So many keys are in use that nobody keeps them apart."""

    code = "too_many_keys"
    message = _("There are fifty keys already. Revoke one that isn’t used any more.")


class ScopeOutOfReach(Refusal):
    """The person may not do themselves what the key should do."""

    code = "scope_out_of_reach"
    message = _("A key can’t be given more than you may do yourself.")
    status = 403


class UnknownScope(Refusal):
    """There is no such scope."""

    code = "unknown_scope"
    message = _("A key needs at least one scope, out of those there are.")
    status = 422


class NotAKey(Refusal):
    """No key, or one that is unknown, revoked or expired, or whose maker left: the door stays shut, and says no more."""

    code = "not_a_key"
    message = _("This takes an API key that is in use, as “Authorization: Bearer …”.")
    status: ClassVar[int] = 401


@dataclass(frozen=True)
class Access:
    """Who comes in by a key: which business, as whom, and how far."""

    key: ApiKey
    workspace: Workspace
    membership: Membership

    @property
    def role(self) -> Role:
        return Role(self.membership.role)

    def allows(self, permission: str) -> bool:
        """Whether both the key's scopes and its maker's role hold a permission such as `contacts.change`."""
        return self.key.reaches(permission) and self.role.allows(permission)


def every_scope() -> list[str]:
    """All scopes there are, such as `contacts:read`."""
    return [f"{area}:{verb}" for area, _scope in API_SCOPES.items() for verb in ("read", "write")]


@transaction.atomic
def make(
    workspace: Workspace,
    *,
    name: str,
    scopes: Sequence[str],
    of: Membership,
    by: User | None,
    at: datetime,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A member's key and its secret, which nobody can show again, in the open workspace; `by=None` is whoever runs the installation.

    Raises UnknownScope, ScopeOutOfReach, NameInUse, TooManyKeys.
    """
    wanted = sorted(set(scopes))
    if not wanted or not set(wanted) <= set(every_scope()):
        raise UnknownScope(field="scopes")
    role = Role(of.role)
    if not all(role.allows("change" if scope.endswith(":write") else "view") for scope in wanted):
        raise ScopeOutOfReach
    # One at a time, so that two at once don't both see room.
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
    in_use = queries.keys_in_use(workspace)
    if in_use.filter(name=name).exists():
        raise NameInUse(field="name")
    if in_use.count() >= MOST:
        raise TooManyKeys
    secret = MARK + secrets.token_urlsafe(32)
    made = ApiKey.objects.create(
        workspace=workspace,
        name=name,
        digest=_digest(secret),
        beginning=secret[:SHOWN],
        scopes=wanted,
        made_by=of.user,
        expires_at=expires_at,
        created_at=at,
    )
    audit.record(
        "accounts.api_key_made",
        by=by,
        at=at,
        subject=f"{name} ({made.beginning}…)",
        subject_id=made.id,
        details={"scopes": wanted},
    )
    return made, secret


@transaction.atomic
def revoke(key: ApiKey, *, by: User | None, at: datetime) -> bool:
    """Shut the door to a key for good, in the open workspace. False where that was done already."""
    revoked = ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=at)
    if revoked:
        subject = f"{key.name} ({key.beginning}…)"
        audit.record("accounts.api_key_revoked", by=by, at=at, subject=subject, subject_id=key.id)
    return bool(revoked)


def revoke_all_of(person: User, *, workspace_id: UUID, by: User, at: datetime) -> None:
    """The keys of somebody who no longer belongs to the business go with them, in the open workspace."""
    for key in ApiKey.objects.filter(workspace_id=workspace_id, made_by=person, revoked_at=None).order_by("id"):
        revoke(key, by=by, at=at)


def admit(secret: str, *, at: datetime) -> Access:
    """Who comes in by a secret. Raises NotAKey. Two queries, and a write every five minutes."""
    if not secret.startswith(MARK) or len(secret) > LONGEST:
        raise NotAKey
    key = ApiKey.objects.select_related("workspace").filter(digest=_digest(secret), revoked_at=None).first()
    if key is None or key.is_expired(at=at) or key.workspace.state == Workspace.State.CLOSED:
        raise NotAKey
    membership = queries.membership_behind(key)
    if membership is None:
        raise NotAKey
    _note_use(key, at=at)
    return Access(key, key.workspace, membership)


def _note_use(key: ApiKey, *, at: datetime) -> None:
    if key.used_at is None or at - key.used_at >= NOTED_EVERY:
        stale = Q(used_at=None) | Q(used_at__lte=at - NOTED_EVERY)
        ApiKey.objects.filter(stale, pk=key.pk).update(used_at=at)


def _digest(secret: str) -> str:
    return keyed_hash("accounts.api_key", secret)
