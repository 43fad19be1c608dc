"""Add-ons that are bought for a running contract, and taken out of it again."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import TiedForeignKey, WorkspaceKey, WorkspaceOwned


class AddonOffer(WorkspaceOwned):
    """Whoever has a contract for one product may add another to it by themselves."""

    workspace = WorkspaceKey(related_name="addon_offers")
    base = TiedForeignKey("commerce.Product", on_delete=models.CASCADE, related_name="addon_offers")
    addon = TiedForeignKey("commerce.Product", on_delete=models.CASCADE, related_name="offered_to")

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "base", "addon"], name="addon_offer_once"),
            models.CheckConstraint(condition=~models.Q(base=models.F("addon")), name="addon_is_another_product"),
        ]

    def __str__(self) -> str:
        return f"{self.addon_id} for {self.base_id}"


class AddonOrder(WorkspaceOwned):
    """An add-on that a customer asked for: what was shown and agreed to, and what became of it."""

    class State(models.TextChoices):
        OPEN = "open", _("waits for its payment")
        DONE = "done", _("added")
        DROPPED = "dropped", _("not carried out")

    workspace = WorkspaceKey(related_name="addon_orders")
    subscription = TiedForeignKey("subscriptions.Subscription", on_delete=models.CASCADE, related_name="addon_orders")
    item_id = models.UUIDField()
    """Id of the item that comes of it, and so of the lines that bill it; there is no such item before it is paid."""
    price = TiedForeignKey("commerce.Price", on_delete=models.PROTECT, related_name="addon_orders")
    description = models.CharField(max_length=200)
    state = models.CharField(max_length=7, choices=State, default=State.OPEN)
    quote = models.JSONField()
    """What was shown before it was confirmed (`addons.Quote`)."""
    digest = models.CharField(max_length=40)
    consent = TiedForeignKey("commerce.ConsentRecord", on_delete=models.PROTECT, related_name="addon_orders")
    invoice_id = models.UUIDField(null=True)
    asked_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(
                fields=["workspace", "subscription"], condition=models.Q(state="open"), name="addon_order_one_open"
            ),
            models.UniqueConstraint(
                fields=["workspace", "invoice_id"],
                condition=models.Q(invoice_id__isnull=False),
                name="addon_order_once_an_invoice",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "subscription"], name="addon_order_of")
        ]

    def __str__(self) -> str:
        return self.description


class AddonRemoval(WorkspaceOwned):
    """The cancellation of one item of a contract, stamped on arrival, with what was promised."""

    workspace = WorkspaceKey(related_name="addon_removals")
    reference = models.CharField(max_length=20)
    item = TiedForeignKey("subscriptions.SubscriptionItem", on_delete=models.CASCADE, related_name="removals")
    quote = models.JSONField()
    """What was shown before it was confirmed (`quoting.Quote`, of this item alone)."""
    digest = models.CharField(max_length=40)
    received_at = models.DateTimeField()
    effective_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "reference"], name="addon_removal_reference"),
            models.UniqueConstraint(
                fields=["workspace", "item"], condition=models.Q(undone_at=None), name="addon_removal_in_force"
            ),
        ]

    def __str__(self) -> str:
        return self.reference
