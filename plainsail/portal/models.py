"""A customer's way in, and what a customer may use and why."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from plainsail.kernel.models import OwnedManager, OwnedQuerySet, TiedForeignKey, WorkspaceKey, WorkspaceOwned


class SignInLink(WorkspaceOwned):
    """Somebody asked for a link, whether we know the address or not: the work and the answer are the same."""

    workspace = WorkspaceKey(related_name="sign_in_links")
    email = models.CharField(max_length=254)
    contact = TiedForeignKey("contacts.Contact", on_delete=models.CASCADE, related_name="+", null=True)
    """Filled when a link goes out; empty for an address that nobody has."""
    ip = models.CharField(max_length=45)
    next_path = models.CharField(max_length=500, blank=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "email", "-created_at"], name="sign_in_link_email"),
            models.Index(fields=["workspace", "ip", "-created_at"], name="sign_in_link_ip"),
            models.Index(fields=["workspace", "created_at"], name="sign_in_link_age"),
        ]

    def __str__(self) -> str:
        return self.email

    def is_expired(self, *, at: datetime) -> bool:
        return at >= self.expires_at


class PortalSession(WorkspaceOwned):
    """A browser in which a customer is signed in. The cookie holds the key, this row only its hash."""

    workspace = WorkspaceKey(related_name="portal_sessions")
    contact = TiedForeignKey("contacts.Contact", on_delete=models.CASCADE, related_name="portal_sessions")
    key_hash = models.CharField(max_length=64)
    host = models.CharField(max_length=253)
    """A session holds on the host name where it began and nowhere else."""
    seen_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "key_hash"], name="portal_session_key"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "contact"], name="portal_session_contact"),
            models.Index(fields=["workspace", "expires_at"], name="portal_session_age"),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id} at {self.host}"


class GrantQuerySet(OwnedQuerySet["Grant"]):
    def live(self, *, at: datetime) -> GrantQuerySet:
        """Those that give access at a moment."""
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=at), revoked_at=None, starts_at__lte=at)


class Grant(WorkspaceOwned):
    """A contact may use something, for a reason. Access is any live grant; each reason gives and ends its own."""

    workspace = WorkspaceKey(related_name="grants")
    contact = TiedForeignKey("contacts.Contact", on_delete=models.CASCADE, related_name="grants")
    resource = models.CharField(max_length=200)
    """What may be used, as the area that guards it names it, such as `memberships.course:<id>`."""
    source_kind = models.CharField(max_length=80)
    """Why, such as `commerce.order`."""
    source_id = models.UUIDField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects: ClassVar[OwnedManager] = OwnedManager.from_queryset(GrantQuerySet)()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(
                fields=["workspace", "contact", "resource", "source_kind", "source_id"], name="grant_once"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "source_kind", "source_id"], name="grant_source"),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id} → {self.resource}"

    def is_live(self, *, at: datetime) -> bool:
        return self.revoked_at is None and self.starts_at <= at and (self.ends_at is None or self.ends_at > at)
