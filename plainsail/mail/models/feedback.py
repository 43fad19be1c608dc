"""What came back about messages: bounces, complaints, auto-replies. Append-only."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.ids import new_id
from plainsail.kernel.models import Base, WorkspaceKey, WorkspaceOwned


class Feedback(WorkspaceOwned):
    """One mail or event that came back about a message, as it was judged and what followed from it. Never changed."""

    class Kind(models.TextChoices):
        BOUNCE = "bounce", _("Came back")
        COMPLAINT = "complaint", _("Reported as spam")
        AUTO_REPLY = "auto_reply", _("Automatic reply")
        DELAY = "delay", _("Delayed")
        RECEIPT = "receipt", _("Arrived")
        OTHER = "other", _("Not understood")

    class Effect(models.TextChoices):
        NONE = "none", _("nothing")
        SUPPRESSED = "suppressed", _("the address is written to no more")
        COUNTED = "counted", _("counted; too many in a row stop mail to the address")
        PAUSED = "paused", _("the sender was paused")
        OTHER_ADDRESS = "other_address", _("nothing: the contact has another address by now")

    class Via(models.TextChoices):
        SMTP = "smtp", "SMTP"
        IMAP = "imap", "IMAP"
        PROVIDER = "provider", _("provider")

    workspace = WorkspaceKey(related_name="feedback")
    digest = models.CharField(max_length=64)
    """Of the whole mail: what comes in twice is one."""
    received_at = models.DateTimeField()
    via = models.CharField(max_length=8, choices=Via)
    kind = models.CharField(max_length=10, choices=Kind)
    cause = models.CharField(max_length=20, blank=True)
    """For bounces: `hard`, `soft_recipient`, `message_fault`, `sender_reputation`."""
    reason = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=12, blank=True)
    words = models.CharField(max_length=500, blank=True)
    excerpt = models.TextField(blank=True)
    """The beginning of what could not be understood, so that somebody can."""
    effect = models.CharField(max_length=13, choices=Effect)
    # Loose on purpose, as in the ledger: what came back outlives contact, sender and broadcast.
    delivery_id = models.UUIDField()
    contact_id = models.UUIDField(null=True)
    source_id = models.UUIDField()
    sender_id = models.UUIDField(null=True)
    list_id = models.UUIDField(null=True)
    domain = models.CharField(max_length=253, blank=True)
    """The mailbox's domain, such as `gmail.com`."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "delivery_id", "digest"], name="mail_feedback_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "contact_id", "-received_at"], name="mail_feedback_contact"),
            models.Index(fields=["workspace", "sender_id", "-received_at"], name="mail_feedback_sender"),
            models.Index(fields=["workspace", "source_id", "kind"], name="mail_feedback_source"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reason}"


class StrayMail(Base):
    """Mail that came to a return path and belongs to nobody: forged, worn out, no report, or about a business that is gone.

    Shared, since no workspace is known. Sealed, kept for ninety days for whoever operates the installation.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    digest = models.CharField(max_length=64, unique=True)
    received_at = models.DateTimeField(db_index=True)
    why = models.CharField(max_length=20)
    """`forged`, `no_token`, `no_workspace`, `no_delivery`; `dmarc_…` for reports, with the reason of `services.dmarc`."""
    size = models.PositiveIntegerField()
    sealed = models.TextField()
    """The first 64 KB of it, encrypted."""

    def __str__(self) -> str:
        return f"{self.why} {self.received_at:%Y-%m-%d}"
