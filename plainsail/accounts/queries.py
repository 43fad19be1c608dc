"""Questions about people and businesses that are more than a filter."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Case, F, IntegerField, QuerySet, Value, When

from plainsail.accounts.models import ApiKey, AuditEntry, Host, Invitation, Membership, Role, User
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import current_workspace_id

ACTIVITY_PAGE = 50


def membership_in(user: User, slug: str) -> Membership | None:
    """The person's membership in the business of this slug, unless it is closed; with the business."""
    return _open_memberships(user).filter(workspace__slug=slug).first()


def memberships_of(user: User) -> QuerySet[Membership]:
    """A person's businesses by name, each with the role there."""
    return _open_memberships(user).order_by("workspace__name", "workspace_id")


def last_membership(user: User) -> Membership | None:
    """The business that the person turned to last, or the only one."""
    return _open_memberships(user).order_by(F("seen_at").desc(nulls_last=True), "-created_at", "-id").first()


def _open_memberships(user: User) -> QuerySet[Membership]:
    return (
        Membership.objects.select_related("workspace")
        .filter(user_id=user.pk)
        .exclude(workspace__state=Workspace.State.CLOSED)
    )


def team(workspace: Workspace) -> QuerySet[Membership]:
    """Members with their user, owners first, then by role and name."""
    rank = Case(
        *(When(role=role.value, then=Value(index)) for index, role in enumerate(Role)),
        output_field=IntegerField(),
    )
    return (
        Membership.objects.filter(workspace_id=workspace.pk)
        .select_related("user")
        .order_by(rank, "user__name", "user__email")
    )


def open_invitations() -> QuerySet[Invitation]:
    """Invitations of the open workspace that nobody accepted or took back, the latest first."""
    found: QuerySet[Invitation] = Invitation.objects.open().order_by("-created_at", "-id")
    return found


def live_host(name: str) -> Host | None:
    """The host of this name with its business, if it is in use. `is_closed` says that the business has closed."""
    return Host.objects.select_related("workspace").filter(host=name, is_live=True).first()


def owns_address(user: User, address: str) -> bool:
    """Whether the person signs in with this address, or has shown to read mail at it."""
    if user.email == address:
        return True
    return bool(EmailAddress.objects.filter(user_id=user.pk, email=address, verified=True).exists())


def confirmed_addresses(user: User) -> int:
    return int(EmailAddress.objects.filter(user_id=user.pk, verified=True).count())


def security_of(user: User) -> dict[str, Any]:
    """What protects an account: second factors by type, and the browsers signed in."""
    addresses = EmailAddress.objects.filter(user_id=user.pk).count()
    factors = list(Authenticator.objects.filter(user_id=user.pk).values_list("type", flat=True))
    return {
        "has_app": Authenticator.Type.TOTP in factors,
        "keys": factors.count(Authenticator.Type.WEBAUTHN),
        "has_codes": Authenticator.Type.RECOVERY_CODES in factors,
        "sessions": UserSession.objects.filter(user_id=user.pk).count(),
        "addresses": addresses,
        "more_addresses": addresses - 1,
    }


def activity(
    workspace: Workspace,
    *,
    action: str = "",
    person_id: UUID | None = None,
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[AuditEntry]:
    """The audit log, latest first. Days are those of the business's own time zone, both included. Served by an index."""
    entries: QuerySet[AuditEntry] = AuditEntry.objects.select_related("person").order_by("-at", "-id")
    if action:
        entries = entries.filter(action=action)
    if person_id is not None:
        entries = entries.filter(person_id=person_id)
    if since is not None:
        entries = entries.filter(at__gte=_midnight(since, workspace))
    if until is not None:
        entries = entries.filter(at__lt=_midnight(until + timedelta(days=1), workspace))
    return entries


def _midnight(day: date, workspace: Workspace) -> datetime:
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(workspace.timezone))


def actions_recorded(known: Collection[str]) -> list[str]:
    """Which of these actions stand in the open workspace's log. One query, one index probe for each action."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT known FROM unnest(%s::text[]) known WHERE EXISTS "
            "(SELECT FROM accounts_auditentry WHERE workspace_id = %s AND action = known)",
            [list(known), current_workspace_id()],
        )
        return [action for (action,) in cursor.fetchall()]


def is_database_there() -> bool:
    """Whether the database answers a question. Raises django.db.Error if it doesn't."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone())


def unapplied_migrations() -> int:
    """How many migrations wait. Reads every migration file: some 50 ms."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def api_keys(workspace: Workspace) -> QuerySet[ApiKey]:
    """A business's keys with who made them: those in use first, the latest of each first."""
    found = ApiKey.objects.filter(workspace_id=workspace.pk).select_related("made_by")
    return found.order_by(F("revoked_at").desc(nulls_first=True), "-created_at", "-id")


def keys_in_use(workspace: Workspace) -> QuerySet[ApiKey]:
    """Those that nobody revoked, whether expired or not."""
    return ApiKey.objects.filter(workspace_id=workspace.pk, revoked_at=None)


def membership_behind(key: ApiKey) -> Membership | None:
    """The membership of whoever made a key, if they are still there and may still sign in."""
    if key.made_by_id is None:
        return None
    return (
        Membership.objects.select_related("user")
        .filter(workspace_id=key.workspace_id, user_id=key.made_by_id, user__is_active=True)
        .first()
    )
