"""What a team writes down and has still to do about a contact."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import TiedForeignKey, WorkspaceKey, WorkspaceOwned


class Note(WorkspaceOwned):
    """Something that somebody of the team wrote down about a contact."""

    workspace = WorkspaceKey(related_name="contact_notes")
    contact = TiedForeignKey("contacts.Contact", on_delete=models.CASCADE, related_name="written_notes")
    about_id = models.UUIDField(null=True)
    """What of the contact's it is about, where an area above has something, such as a deal."""
    text = models.TextField(_("text"))
    text_before = models.TextField(blank=True)
    """What it said before it was last changed."""
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "contact", "-at", "-id"], name="notes_of_contact")
        ]

    def __str__(self) -> str:
        return self.text[:80]


class Task(WorkspaceOwned):
    """Something to be done about a contact, by somebody of the team, by a day."""

    workspace = WorkspaceKey(related_name="tasks")
    contact = TiedForeignKey("contacts.Contact", on_delete=models.CASCADE, related_name="tasks")
    about_id = models.UUIDField(null=True)
    """As in Note."""
    what = models.CharField(_("task"), max_length=200)
    due_on = models.DateField(null=True)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    reminded_at = models.DateTimeField(null=True)
    """When the mail of its day was written, or need not be any more."""
    deleted_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "contact"], name="tasks_of_contact"),
            models.Index(
                fields=["workspace", "assignee", "due_on"],
                condition=models.Q(done_at=None, deleted_at=None),
                name="tasks_open",
            ),
            models.Index(
                fields=["workspace", "due_on"],
                condition=models.Q(done_at=None, deleted_at=None, reminded_at=None, due_on__isnull=False),
                name="tasks_to_remind",
            ),
        ]

    def __str__(self) -> str:
        return self.what

    def is_overdue(self, *, today: date) -> bool:
        return self.done_at is None and self.due_on is not None and self.due_on < today
