"""Another plan in the place of a contract's own: what was shown, agreed to, and what became of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import (
    TiedForeignKey,
    WorkspaceKey,
    WorkspaceOwned,
)
from plainsail.subscriptions.models.contracts import Subscription, SubscriptionItem


class PlanChange(WorkspaceOwned):
    """Another price in the place of a contract’s plan: what was shown and agreed to, and what became of it."""

    class State(models.TextChoices):
        OPEN = "open", _("waits for its payment")
        PLANNED = "planned", _("planned")
        DONE = "done", _("done")
        DROPPED = "dropped", _("not carried out")
        TAKEN_BACK = "taken_back", _("taken back")

    workspace = WorkspaceKey(related_name="plan_changes")
    subscription = TiedForeignKey(Subscription, on_delete=models.CASCADE, related_name="changes")
    old_item = TiedForeignKey(SubscriptionItem, on_delete=models.CASCADE, related_name="changes")
    new_item_id = models.UUIDField()
    """Id of the item that takes its place, and so of the lines that bill it; there is no such item before it has."""
    price = TiedForeignKey("commerce.Price", on_delete=models.PROTECT, related_name="plan_changes")
    description = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State)
    quote = models.JSONField()
    """What was shown before it was confirmed (`switching.Quote`)."""
    digest = models.CharField(max_length=40)
    consent = TiedForeignKey("commerce.ConsentRecord", on_delete=models.PROTECT, related_name="plan_changes")
    payment_method_id = models.UUIDField(null=True)
    invoice_id = models.UUIDField(null=True)
    """What is paid at once; nothing where the change is free today."""
    lapses_at = models.DateTimeField(null=True)
    """Until when a bank transfer is waited for; empty where a card is charged."""
    carried = models.JSONField(null=True)
    """Paid by bank transfer: the same, worked out anew for the day on which the money came."""
    asked_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(
                fields=["workspace", "subscription"], condition=models.Q(state="open"), name="change_one_open"
            ),
            models.UniqueConstraint(
                fields=["workspace", "subscription"], condition=models.Q(state="planned"), name="change_one_planned"
            ),
            models.UniqueConstraint(
                fields=["workspace", "invoice_id"],
                condition=models.Q(invoice_id__isnull=False),
                name="change_once_an_invoice",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["open", "planned"], settled_at__isnull=True)
                | models.Q(state__in=["done", "dropped", "taken_back"], settled_at__isnull=False),
                name="change_end_has_its_time",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "subscription"], name="change_of"),
            models.Index(fields=["workspace", "lapses_at"], condition=models.Q(state="open"), name="change_lapsing"),
        ]

    def __str__(self) -> str:
        return self.description

    @property
    def is_by_transfer(self) -> bool:
        """Whether its money is sent by the customer."""
        return self.lapses_at is not None
