"""A new price for running contracts: what the owner planned, and what became of it for each."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import TiedForeignKey, WorkspaceKey, WorkspaceOwned


class PriceRise(WorkspaceOwned):
    """Another price in the place of one that running contracts have, from a day on."""

    class Otherwise(models.TextChoices):
        KEEP = "keep", _("the contract goes on at the old price")
        END = "end", _("the contract ends that day, and what is left of it is paid back")

    workspace = WorkspaceKey(related_name="price_rises")
    old_price = TiedForeignKey("commerce.Price", on_delete=models.PROTECT, related_name="risen_from")
    new_price = TiedForeignKey("commerce.Price", on_delete=models.PROTECT, related_name="risen_to")
    starts_on = models.DateField()
    """No period that begins before costs more."""
    otherwise = models.CharField(max_length=4, choices=Otherwise)
    """What happens where a consumer doesn't agree."""
    planned_at = models.DateTimeField()
    taken_back_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.old_price_id} → {self.new_price_id}"


class PriceNotice(WorkspaceOwned):
    """One item of a contract that a rise concerns: told when, agreed to or not, and how it went."""

    class Outcome(models.TextChoices):
        RISEN = "risen", _("new price")
        KEPT = "kept", _("old price")
        ENDED = "ended", _("ended")
        TAKEN_BACK = "taken_back", _("taken back")

    workspace = WorkspaceKey(related_name="price_notices")
    rise = TiedForeignKey(PriceRise, on_delete=models.CASCADE, related_name="notices")
    item = TiedForeignKey("subscriptions.SubscriptionItem", on_delete=models.CASCADE, related_name="price_notices")
    about_on = models.DateField()
    """The local day from which the new price would be charged."""
    due_at = models.DateTimeField()
    """When the letter falls due."""
    attempts = models.PositiveSmallIntegerField(default=0)
    written_at = models.DateTimeField(null=True)
    delivery_id = models.UUIDField(null=True)
    """Its row in the ledger of mails. Loose: the ledger forgets before contracts do."""
    consent = TiedForeignKey(
        "commerce.ConsentRecord", on_delete=models.PROTECT, related_name="price_notices", null=True
    )
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    settled_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(
                fields=["workspace", "item"], condition=models.Q(outcome=""), name="price_notice_one_open"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["workspace", "due_at"],
                condition=models.Q(outcome="", written_at=None),
                name="price_notice_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.item_id} {self.about_on:%Y-%m-%d}"
