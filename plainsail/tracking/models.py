"""Visits, clicks and opens: append-only, many, partitioned by month."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.models import Contact
from plainsail.kernel.models import OwnedManager, OwnedQuerySet, TiedForeignKey, WorkspaceKey, WorkspaceOwned


class Landing(models.Model):
    """What the edge committed and the drain has not yet taken. Shared and without keys: the edge COPYs into it.

    The columns are the edge's contract. A row may become visible after one with a larger id, so it is taken by
    DELETE … RETURNING, never by a cursor.
    """

    class Kind(models.TextChoices):
        VISIT = "visit"
        CLICK = "click"
        OPEN = "open"
        FORM = "form"

    id = models.UUIDField(primary_key=True, editable=False)
    workspace_id = models.UUIDField()
    kind = models.TextField()
    at = models.DateTimeField()
    visitor_id = models.UUIDField(null=True)
    contact_id = models.UUIDField(null=True)
    delivery_id = models.UUIDField(null=True)
    page_id = models.UUIDField(null=True)
    host = models.TextField(db_default="")
    path = models.TextField(db_default="")
    url = models.TextField(db_default="")
    referrer = models.TextField(db_default="")
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.TextField(db_default="")
    payload = models.JSONField(db_default={})

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["workspace_id", "id"], name="landing_drain")]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at}"


class HitQuerySet(OwnedQuerySet["Hit"]):
    def human(self) -> Self:
        """What reports and automations go by: people, and what nothing speaks against."""
        return self.filter(agent=Hit.Agent.HUMAN)

    def visits(self) -> Self:
        return self.filter(kind=Hit.Kind.VISIT)

    def clicks(self) -> Self:
        return self.filter(kind=Hit.Kind.CLICK)

    def opens(self) -> Self:
        return self.filter(kind=Hit.Kind.OPEN)


class Hit(models.Model):
    """One visit, click or open, kept as it came, with a reasoned guess at who it was. Partitioned by `at`, a month each.

    The id is the landing row's. The database's primary key is (id, at), as a partitioned table demands.
    """

    class Kind(models.TextChoices):
        VISIT = "visit", _("Visit")
        CLICK = "click", _("Click")
        OPEN = "open", _("Open")

    class Agent(models.TextChoices):
        HUMAN = "human", _("Person")
        PROXY = "proxy", _("Mail proxy")
        SCANNER = "scanner", _("Scanner")
        UNKNOWN = "unknown", _("Unclear")

    id = models.UUIDField(primary_key=True, editable=False)
    workspace = WorkspaceKey(related_name="hits")
    at = models.DateTimeField()
    kind = models.CharField(max_length=5, choices=Kind)
    agent = models.CharField(max_length=7, choices=Agent)
    reason = models.CharField(max_length=20, blank=True)
    """Why it isn't counted as a person: a code of `services.agents`."""
    contact_id = models.UUIDField(null=True)
    """No foreign key: append-only rows by the million, and a deleted contact's totals stay."""
    visitor_id = models.UUIDField(null=True)
    delivery_id = models.UUIDField(null=True)
    page_id = models.UUIDField(null=True)
    host = models.TextField(default="")
    path = models.TextField(default="")
    url = models.TextField(default="")
    referrer = models.TextField(default="")
    ip = models.GenericIPAddressField(null=True)
    """Cut to its network (/24, /48) before it is stored."""
    user_agent = models.TextField(default="")
    utm = models.JSONField(default=dict)

    objects: ClassVar[OwnedManager] = OwnedManager.from_queryset(HitQuerySet)()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["workspace", "contact_id", "-at", "-id"],
                condition=models.Q(contact_id__isnull=False),
                name="hit_contact",
            ),
            models.Index(
                fields=["workspace", "visitor_id"], condition=models.Q(visitor_id__isnull=False), name="hit_visitor"
            ),
            models.Index(
                fields=["workspace", "delivery_id"], condition=models.Q(delivery_id__isnull=False), name="hit_delivery"
            ),
            models.Index(fields=["workspace", "kind", "at"], name="hit_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at}"

    @property
    def is_human(self) -> bool:
        return self.agent == self.Agent.HUMAN


class Visitor(WorkspaceOwned):
    """Whom a browser's cookie belongs to, since its owner said so with a form or came by a tracked link."""

    class How(models.TextChoices):
        FORM = "form", _("form")
        CLICK = "click", _("link in a mail")

    workspace = WorkspaceKey(related_name="visitors")
    visitor_id = models.UUIDField()
    contact = TiedForeignKey(Contact, on_delete=models.CASCADE, related_name="visitors")
    how = models.CharField(max_length=5, choices=How)
    linked_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "visitor_id"], name="visitor_once"),
        ]

    def __str__(self) -> str:
        return f"{self.visitor_id} is {self.contact_id}"


class ParkedLanding(WorkspaceOwned):
    """A landing row that nobody could take, with the reason: set aside so that it blocks no other, and never lost."""

    workspace = WorkspaceKey(related_name="parked_landings")
    kind = models.TextField()
    at = models.DateTimeField()
    row: models.JSONField[Any, Any] = models.JSONField()
    error = models.TextField()
    attempts = models.PositiveSmallIntegerField(default=1)

    def __str__(self) -> str:
        return f"{self.kind}: {self.error[:60]}"
