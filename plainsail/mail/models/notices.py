"""Letters that are owed, such as receipts: the business's own words for them, and which of them it sends."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import WorkspaceKey, WorkspaceOwned


class NoticeWords(WorkspaceOwned):
    """A business's own words for one notice in one language; without a row the original stands."""

    workspace = WorkspaceKey(related_name="notice_words")
    kind = models.CharField(max_length=60)
    """Key of the notice in `sockets.NOTICES`."""
    language = models.CharField(max_length=10)
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("words"))
    """Paragraphs, apart by an empty line; merge fields stand in double braces."""
    edited_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "kind", "language"], name="mail_notice_words_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} · {self.language}"


class NoticeSwitch(WorkspaceOwned):
    """That a business chose to send a notice, or not to; without a row it is as the notice starts."""

    workspace = WorkspaceKey(related_name="notice_switches")
    kind = models.CharField(max_length=60)
    is_on = models.BooleanField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "kind"], name="mail_notice_switch_once"),
        ]

    def __str__(self) -> str:
        return self.kind
