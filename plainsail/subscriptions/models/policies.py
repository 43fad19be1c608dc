"""What a business promises, in versions."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import (
    WorkspaceKey,
    WorkspaceOwned,
)


class PolicyVersion(WorkspaceOwned):
    """What a business promises about money back, declined charges or data, as it stood from a moment on. Append-only.

    Contracts keep a copy of what stood at their purchase (`Subscription.terms`); nothing points here.
    """

    class Kind(models.TextChoices):
        REFUND = "refund", _("money back")
        DUNNING = "dunning", _("declined charges")
        RETENTION = "retention", _("data after the end")
        PAUSING = "pausing", _("pauses and dates")

    workspace = WorkspaceKey(related_name="policy_versions")
    kind = models.CharField(max_length=10, choices=Kind)
    version = models.PositiveIntegerField()
    text = models.JSONField()
    """As `services/policies.py` (refund), `retries.py` (dunning), `limits.py` (retention), `allowances.py` (pausing) read it."""
    by = models.CharField(max_length=254, blank=True)
    """Who wrote it, in words that outlive the account; empty for the one that the program came with."""
    made_at = models.DateTimeField()
    back_to = models.PositiveIntegerField(null=True)
    """The version that it is a copy of, where somebody went back."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "kind", "version"], name="policy_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"
