"""What visitors did: rows as they landed from the edge, and the sorted record of visits, clicks and opens by month."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.ids import new_id
from plainsail.kernel.models import OwnedManager, TiedForeignKey, Workspace, WorkspaceKey, WorkspaceOwned


class Landing(models.Model):
    """A row as the edge wrote it: read, sorted and deleted by the drain. Shared, without keys: the edge only appends."""

    id = models.UUIDField(primary_key=True, default=new_id)
    workspace_id = models.UUIDField()
    kind = models.TextField()
    at = models.DateTimeField()
    visitor_id = models.UUIDField(null=True)
    contact_id = models.UUIDField(null=True)
    delivery_id = models.UUIDField(null=True)
    page_id = models.UUIDField(null=True)
    host = models.TextField()
    path = models.TextField()
    url = models.TextField()
    referrer = models.TextField()
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.TextField()
    payload = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["workspace_id", "id"], name="landing_drain")]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class ViewBundle(models.Model):
    """Page views as the edge wrote them: the lines of many (see `kernel.landing`) in one row. Shared, like `Landing`."""

    id = models.UUIDField(primary_key=True, default=new_id)
    lines = models.TextField()

    def __str__(self) -> str:
        return str(self.id)


class ParkedLanding(WorkspaceOwned):
    """A landed row that could not be taken in: kept with the reason, tried again on request, never lost."""

    workspace = WorkspaceKey(related_name="parked_landings")
    row = models.JSONField()
    error = models.TextField()
    parked_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["workspace", "parked_at"], name="parked_newest")]

    def __str__(self) -> str:
        return self.error[:60]


class Agent(models.TextChoices):
    """Who was behind a hit, as far as it can be told."""

    HUMAN = "human", _("person")
    PROXY = "proxy", _("mail service’s proxy")
    SCANNER = "scanner", _("program that checks links")
    UNKNOWN = "unknown", _("unknown")


class Hit(models.Model):
    """A visit, click or open. Partitioned by month of `at`; the table is made by SQL in a migration."""

    id = models.UUIDField(primary_key=True)
    workspace = WorkspaceKey(to=Workspace, related_name="hits", on_delete=models.DO_NOTHING, db_constraint=False)
    at = models.DateTimeField()
    kind = models.TextField()
    contact_id = models.UUIDField(null=True)
    visitor_id = models.UUIDField(null=True)
    delivery_id = models.UUIDField(null=True)
    page_id = models.UUIDField(null=True)
    path = models.TextField(default="")
    url = models.TextField(default="")
    referrer = models.TextField(default="")
    agent = models.TextField(choices=Agent)
    reason = models.TextField(default="")
    campaign = models.JSONField(default=dict)

    objects: ClassVar[OwnedManager] = OwnedManager()

    class Meta:
        managed = False
        db_table = "tracking_hit"

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d}"


class Visitor(WorkspaceOwned):
    """A browser that gave itself away: by a form or by following a link in a mail."""

    workspace = WorkspaceKey(related_name="visitors")
    visitor_id = models.UUIDField()
    contact = TiedForeignKey("contacts.Contact", on_delete=models.CASCADE, related_name="visitors")
    linked_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "visitor_id"], name="visitor_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["workspace", "contact"], name="visitor_contact")]

    def __str__(self) -> str:
        return str(self.visitor_id)
