"""What is done to many contacts at once, how far it is, and to whom it was done."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.models.people import Contact
from plainsail.kernel.models import TiedForeignKey, WorkspaceKey, WorkspaceOwned


class BulkAction(WorkspaceOwned):
    """One thing done to all whom a filter, a segment or a choice of rows names."""

    class Kind(models.TextChoices):
        TAG = "tag", _("Put a tag on")
        UNTAG = "untag", _("Take a tag off")
        JOIN = "join", _("Put on a list")
        LEAVE = "leave", _("Take off a list")
        SCORE = "score", _("Give or take points")
        DELETE = "delete", _("Delete")
        RESTORE = "restore", _("Restore")

    class State(models.TextChoices):
        RUNNING = "running", _("under way")
        DONE = "done", _("done")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")

    BUSY = (State.RUNNING, State.UNDOING)
    FINAL = (Kind.JOIN,)
    """What can't be taken back: that somebody agreed is proof, and leaving a list is up to them."""

    workspace = WorkspaceKey(related_name="bulk_actions")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind)
    asked = models.JSONField(default=dict)
    """Whom it is about, as the list of contacts is asked, or `ids` of those who were chosen."""
    value = models.JSONField(default=dict)
    """`tag_id`; `list_id` and `basis`; or `points`."""
    label = models.CharField(max_length=150, blank=True)
    """What it puts on or takes off, in words that outlive it."""
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    rows_total = models.PositiveIntegerField(default=0)
    rows_done = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    reached = models.UUIDField(null=True)
    """The last contact that was dealt with; they go by id."""
    ended_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["workspace", "-created_at"], name="bulk_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.created_at:%Y-%m-%d}"

    @property
    def is_busy(self) -> bool:
        return self.state in self.BUSY

    @property
    def can_be_undone(self) -> bool:
        return self.state == self.State.DONE and self.kind not in self.FINAL and self.changed > 0

    @property
    def percent(self) -> int:
        return min(100, self.rows_done * 100 // self.rows_total) if self.rows_total else 0


class BulkChange(WorkspaceOwned):
    """That an action changed something of a contact: all that is needed to take it back."""

    workspace = WorkspaceKey(related_name="bulk_changes")
    action = TiedForeignKey(BulkAction, on_delete=models.CASCADE, related_name="changes")
    contact = TiedForeignKey(Contact, on_delete=models.CASCADE, related_name="bulk_changes")

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "action", "contact"], name="bulk_change_once"),
        ]

    def __str__(self) -> str:
        return f"{self.action_id} on {self.contact_id}"
