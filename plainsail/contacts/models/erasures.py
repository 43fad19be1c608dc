"""Proof that somebody was erased."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from plainsail.kernel.models import WorkspaceKey, WorkspaceOwned


class Erasure(WorkspaceOwned):
    """That a person was erased, when, and what became of what: with a keyed hash instead of a name."""

    workspace = WorkspaceKey(related_name="erasures")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    address_hash = models.CharField(max_length=40)
    """As `Suppression` has it: recognises the address when somebody asks, and tells it to nobody."""
    erased_at = models.DateTimeField()
    certificate = models.JSONField(default=dict)
    """`{"rows": {table: number}, "kept": [{"label", "ground", "rows", "until"}]}`, worded in the language of whoever erased."""
    proofs = models.JSONField(default=list)
    """What the person agreed to and took back, `[{"act", "list", "wording", "source", "at"}]`: claims can be raised for three years."""
    kept_until = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "kept_until"], name="erasure_kept"),
            models.Index(fields=["workspace", "address_hash"], name="erasure_address"),
        ]

    def __str__(self) -> str:
        return f"{self.erased_at:%Y-%m-%d}"
