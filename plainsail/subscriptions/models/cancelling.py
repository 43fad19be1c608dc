"""The declarations that end contracts.

A cancellation is three append-only facts: that it was declared, to which contract it belongs and what was promised, and
that it was taken back.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.models import Order
from plainsail.kernel.models import (
    OwnedManager,
    OwnedQuerySet,
    TiedForeignKey,
    TiedOneToOneField,
    WorkspaceKey,
    WorkspaceOwned,
)
from plainsail.subscriptions.models.contracts import Subscription


class CancellationQuote(WorkspaceOwned):
    """What was shown before somebody confirmed: it must be met, or bettered."""

    workspace = WorkspaceKey(related_name="cancellation_quotes")
    subscription = TiedForeignKey(Subscription, on_delete=models.CASCADE, related_name="quotes")
    quoted_at = models.DateTimeField()
    result = models.JSONField()
    digest = models.CharField(max_length=40)

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["workspace", "subscription"], name="quote_of")]

    def __str__(self) -> str:
        return self.digest[:8]


class CancellationRequest(WorkspaceOwned):
    """A declaration as it arrived, stamped on arrival. Append-only: the database refuses to change or delete one."""

    class Door(models.TextChoices):
        PORTAL = "portal", _("customer’s account")
        BILLING = "billing", _("billing page")
        LINK = "link", _("link in a receipt")
        PUBLIC = "public", _("public page")
        WITHDRAWAL = "withdrawal", _("withdrawal page")
        STAFF = "staff", _("recorded by staff")
        API = "api", _("API")
        SELLER = "seller", _("the business closes")
        AUTOMATION = "automation", _("by an automation")

    class Kind(models.TextChoices):
        ORDINARY = "ordinary", _("cancellation")
        EXTRAORDINARY = "extraordinary", _("cancellation for cause")
        WITHDRAWAL = "withdrawal", _("withdrawal")
        SELLER_CLOSING = "seller_closing", _("end, because the business closes")
        PRICE_CHANGE = "price_change", _("end, because a new price wasn’t agreed to")

    workspace = WorkspaceKey(related_name="cancellation_requests")
    reference = models.CharField(max_length=20)
    door = models.CharField(max_length=10, choices=Door)
    kind = models.CharField(max_length=14, choices=Kind)
    payload = models.JSONField()
    """What was entered, word for word."""
    email = models.CharField(max_length=254, blank=True)
    """Where the confirmation goes, as given; empty where the address on file serves."""
    reason_code = models.CharField(max_length=20, blank=True)
    feedback = models.TextField(blank=True)
    received_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "reference"], name="cancellation_reference"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "-received_at"], name="cancellation_received")
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_sellers(self) -> bool:
        """Not the customer's will: the business closes."""
        return self.kind == self.Kind.SELLER_CLOSING


class CancellationQuerySet(OwnedQuerySet["Cancellation"]):
    def in_force(self) -> CancellationQuerySet:
        """Those that nobody took back."""
        return self.filter(undo=None)


class Cancellation(WorkspaceOwned):
    """A declaration found to belong to a contract, with what follows from it. Append-only, like the declaration."""

    workspace = WorkspaceKey(related_name="cancellations")
    request = TiedOneToOneField(CancellationRequest, on_delete=models.PROTECT, related_name="cancellation")
    subscription = TiedForeignKey(Subscription, on_delete=models.PROTECT, related_name="cancellations")
    quote = TiedForeignKey(CancellationQuote, on_delete=models.PROTECT, related_name="cancellations")
    effective_at = models.DateTimeField()
    matched_at = models.DateTimeField()

    objects: ClassVar[OwnedManager] = OwnedManager.from_queryset(CancellationQuerySet)()

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "subscription"], name="cancellation_of")
        ]

    def __str__(self) -> str:
        return f"{self.request_id} ends {self.subscription_id}"

    @property
    def is_undone(self) -> bool:
        return hasattr(self, "undo")


class CancellationUndo(WorkspaceOwned):
    """A cancellation taken back before its effective moment."""

    workspace = WorkspaceKey(related_name="cancellation_undos")
    cancellation = TiedOneToOneField(Cancellation, on_delete=models.PROTECT, related_name="undo")
    undone_at = models.DateTimeField()
    by = models.CharField(max_length=20)

    def __str__(self) -> str:
        return f"{self.cancellation_id} undone"


class RepeatedRequest(WorkspaceOwned):
    """A declaration about a contract that another one ends at least as soon: kept as it came, with nothing left to do."""

    workspace = WorkspaceKey(related_name="repeated_requests")
    request = TiedOneToOneField(CancellationRequest, on_delete=models.PROTECT, related_name="repetition")
    cancellation = TiedForeignKey(Cancellation, on_delete=models.PROTECT, related_name="repetitions")

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "cancellation"], name="repetition_of")
        ]

    def __str__(self) -> str:
        return f"{self.request_id} says {self.cancellation_id} again"


class SettledRequest(WorkspaceOwned):
    """A declaration that belongs to no contract, and what a person did about it: paid an order back, or put it aside."""

    workspace = WorkspaceKey(related_name="settled_requests")
    request = TiedOneToOneField(CancellationRequest, on_delete=models.PROTECT, related_name="settled")
    order = TiedForeignKey(Order, on_delete=models.PROTECT, related_name="withdrawals", null=True)
    """What was withdrawn from; empty where it was put aside."""
    words = models.CharField(max_length=300, blank=True)
    by = models.CharField(max_length=254)
    """Who settled it, in words that outlive the account."""
    settled_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "order"], name="withdrawals_of_order")
        ]

    def __str__(self) -> str:
        return f"{self.request_id} settled by {self.by}"
