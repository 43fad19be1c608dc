"""The ledger: double entry, append-only, balanced per entry and currency by a trigger of the database."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import TiedForeignKey, WorkspaceKey, WorkspaceOwned
from plainsail.kernel.money import Money


class LedgerAccount(WorkspaceOwned):
    """A column of the books. `subject` says whose or which: a billing account, a gateway, a jurisdiction and rate."""

    class Kind(models.TextChoices):
        RECEIVABLE = "receivable", _("receivable")
        CLEARING = "clearing", _("on the way from a gateway")
        REVENUE = "revenue", _("revenue")
        DEFERRED_REVENUE = "deferred_revenue", _("revenue of coming periods")
        TAX = "tax", _("tax")
        REFUNDS_PAYABLE = "refunds_payable", _("to be paid back")
        CUSTOMER_CREDIT = "customer_credit", _("customers’ credit")
        DISPUTES_HELD = "disputes_held", _("held in disputes")
        WRITE_OFF = "write_off", _("written off")

    workspace = WorkspaceKey(related_name="ledger_accounts")
    kind = models.CharField(max_length=16, choices=Kind)
    subject = models.CharField(max_length=60, blank=True)
    currency = models.CharField(max_length=3)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "kind", "subject", "currency"], name="ledger_account_once"),
        ]

    def __str__(self) -> str:
        return ":".join(filter(None, [self.kind, self.subject, self.currency]))


class JournalEntry(WorkspaceOwned):
    """One business fact in the books, entered once for its source."""

    workspace = WorkspaceKey(related_name="journal_entries")
    source_type = models.CharField(max_length=30)
    source_id = models.UUIDField()
    at = models.DateTimeField()
    memo = models.CharField(max_length=200, blank=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "source_type", "source_id"], name="journal_entry_source"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["workspace", "at"], name="journal_by_time")]

    def __str__(self) -> str:
        return f"{self.source_type} {self.source_id}"


class Posting(WorkspaceOwned):
    """An amount on an account: debits are positive, credits negative."""

    workspace = WorkspaceKey(related_name="postings")
    entry = TiedForeignKey(JournalEntry, on_delete=models.PROTECT, related_name="postings")
    account = TiedForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="postings")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "entry"], name="postings_of_entry"),
            models.Index(fields=["workspace", "account"], name="postings_of_account"),
        ]

    def __str__(self) -> str:
        return str(self.amount)

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)
