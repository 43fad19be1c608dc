"""What mail servers report about mail in a domain's name: each report once, and its sums by day and source."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from plainsail.kernel.models import TiedForeignKey, WorkspaceKey, WorkspaceOwned
from plainsail.mail.models.domains import SendingDomain


class DmarcReport(WorkspaceOwned):
    """That a report was taken in; what it said stands in the days."""

    workspace = WorkspaceKey(related_name="dmarc_reports")
    domain = TiedForeignKey(SendingDomain, on_delete=models.CASCADE, related_name="reports", db_index=False)
    digest = models.CharField(max_length=32)
    """Of who reports, and of the id they gave it: the same report again is known by it."""
    org = models.CharField(max_length=100)
    """Who reports, as they call themselves."""
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    received_at = models.DateTimeField()
    messages = models.PositiveBigIntegerField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "domain", "digest"], name="mail_dmarc_report_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "domain", "-received_at"], name="mail_dmarc_report_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.org} · {self.begins_at:%Y-%m-%d}"


class DmarcDay(WorkspaceOwned):
    """Messages in a domain's name that one source sent on a day (UTC), as reported by all who reported."""

    workspace = WorkspaceKey(related_name="dmarc_days")
    domain = TiedForeignKey(SendingDomain, on_delete=models.CASCADE, related_name="report_days", db_index=False)
    day = models.DateField()
    source = models.CharField(max_length=45)
    """An IP address, or `*` for the many small ones of a long report."""
    messages = models.PositiveBigIntegerField(default=0)
    passed = models.PositiveBigIntegerField(default=0)
    """DMARC: signed by the domain, or sent by a server that it names."""
    dkim_passed = models.PositiveBigIntegerField(default=0)
    spf_passed = models.PositiveBigIntegerField(default=0)
    quarantined = models.PositiveBigIntegerField(default=0)
    rejected = models.PositiveBigIntegerField(default=0)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "domain", "day", "source"], name="mail_dmarc_day_once"),
        ]

    def __str__(self) -> str:
        return f"{self.source} · {self.day}"
