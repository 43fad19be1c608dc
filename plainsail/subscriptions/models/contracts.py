"""Contracts and what they consist of.

Three axes stay apart: the contract's state is here; whether it is paid follows from its invoices; access is a grant.
A planned end is a date, not a state.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import (
    TiedForeignKey,
    WorkspaceKey,
    WorkspaceOwned,
)
from plainsail.kernel.money import Money
from plainsail.kernel.periods import Cycle, Interval, local_date

MOVED = models.Q(renews_at__isnull=False) & (models.Q(notice_for=None) | ~models.Q(notice_for=models.F("renews_at")))
"""A contract whose next announcement isn't worked out for the days that it has now."""

RENEWABLE = models.Q(scheduled_end_at=None) | models.Q(
    is_charged_to_end=True, renews_at__lt=models.F("scheduled_end_at")
)
"""Running contracts whose next days will be charged for (`Subscription.may_renew`)."""


class Standing(models.TextChoices):
    """Whether a contract is paid. It follows from its invoices and is kept nowhere."""

    CURRENT = "current", _("paid up")
    PAST_DUE = "past_due", _("a payment is open")
    UNCOLLECTIBLE = "uncollectible", _("a payment never came")


class Subscription(WorkspaceOwned):
    """A contract that renews: who, what, since when, and until when if its end is planned."""

    class State(models.TextChoices):
        TRIALING = "trialing", _("trial")
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")
        ENDED = "ended", _("ended")
        EXPIRED = "expired", _("expired")

    class EndReason(models.TextChoices):
        CANCELLED = "cancelled", _("cancelled")
        WITHDRAWN = "withdrawn", _("withdrawn from")
        PAYMENT_FAILED = "payment_failed", _("payment failed")
        SELLER_CLOSED = "seller_closed", _("the seller closed")
        PAID_OFF = "paid_off", _("paid off: what was bought is kept")

    workspace = WorkspaceKey(related_name="subscriptions")
    reference = models.CharField(max_length=20)
    account = TiedForeignKey("commerce.BillingAccount", on_delete=models.PROTECT, related_name="subscriptions")
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    anchor_on = models.DateField()
    """The local day from which every boundary is computed. Only asking for another day moves it (`DateMove`)."""
    timezone = models.CharField(max_length=64)
    """IANA zone, frozen at the start."""
    currency = models.CharField(max_length=3)
    started_at = models.DateTimeField()
    trial_ends_at = models.DateTimeField(null=True)
    renews_at = models.DateTimeField(null=True)
    """Start of the first local day that is not invoiced yet; nothing to renew where it is empty."""
    charge_from = models.DateTimeField(null=True)
    """What begins at `renews_at` isn't charged before: a trial ends at noon, and a charge waits for its announcement."""
    notice_at = models.DateTimeField(null=True)
    """When the next announcement falls due, worked out for `notice_for`; nothing to announce yet where it is empty."""
    notice_for = models.DateTimeField(null=True)
    """The `renews_at` that `notice_at` was worked out for: where they differ, it has to be worked out again."""
    scheduled_end_at = models.DateTimeField(null=True)
    is_charged_to_end = models.BooleanField(default=False)
    """Whether it renews until its planned end, because a later day was asked for; else a planned end means no charge more."""
    resumes_at = models.DateTimeField(null=True)
    """When a resting contract goes on by itself; a day that was asked for as it was paused, with what is charged then."""
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=20, choices=EndReason, blank=True)
    payment_method_id = models.UUIDField(null=True)
    order_id = models.UUIDField(null=True)
    """The purchase that began it; its words are kept with it."""
    bought_for = models.CharField(max_length=60, blank=True)
    """Whom it is for, where an area above led its buyer to it (`commerce.services.leading`); empty for most."""
    consent = TiedForeignKey("commerce.ConsentRecord", on_delete=models.PROTECT, related_name="contracts", null=True)
    """What was agreed to, of a contract that no order began."""
    terms = models.JSONField(default=dict)
    """Policies as they stood at the purchase: {"refund": …, "retention": …, "dunning": …}."""
    previous = TiedForeignKey("self", on_delete=models.SET_NULL, related_name="successors", null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "reference"], name="subscription_reference"),
            models.UniqueConstraint(
                fields=["workspace", "order_id"],
                name="subscription_once_an_order",
                condition=models.Q(order_id__isnull=False),
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["ended", "expired"], ended_at__isnull=False)
                | models.Q(state__in=["trialing", "active", "paused"], ended_at__isnull=True),
                name="subscription_end_has_its_time",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "renews_at"], name="subscription_renewal"),
            models.Index(fields=["workspace", "scheduled_end_at"], name="subscription_end"),
            models.Index(fields=["workspace", "notice_at"], name="subscription_notice"),
            models.Index(
                fields=["workspace", "resumes_at"],
                condition=models.Q(resumes_at__isnull=False),
                name="subscription_resumption",
            ),
            models.Index(fields=["workspace", "id"], condition=MOVED, name="subscription_moved"),
            models.Index(
                fields=["workspace", "charge_from"],
                condition=models.Q(charge_from__isnull=False),
                name="subscription_held",
            ),
            models.Index(
                fields=["workspace", "bought_for"], condition=~models.Q(bought_for=""), name="subscription_led"
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_ended(self) -> bool:
        return self.state in {self.State.ENDED, self.State.EXPIRED}

    @property
    def is_paid_off(self) -> bool:
        """It is over because its last payment was made; what it opened stays open."""
        return self.end_reason == self.EndReason.PAID_OFF

    @property
    def is_ending(self) -> bool:
        """Its end is planned and has not come."""
        return not self.is_ended and self.scheduled_end_at is not None

    @property
    def last_charged_until(self) -> date | None:
        """The local day on which its charges stop though its items go on; none where nothing but their ends stops them."""
        if not self.is_charged_to_end or self.scheduled_end_at is None:
            return None
        return local_date(self.scheduled_end_at, self.timezone)

    @property
    def may_renew(self) -> bool:
        """Whether what falls due is charged: no end is planned, or one that lies beyond what is paid for."""
        if self.is_ended or self.renews_at is None:
            return False
        return self.scheduled_end_at is None or (self.is_charged_to_end and self.renews_at < self.scheduled_end_at)


class SubscriptionItem(WorkspaceOwned):
    """One recurring line of a contract: the plan itself or an add-on, each with its own interval.

    Its id is the item id of the invoice lines that bill it.
    """

    class Role(models.TextChoices):
        BASE = "base", _("plan")
        ADDON = "addon", _("add-on")

    workspace = WorkspaceKey(related_name="subscription_items")
    subscription = TiedForeignKey(Subscription, on_delete=models.CASCADE, related_name="items")
    product = TiedForeignKey("commerce.Product", on_delete=models.PROTECT, related_name="subscription_items")
    price_id = models.UUIDField()
    role = models.CharField(max_length=5, choices=Role, default=Role.BASE)
    description = models.CharField(max_length=200)
    quantity = models.PositiveIntegerField(default=1)
    unit_minor = models.BigIntegerField()
    tax_behavior = models.CharField(max_length=9, default="inclusive")
    interval_unit = models.CharField(max_length=5)
    """Empty for what is paid once."""
    interval_count = models.PositiveSmallIntegerField(default=1)
    payments = models.PositiveSmallIntegerField(null=True)
    """How many there are in all, or in each cycle; empty where it is paid until it is cancelled."""
    cycle_unit = models.CharField(max_length=5, blank=True)
    cycle_count = models.PositiveSmallIntegerField(default=1)
    runs_until = models.DateField(null=True)
    """First local day that is never charged for, because all payments have been made by then; empty where they never are."""
    starts_on = models.DateField()
    charged_through = models.DateField()
    """First local day that is not invoiced yet."""
    ends_on = models.DateField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.CheckConstraint(condition=models.Q(unit_minor__gte=0, quantity__gte=1), name="item_has_a_price"),
            models.CheckConstraint(
                condition=models.Q(runs_until__isnull=True) | models.Q(charged_through__lte=models.F("runs_until")),
                name="item_not_charged_beyond_its_last",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["workspace", "subscription"], name="item_of")]

    def __str__(self) -> str:
        return self.description

    @property
    def interval(self) -> Interval:
        """How often it is paid. Of what is paid once: a day, that of its payment."""
        if self.is_once:
            return Interval("day")
        return Interval(self.interval_unit, self.interval_count)  # type: ignore[arg-type]  # checked by Interval

    @property
    def is_once(self) -> bool:
        return not self.interval_unit

    @property
    def cycle(self) -> Cycle | None:
        """In which instalments begin anew, if they do."""
        if not self.cycle_unit or self.payments is None:
            return None
        return Cycle(Interval(self.cycle_unit, self.cycle_count), self.payments)  # type: ignore[arg-type]  # checked by Interval

    @property
    def is_endless(self) -> bool:
        """Paid the same again and again until it is cancelled: what can rest, be moved and take another plan's place."""
        return not self.is_once and self.payments is None

    def price(self) -> Money:
        """What one period costs."""
        return Money(self.unit_minor * self.quantity, self.subscription.currency)
