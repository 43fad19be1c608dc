"""Answers that were given, so that a program may ask twice without anything being done twice."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from plainsail.accounts.models import ApiKey
from plainsail.kernel.models import WorkspaceKey, WorkspaceOwned


class KeptAnswer(WorkspaceOwned):
    """What a request with an `Idempotency-Key` was answered. Without a status it is still being done."""

    workspace = WorkspaceKey(related_name="kept_answers")
    # A shared table: there is no tenant's key to tie to.
    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=255)
    """The header, as the program chose it."""
    fingerprint = models.CharField(max_length=64)
    """Hash of method, address and body: the same key with another request is a mistake of the program's."""
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    content = models.BinaryField(default=b"")
    asked_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "key", "name"], name="kept_answer_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["workspace", "asked_at"], name="kept_answer_age")]

    def __str__(self) -> str:
        return self.name
