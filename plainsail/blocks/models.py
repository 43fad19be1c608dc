"""What the editors remember about people: who is at a document right now, and what they have copied."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from plainsail.kernel.models import WorkspaceKey, WorkspaceOwned


class Presence(WorkspaceOwned):
    """One window in which somebody has a document open. Renewed every few seconds; old ones mean nothing."""

    workspace = WorkspaceKey(related_name="presences")
    document_id = models.UUIDField()
    """The page or the mail. No key: both stand above."""
    window = models.UUIDField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    section = models.CharField(max_length=40, blank=True)
    """Id of the section that is open there."""
    seen_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "document_id", "window"], name="blocks_presence_window"),
        ]

    def __str__(self) -> str:
        return f"{self.person} · {self.document_id}"


class Clipboard(WorkspaceOwned):
    """The sections that somebody copied or cut last, to be put into another page or mail of the same business."""

    workspace = WorkspaceKey(related_name="clipboards")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    blocks = models.JSONField()
    """Stored sections, as `documents.save_block` gives them."""
    copied_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "person"], name="blocks_clipboard_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person} · {len(self.blocks)}"
