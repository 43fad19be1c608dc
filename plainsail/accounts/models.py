"""People, who belongs to which business in which role, the host names of a business, invitations and the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import Base, OwnedManager, OwnedQuerySet, Workspace, WorkspaceKey, WorkspaceOwned

VERBS = {
    "viewer": {"view"},
    "editor": {"view", "change", "send"},
    "admin": {"view", "change", "send", "refund", "export", "manage"},
    "owner": {"view", "change", "send", "refund", "export", "manage", "own"},
}


def normal_address(address: str) -> str:
    """An e-mail address as it is kept and compared: trimmed and in lower case."""
    return address.strip().lower()


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=normal_address(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=normal_address(username or ""))


class User(Base, AbstractBaseUser):
    """Somebody who works here. Customers are contacts, never users."""

    class Theme(models.TextChoices):
        AUTO = "auto", _("As my device has it")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    locale = models.CharField(max_length=10, blank=True)
    """Chosen language; empty follows the browser."""
    theme = models.CharField(max_length=5, choices=Theme, default=Theme.AUTO)
    is_active = models.BooleanField(default=True)
    is_operator = models.BooleanField(default=False)
    """Runs this installation."""
    is_confirmed = models.BooleanField(default=False)
    """Once read a mail sent to the address; kept here so that no page has to ask for it."""

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_staff(self) -> bool:
        return self.is_operator

    @property
    def first_name(self) -> str:
        return self.name.split(" ")[0] if self.name else ""


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    EDITOR = "editor", _("Editor")
    VIEWER = "viewer", _("Viewer")

    def allows(self, permission: str) -> bool:
        """Whether the role reaches a permission such as `contacts.change`: its verb decides."""
        return permission.rsplit(".", 1)[-1] in VERBS[self.value]

    def may_give(self) -> list[Role]:
        """Roles that somebody in this one may give to others, or take from them: none above their own."""
        return [role for role in Role if VERBS[role.value] <= VERBS[self.value]] if self.allows("manage") else []


class Membership(Base):
    """A person's role in a business. Shared: read before a workspace is open."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)
    seen_at = models.DateTimeField(null=True)
    """When the person last turned to this business from another one, or first came."""

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["workspace", "user"], name="membership_once")
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.role}"

    @property
    def is_owner(self) -> bool:
        return self.role == Role.OWNER


class Host(Base):
    """A host name and whose site it shows. Read by the edge: see its query before changing a column."""

    class Kind(models.TextChoices):
        APP = "app", _("the application")
        SITE = "site", _("address of this installation")
        CUSTOM = "custom", _("own domain")

    host = models.CharField(max_length=253, unique=True)
    kind = models.CharField(max_length=10, choices=Kind)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="hosts", null=True)
    is_live = models.BooleanField(default=True)
    is_closed = models.BooleanField(default=False, db_default=False)
    """Its business closed: whoever comes is told so."""
    leads_to = models.CharField(max_length=253, default="", blank=True, db_default="")
    """The host name that visitors are led on to: the business's first one. Empty where pages are shown here."""

    def __str__(self) -> str:
        return self.host


class Domain(WorkspaceOwned):
    """A host name that a business says is its own. Its site answers there once the DNS has shown so."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waits for its records")
        VERIFIED = "verified", _("Yours")

    workspace = WorkspaceKey(related_name="domains")
    name = models.CharField(_("domain"), max_length=253)
    """In ASCII and lower case."""
    token = models.CharField(max_length=40)
    """What the TXT record says."""
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    findings = models.JSONField(default=list)
    """What the last look at the DNS saw: `[{what, tone, seen}]`."""
    checked_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "name"], name="accounts_domain_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_verified(self) -> bool:
        return self.state == self.State.VERIFIED


class InvitationQuerySet(OwnedQuerySet["Invitation"]):
    def open(self) -> InvitationQuerySet:
        """Neither accepted nor taken back; whether it is still in time is another question."""
        return self.filter(accepted_at=None, revoked_at=None)


class Invitation(WorkspaceOwned):
    """An address that was asked to join. The link in the mail is its only key."""

    workspace = WorkspaceKey(related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=Role)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects: ClassVar[OwnedManager] = OwnedManager.from_queryset(InvitationQuerySet)()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(
                fields=["workspace", "email"],
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="invitation_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} · {self.role}"

    def is_expired(self, *, at: datetime) -> bool:
        return at >= self.expires_at


class AuditEntry(WorkspaceOwned):
    """Who did what to what, when and from where. Written once, never changed."""

    workspace = WorkspaceKey(related_name="audit_entries")
    at = models.DateTimeField()
    action = models.CharField(max_length=80)
    """Key in `sockets.AUDIT_ACTIONS`, such as `accounts.role_changed`."""
    person = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    """Nobody where the program acted by itself."""
    person_name = models.CharField(max_length=254, blank=True)
    subject = models.CharField(max_length=254, blank=True)
    """What it was done to, in words that outlive it."""
    subject_id = models.UUIDField(null=True)
    details = models.JSONField(default=dict)
    ip = models.GenericIPAddressField(null=True)

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "-at", "-id"], name="audit_latest"),
            models.Index(fields=["workspace", "action", "-at", "-id"], name="audit_by_action"),
            models.Index(fields=["workspace", "person", "-at", "-id"], name="audit_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.action} · {self.subject}"


class ApiKey(Base):
    """Lets a program in, as the person who made it, and no further than its scopes. Shared: found before a workspace is open.

    Of the secret only a keyed hash is kept; it was shown once.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=40, unique=True)
    beginning = models.CharField(max_length=12)
    """The first characters of the secret, by which people tell one key from another."""
    scopes = models.JSONField(default=list)
    """Such as `contacts:read`; `contacts:write` reads too."""
    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)
    """When it last opened the door, to five minutes."""
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["workspace", "name"], condition=models.Q(revoked_at=None), name="api_key_name"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def is_expired(self, *, at: datetime) -> bool:
        return self.expires_at is not None and at >= self.expires_at

    def reaches(self, permission: str) -> bool:
        """Whether its scopes hold a permission such as `contacts.change`: looking is read, everything else is write."""
        area, _dot, verb = permission.rpartition(".")
        return f"{area}:write" in self.scopes or (verb == "view" and f"{area}:read" in self.scopes)
