"""Pauses of contracts, and moves of their next charge to another day: what was asked for, shown and agreed to."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import TiedForeignKey, WorkspaceKey, WorkspaceOwned


class AskedBy(models.TextChoices):
    """Who asked for a pause or another day: a customer agreed to its words, staff did it for them, or nobody paid."""

    CUSTOMER = "customer", _("the customer")
    STAFF = "staff", _("staff")
    POLICY = "policy", _("the policy, because nobody paid")


class Pause(WorkspaceOwned):
    """A contract's rest: who asked for it, until when, and what was shown to be charged as it goes on."""

    workspace = WorkspaceKey(related_name="pauses")
    subscription = TiedForeignKey("subscriptions.Subscription", on_delete=models.CASCADE, related_name="pauses")
    by = models.CharField(max_length=8, choices=AskedBy)
    resumes_on = models.DateField(null=True)
    shown_minor = models.BigIntegerField(null=True)
    """What going on that day costs, as it was shown; it goes on by itself for no more than that."""
    consent = TiedForeignKey("commerce.ConsentRecord", on_delete=models.PROTECT, related_name="pauses", null=True)
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(
                fields=["workspace", "subscription"], condition=models.Q(ended_at=None), name="pause_one_at_a_time"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["workspace", "subscription"], name="pause_of")]

    def __str__(self) -> str:
        return f"{self.subscription_id} rests since {self.asked_at:%Y-%m-%d}"


class DateMove(WorkspaceOwned):
    """The next charge of a contract moved to another day: a new anchor, and what became of the days in between."""

    class Days(models.TextChoices):
        GIVEN = "given", _("given")
        CHARGED = "charged", _("charged for themselves")
        CREDITED = "credited", _("paid back")

    workspace = WorkspaceKey(related_name="date_moves")
    subscription = TiedForeignKey("subscriptions.Subscription", on_delete=models.CASCADE, related_name="date_moves")
    by = models.CharField(max_length=8, choices=AskedBy)
    from_on = models.DateField()
    to_on = models.DateField()
    days = models.CharField(max_length=8, choices=Days)
    old_anchor_on = models.DateField()
    quote = models.JSONField()
    """What was shown before it was confirmed (`rescheduling.Move`)."""
    consent = TiedForeignKey("commerce.ConsentRecord", on_delete=models.PROTECT, related_name="date_moves", null=True)
    asked_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.CheckConstraint(condition=~models.Q(from_on=models.F("to_on")), name="date_move_moves"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "subscription"], name="date_move_of")
        ]

    def __str__(self) -> str:
        return f"{self.from_on:%Y-%m-%d} to {self.to_on:%Y-%m-%d}"
