"""Contracts, what they consist of, and the declarations that end them.

Three axes stay apart: the contract's state is here; whether it is paid follows from its invoices; access is a grant.
A planned end is a date, not a state. A cancellation is three append-only facts: that it was declared, to which contract
it belongs and what was promised, and that it was taken back.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import (
    OwnedManager,
    OwnedQuerySet,
    TiedForeignKey,
    TiedOneToOneField,
    WorkspaceKey,
    WorkspaceOwned,
)
from plainsail.kernel.money import Money
from plainsail.kernel.periods import Cycle, Interval, local_date
from plainsail.subscriptions import addon_models, price_models  # noqa: F401  # tables of this area that point here
from plainsail.subscriptions.date_models import AskedBy, DateMove, Pause

__all__ = [
    "MOVED",
    "RENEWABLE",
    "AskedBy",
    "Cancellation",
    "CancellationQuote",
    "CancellationRequest",
    "CancellationUndo",
    "DateMove",
    "DunningCase",
    "Notice",
    "Pause",
    "PlanChange",
    "PolicyVersion",
    "RepeatedRequest",
    "Subscription",
    "SubscriptionItem",
]

MOVED = models.Q(renews_at__isnull=False) & (models.Q(notice_for=None) | ~models.Q(notice_for=models.F("renews_at")))
"""A contract whose next announcement isn't worked out for the days that it has now."""

RENEWABLE = models.Q(scheduled_end_at=None) | models.Q(
    is_charged_to_end=True, renews_at__lt=models.F("scheduled_end_at")
)
"""Running contracts whose next days will be charged for (`Subscription.may_renew`)."""


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
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["workspace", "subscription"], name="change_of")]

    def __str__(self) -> str:
        return self.description


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


class DunningCase(WorkspaceOwned):
    """A renewal invoice that a charge was declined for, and when it is tried again. Closed by payment, cancelling or giving up."""

    workspace = WorkspaceKey(related_name="dunning_cases")
    subscription = TiedForeignKey(Subscription, on_delete=models.CASCADE, related_name="dunning_cases")
    invoice_id = models.UUIDField()
    opened_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    counted = models.JSONField(default=list)
    """Ids of the declined charges that were counted: their events may come twice, and in any order."""
    closed_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "invoice_id"], name="dunning_once_an_invoice"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["workspace", "next_try_at"], name="dunning_next")]

    def __str__(self) -> str:
        return f"{self.invoice_id}, {self.tries} tries"


class PolicyVersion(WorkspaceOwned):
    """What a business promises about money back, declined charges or data, as it stood from a moment on. Append-only.

    Contracts keep a copy of what stood at their purchase (`Subscription.terms`); nothing points here.
    """

    class Kind(models.TextChoices):
        REFUND = "refund", _("money back")
        DUNNING = "dunning", _("declined charges")
        RETENTION = "retention", _("data after the end")
        PAUSING = "pausing", _("pauses and dates")

    workspace = WorkspaceKey(related_name="policy_versions")
    kind = models.CharField(max_length=10, choices=Kind)
    version = models.PositiveIntegerField()
    text = models.JSONField()
    """As `services/policies.py` (refund), `retries.py` (dunning), `limits.py` (retention), `allowances.py` (pausing) read it."""
    by = models.CharField(max_length=254, blank=True)
    """Who wrote it, in words that outlive the account; empty for the one that the program came with."""
    made_at = models.DateTimeField()
    back_to = models.PositiveIntegerField(null=True)
    """The version that it is a copy of, where somebody went back."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "kind", "version"], name="policy_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"


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
    """When it left; empty while nobody knows that it did."""

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
