"""What surrounds a contract's charges: the letter that announces one, and the tries after one was declined."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import (
    TiedForeignKey,
    WorkspaceKey,
    WorkspaceOwned,
)
from plainsail.subscriptions.models.contracts import Subscription


class DunningCase(WorkspaceOwned):
    """A renewal invoice that isn't paid yet, and when it is charged (again). Closed by payment, cancelling or giving up."""

    workspace = WorkspaceKey(related_name="dunning_cases")
    subscription = TiedForeignKey(Subscription, on_delete=models.CASCADE, related_name="dunning_cases")
    invoice_id = models.UUIDField()
    opened_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    counted = models.JSONField(default=list)
    """Ids of the declined charges that were counted: their events may come twice, and in any order."""
    late_for = models.DateTimeField(null=True)
    """When it was to be charged, of one that waits for staff because nobody was there to do it then; else empty."""
    closed_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "invoice_id"], name="dunning_once_an_invoice"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "next_try_at"], name="dunning_next"),
            models.Index(
                fields=["workspace", "late_for"], condition=models.Q(late_for__isnull=False), name="dunning_late"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id}, {self.tries} tries"


class Notice(WorkspaceOwned):
    """A letter that a contract owes its customer about a charge, at most one of a kind about a day."""

    class Kind(models.TextChoices):
        TRIAL = "trial", _("end of the trial")
        TRIAL_SHORT = "trial_short", _("end of a short trial")
        RENEWAL = "renewal", _("renewal")
        RENEWAL_SOON = "renewal_soon", _("renewal in three days")
        HALF_YEAR = "half_year", _("reminder every six months")
        RESUMING = "resuming", _("end of a pause")
        AGREED = "agreed", _("agreed to by the customer")

    workspace = WorkspaceKey(related_name="notices")
    subscription = TiedForeignKey(Subscription, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=30, choices=Kind)
    about_on = models.DateField()
    """The local day of the charge."""
    written_at = models.DateTimeField()
    """When it was last put into the ledger of mails."""
    attempts = models.PositiveSmallIntegerField(default=0)
    """How often it was written: a letter that failed is written anew."""
    delivery_id = models.UUIDField(null=True)
    """Its row in the ledger of mails. Loose: the ledger forgets before contracts do."""
    sent_at = models.DateTimeField(null=True)
    """When it left, or when somebody told the customer another way; empty while nobody knows that it did."""
    told_how = models.CharField(max_length=200, blank=True)
    """How the customer was told, where no mail reached them."""
    told_by = models.CharField(max_length=254, blank=True)
    """Who noted that, in words that outlive the account."""
    told_at = models.DateTimeField(null=True)
    """When that was noted."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "subscription", "kind", "about_on"], name="notice_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "written_at"], condition=models.Q(sent_at=None), name="notice_unsent")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.about_on:%Y-%m-%d}"
