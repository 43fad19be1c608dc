"""Sending domains: whose name mail is sent under, with what signature, and what the DNS says about it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import TiedForeignKey, WorkspaceKey, WorkspaceOwned


class SendingDomain(WorkspaceOwned):
    """A domain that a business sends under."""

    class Signing(models.TextChoices):
        SERVER = "server", _("The mail server signs")
        HERE = "here", _("Plainsail signs")

    workspace = WorkspaceKey(related_name="sending_domains")
    domain = models.CharField(_("domain"), max_length=253)
    """In ASCII and lower case."""
    signing = models.CharField(max_length=6, choices=Signing, default=Signing.SERVER)
    server_selector = models.CharField(max_length=63, blank=True)
    """The selector that the mail server signs under, so that its key can be looked up."""
    return_label = models.CharField(max_length=63, default="bounces")
    """The subdomain that bounces go to: mail's return path lies under it, so that SPF is aligned."""
    findings = models.JSONField(default=list)
    """What the last look at the DNS found: `[{"key", "tone", "code", "seen", "facts"}]`."""
    checked_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "domain"], name="mail_domain_once"),
        ]

    def __str__(self) -> str:
        return self.domain

    @property
    def return_domain(self) -> str:
        return f"{self.return_label}.{self.domain}"

    @property
    def signs_here(self) -> bool:
        return self.signing == self.Signing.HERE

    def finding(self, key: str) -> dict[str, Any] | None:
        """What the last look found about one row."""
        return next((one for one in self.findings if one["key"] == key), None)

    @property
    def return_path_works(self) -> bool:
        """Whether its own return path was found to lead here at the last look."""
        found = self.finding("return_path")
        return found is not None and found["tone"] == "good"


class DkimKey(WorkspaceOwned):
    """A pair of keys that sign a domain's mail. The private one is sealed; the public one stands in the DNS."""

    class Algorithm(models.TextChoices):
        RSA = "rsa", "RSA-2048"
        ED25519 = "ed25519", "Ed25519"

    workspace = WorkspaceKey(related_name="dkim_keys")
    domain = TiedForeignKey(SendingDomain, on_delete=models.CASCADE, related_name="keys", db_index=False)
    selector = models.CharField(max_length=63)
    algorithm = models.CharField(max_length=7, choices=Algorithm)
    sealed = models.TextField()
    public = models.TextField()
    """In base64, as the DNS record has it."""
    signs_since = models.DateTimeField(null=True)
    """Set once its record was found; until then the key before it signs."""
    retired_at = models.DateTimeField(null=True)
    """It signs no more. Its record stays for mail under way, until somebody says that it may go."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "domain", "selector"], name="mail_dkim_selector_once"),
        ]

    def __str__(self) -> str:
        return f"{self.selector} ({self.algorithm})"

    @property
    def host(self) -> str:
        """The name its record has in the DNS."""
        return f"{self.selector}._domainkey.{self.domain.domain}"

    @property
    def record(self) -> str:
        """RFC 6376 §3.6.1, RFC 8463 §4."""
        return f"v=DKIM1; k={self.algorithm}; p={self.public}"


class GateOverride(WorkspaceOwned):
    """An owner let one broadcast, or one mail of an automation, leave although its domain's checks were not green, in writing."""

    workspace = WorkspaceKey(related_name="gate_overrides")
    broadcast = TiedForeignKey(
        "mail.Broadcast", on_delete=models.CASCADE, null=True, related_name="overrides", db_index=False
    )
    email = TiedForeignKey("mail.Email", on_delete=models.CASCADE, null=True, related_name="overrides", db_index=False)
    domain = models.CharField(max_length=253, blank=True)
    """What a mail of an automation was let through from; such mail comes from whichever sender is the default one."""
    words = models.TextField()
    person = models.CharField(max_length=254)
    at = models.DateTimeField()
    findings = models.JSONField(default=list)
    """What was not green then."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "broadcast"], name="mail_override_once"),
            models.UniqueConstraint(fields=["workspace", "email", "domain"], name="mail_override_mail_once"),
            models.CheckConstraint(
                condition=models.Q(broadcast=None) ^ models.Q(email=None), name="mail_override_of_something"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.words[:60]}"
