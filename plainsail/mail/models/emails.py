"""What is written: mails with the history of their edits, and the editions that are sent."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
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
    text = models.TextField(blank=True)
    """The plain-text part in words of its own; where nothing stands it is made from the document."""
    text_seen = models.CharField(max_length=64, blank=True)
    """Fingerprint of what the document made as text when those words were written, to tell when they fell behind."""
    template_name = models.CharField(_("name"), max_length=100, blank=True)
    """What it is called among the business's own templates; empty for a mail that is none."""
    edited_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["workspace", "template_name"], condition=~models.Q(template_name=""), name="mail_email_template"
            ),
        ]

    def __str__(self) -> str:
        return self.template_name or merging.parse(self.subject).fill({}).strip() or str(_("Without a subject"))

    @property
    def preview_text(self) -> str:
        """What inboxes show beside the subject to somebody of whom nothing is known."""
        return merging.parse(self.preheader).fill({}).strip()

    def read(self) -> documents.Document:
        """The block document. Raises InvalidDocument where it can't be read."""
        return documents.load(self.document)


class EmailChange(WorkspaceOwned):
    """One step in a mail's history, with what takes it back. Append-only: undoing adds a step, nothing is taken away."""

    class Kind(models.TextChoices):
        EDIT = "edit", _("Edited")
        UNDO = "undo", _("Undone")
        REDO = "redo", _("Redone")
        WORDS = "words", _("Subject or plain text")

    workspace = WorkspaceKey(related_name="email_changes")
    email = TiedForeignKey(Email, on_delete=models.CASCADE, related_name="changes", db_index=False)
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.EDIT)
    operations = models.JSONField(default=list)
    inverse = models.JSONField(default=list)
    of = models.PositiveIntegerField(null=True)
    """For Undo and Redo: number of the edit that is taken back, or brought back."""
    token = models.UUIDField(null=True)
    """What the window called this change: the same change that arrives twice is made once."""
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(null=True)
    """None for changes from before it was written down."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "email", "number"], name="mail_change_number"),
            models.UniqueConstraint(
                fields=["workspace", "email", "token"],
                condition=models.Q(token__isnull=False),
                name="mail_change_token",
            ),
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
    text = models.TextField(blank=True)
    """The plain-text part where it has words of its own."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "email", "revision"], name="mail_edition_once"),
        ]

    def __str__(self) -> str:
        return merging.parse(self.subject).fill({}).strip()

    def read(self) -> documents.Document:
        return documents.load(self.document)


class Inspection(WorkspaceOwned):
    """What was found in one revision of a mail by looking outside: do its links answer, how heavy are its pictures, is it spam."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Being looked at")
        DONE = "done", _("Looked at")

    workspace = WorkspaceKey(related_name="inspections")
    email = TiedForeignKey(Email, on_delete=models.CASCADE, related_name="inspections", db_index=False)
    revision = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    links = models.JSONField(default=list)
    """`{"url", "verdict", "status"}` each; the verdicts are those of `links.Verdict`."""
    image_bytes = models.PositiveIntegerField(null=True)
    """All pictures together; None where one of them didn't say."""
    spam_score = models.DecimalField(max_digits=6, decimal_places=1, null=True)
    """SpamAssassin's points; None where it is not installed or gave no answer."""
    spam_rules = models.JSONField(default=list)
    """`{"points", "rule", "text"}` each."""
    looked_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "email", "revision"], name="mail_inspection_once"),
        ]

    def __str__(self) -> str:
        return f"{self.email_id} · {self.state}"

    @property
    def is_done(self) -> bool:
        return self.state == self.State.DONE
