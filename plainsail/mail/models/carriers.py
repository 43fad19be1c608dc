"""Mail services that carry a business's mail in place of a mail server."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import WorkspaceKey, WorkspaceOwned


class Carrier(WorkspaceOwned):
    """An account at a mail service, with its keys. Senders that name it hand their mail over there."""

    class Kind(models.TextChoices):
        SES = "ses", "Amazon SES"
        BREVO = "brevo", "Brevo"
        MAILGUN = "mailgun", "Mailgun"
        MAILJET = "mailjet", "Mailjet"
        POSTMARK = "postmark", "Postmark"
        RESEND = "resend", "Resend"
        SENDGRID = "sendgrid", "SendGrid"
        SPARKPOST = "sparkpost", "SparkPost"

    workspace = WorkspaceKey(related_name="carriers")
    kind = models.CharField(max_length=20, choices=Kind)
    name = models.CharField(_("name"), max_length=60, blank=True)
    """Tells apart two accounts at one service."""
    sealed = models.TextField()
    """Keys and settings as JSON, encrypted."""
    heard_at = models.DateTimeField(null=True)
    """When it last told of a message: bounces and complaints arrive."""
    trouble = models.CharField(max_length=500, blank=True)
    """Why it took nothing the last time, in its own words; empty while it does."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "kind", "name"], name="mail_carrier_once"),
        ]

    def __str__(self) -> str:
        label = self.Kind(self.kind).label
        return f"{label} ({self.name})" if self.name else str(label)
