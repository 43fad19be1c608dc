"""Base classes of every table, the workspace itself, and the event log's rows."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel import clock
from plainsail.kernel.ids import new_id
from plainsail.kernel.postal import lines_below
from plainsail.kernel.tenancy import current_workspace_id

M_co = TypeVar("M_co", bound=models.Model, covariant=True)


class Base(models.Model):
    """A row with a UUIDv7 and the moment it was made."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        abstract = True


class Workspace(Base):
    """One business: the tenant. A shared table, found before a workspace is open."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        CLOSING = "closing", _("closing")
        CLOSED = "closed", _("closed")

    slug = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    timezone = models.CharField(max_length=64, default="UTC")
    locale = models.CharField(max_length=10, default="en")
    currency = models.CharField(max_length=3, default="EUR")
    postal_address = models.TextField(blank=True)
    is_operator = models.BooleanField(default=False)
    public_host = models.CharField(max_length=253, blank=True, default="", db_default="")
    """The domain of its own under which it is known; empty where that is its address on this installation."""

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["is_operator"], condition=models.Q(is_operator=True), name="one_business_sells_plans"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def address_lines(self) -> list[str]:
        """The postal address as it stands below the name."""
        return lines_below(self.name, self.postal_address)


class WorkspaceKey(models.ForeignKey[Workspace, Workspace]):
    """The column that says whose row it is; filled from the open workspace when a row is written."""

    def __init__(self, to: Any = Workspace, on_delete: Any = models.CASCADE, **options: Any) -> None:
        options.setdefault("editable", False)
        # Every index that matters leads with the workspace; one on it alone would only cost writes.
        options.setdefault("db_index", False)
        super().__init__(to, on_delete, **options)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = getattr(model_instance, self.attname)
        if value is None and add:
            value = current_workspace_id()
            setattr(model_instance, self.attname, value)
        return value


class SetWorkspaceKey(WorkspaceKey):
    """The WorkspaceKey of a table that is written by the hundred thousand: checked once a statement, not once a row.

    The migration operation `HoldInSets` makes it hold.
    """

    def __init__(self, to: Any = Workspace, on_delete: Any = models.CASCADE, **options: Any) -> None:
        options.setdefault("db_constraint", False)
        super().__init__(to, on_delete, **options)


class TiedForeignKey(models.ForeignKey[Any, Any]):
    """A key from one tenant's row to another of the same tenant.

    The database holds `(workspace_id, x_id) → (workspace_id, id)`, written by the migration operation `Tie`, because a
    plain foreign key accepts another tenant's row: its check runs past row-level security.
    """

    def __init__(self, to: Any, on_delete: Any, **options: Any) -> None:
        options.setdefault("db_constraint", False)
        super().__init__(to, on_delete, **options)


class SetTiedForeignKey(TiedForeignKey):
    """A TiedForeignKey of a table that is written by the hundred thousand: checked once a statement, not once a row.

    The migration operation `TieInSets` makes it hold; docs/decisions/0015-keys-checked-in-sets.md says how, and at what price.
    """


class TiedOneToOneField(models.OneToOneField[Any, Any]):
    """A TiedForeignKey to which at most one row may point."""

    def __init__(self, to: Any, on_delete: Any, **options: Any) -> None:
        options.setdefault("db_constraint", False)
        super().__init__(to, on_delete, **options)


class SetTiedOneToOneField(TiedOneToOneField):
    """A SetTiedForeignKey to which at most one row may point."""


class OwnedQuerySet(models.QuerySet[M_co]):
    """Rows of the open workspace."""


class OwnedManager(models.Manager.from_queryset(OwnedQuerySet)):  # type: ignore[misc]  # a class made at run time
    """Adds the workspace as a constant, so that the planner can use the indexes that lead with it."""

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().filter(workspace_id=current_workspace_id())  # type: ignore[no-any-return]


class WorkspaceOwned(Base):
    """A row that belongs to a business. Each subclass declares `workspace = WorkspaceKey(related_name=...)`."""

    objects: ClassVar[OwnedManager] = OwnedManager()

    class Meta:
        abstract = True
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["workspace", "id"], name="%(app_label)s_%(class)s_tenant_key")
        ]


class EventRow(WorkspaceOwned):
    """Something that happened. Timeline, audit trail, webhook feed and automations all read these rows."""

    workspace = SetWorkspaceKey(related_name="events")
    name = models.CharField(max_length=80)
    contact_id = models.UUIDField(null=True)
    at = models.DateTimeField()
    payload = models.JSONField(default=dict)

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "contact_id", "-at"], name="event_contact"),
            models.Index(fields=["workspace", "name", "-at"], name="event_name"),
        ]

    def __str__(self) -> str:
        return self.name


class PendingEvent(WorkspaceOwned):
    """An event that one subscriber has still to hear. Deleted when heard; parked, visibly, after too many failures."""

    workspace = SetWorkspaceKey(related_name="pending_events")
    event = SetTiedForeignKey(EventRow, on_delete=models.CASCADE, related_name="pending", db_index=False)
    subscriber = models.CharField(max_length=80)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    parked_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # The event comes first, for it is also looked for without whoever has to hear of it.
            models.UniqueConstraint(fields=["workspace", "event", "subscriber"], name="pending_event_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["workspace", "subscriber", "due_at", "id"],
                condition=models.Q(parked_at=None),
                name="pending_event_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.event_id} → {self.subscriber}"


class Due(models.Model):
    """Which workspace has something due, of which kind, and when: the minute's job never loops over all workspaces."""

    pk = models.CompositePrimaryKey("workspace_id", "kind")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=80)
    due_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.kind} at {self.due_at}"
