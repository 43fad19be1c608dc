"""People, who belongs to which business in which role, and the host names at which a business is reached."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import Base, Workspace

VERBS = {
    "viewer": {"view"},
    "editor": {"view", "change", "send"},
    "admin": {"view", "change", "send", "refund", "export", "manage"},
    "owner": {"view", "change", "send", "refund", "export", "manage", "own"},
}


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").strip().lower())


class User(Base, AbstractBaseUser):
    """Somebody who works here. Customers are contacts, never users."""

    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    locale = models.CharField(max_length=10, default="en")
    theme = models.CharField(max_length=5, default="auto")
    is_active = models.BooleanField(default=True)
    is_operator = models.BooleanField(default=False)
    """Runs this installation."""

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


class Membership(Base):
    """A person's role in a business. Shared: read before a workspace is open."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["workspace", "user"], name="membership_once")
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.role}"


class Host(Base):
    """A host name and whose site it shows. Read by the edge: see its query before changing a column."""

    class Kind(models.TextChoices):
        SITE = "site", _("address of this installation")
        CUSTOM = "custom", _("own domain")

    host = models.CharField(max_length=253, unique=True)
    kind = models.CharField(max_length=10, choices=Kind)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="hosts", null=True)
    is_live = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.host
