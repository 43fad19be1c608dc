"""What is written: mails with the history of their edits, and the editions that are sent."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.services import documents, merging
from plainsail.kernel.models import (
    TiedForeignKey,
    WorkspaceKey,
    WorkspaceOwned,
)


class Email(WorkspaceOwned):
    """A mail as it is being written. What is sent is an edition of it."""

    workspace = WorkspaceKey(related_name="emails")
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    preheader = models.CharField(_("preview text"), max_length=200, blank=True)
    document = models.JSONField()
    """The block document, as `documents.save` gives it."""
    revision = models.PositiveIntegerField(default=0)
    """Rises with every change; an edit says on which it was made."""
    undoable = models.PositiveIntegerField(default=0)
    """Number of the change that Undo takes back next; 0 if there is none."""
    undone = models.JSONField(default=list)
    """Numbers of the changes that Redo brings back, the next one last."""
    edited_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        pass

    def __str__(self) -> str:
        return merging.parse(self.subject).fill({}).strip() or str(_("Without a subject"))

    def read(self) -> documents.Document:
        """The block document. Raises InvalidDocument where it can't be read."""
        return documents.load(self.document)

    @property
    def can_undo(self) -> bool:
        return self.undoable > 0

    @property
    def can_redo(self) -> bool:
        return bool(self.undone)


class EmailChange(WorkspaceOwned):
    """One edit of a mail with what takes it back."""

    workspace = WorkspaceKey(related_name="email_changes")
    email = TiedForeignKey(Email, on_delete=models.CASCADE, related_name="changes", db_index=False)
    number = models.PositiveIntegerField()
    operations = models.JSONField()
    inverse = models.JSONField()
    before = models.PositiveIntegerField(default=0)
    """The change that Undo takes back after this one."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "email", "number"], name="mail_change_number"),
        ]

    def __str__(self) -> str:
        return str(self.number)


class Edition(WorkspaceOwned):
    """A mail frozen as it is sent. Messages are made from it anew; no rendered body is kept per recipient."""

    workspace = WorkspaceKey(related_name="editions")
    email = TiedForeignKey(Email, on_delete=models.CASCADE, related_name="editions", db_index=False)
    revision = models.PositiveIntegerField()
    subject = models.CharField(max_length=200)
    preheader = models.CharField(max_length=200, blank=True)
    document = models.JSONField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "email", "revision"], name="mail_edition_once"),
        ]

    def __str__(self) -> str:
        return merging.parse(self.subject).fill({}).strip()

    def read(self) -> documents.Document:
        return documents.load(self.document)
