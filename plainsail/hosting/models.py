"""Plans of this installation, who pays for which business, and how a business closes, is taken along and is erased."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.allowances import DOMAINS, MEGABYTES, PEOPLE
from plainsail.kernel.models import (
    Base,
    OwnedManager,
    OwnedQuerySet,
    TiedForeignKey,
    Workspace,
    WorkspaceKey,
    WorkspaceOwned,
)

LIMITS = (PEOPLE, DOMAINS, MEGABYTES)


class Plan(WorkspaceOwned):
    """What the operator sells to businesses: a recurring price of a product, as the plan itself or an add-on to it."""

    workspace = WorkspaceKey(related_name="plans")
    price = TiedForeignKey("commerce.Price", on_delete=models.PROTECT, related_name="plans")
    slug = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    description = models.TextField(blank=True)
    is_addon = models.BooleanField(default=False)
    is_offered = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)
    people = models.PositiveIntegerField(null=True, blank=True)
    """What it includes, or adds to the plan as an add-on; empty where that isn't limited, or nothing is added."""
    domains = models.PositiveIntegerField(null=True, blank=True)
    megabytes = models.PositiveIntegerField(null=True, blank=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "slug"], name="plan_slug"),
            models.UniqueConstraint(fields=["workspace", "price"], name="plan_of_price"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def limits(self) -> dict[str, int | None]:
        """What it includes, by what can be limited (`kernel.allowances`)."""
        return {name: getattr(self, name) for name in LIMITS}


class BillingLink(Base):
    """Where a business buys its plan. Shared: it joins two workspaces, which never nest.

    Which contracts there are its own, they say themselves (`services.held`).
    """

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="billing_link")
    operator = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="billing_links")

    def __str__(self) -> str:
        return f"{self.workspace_id} pays at {self.operator_id}"


class Allowance(Base):
    """How much a business may have, by its plan. Shared: the plan is the operator's row, the business asks for itself.

    The row of the business that sells plans is for those without one; where there is none, they are not limited.
    """

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="allowance")
    people = models.PositiveIntegerField(null=True)
    domains = models.PositiveIntegerField(null=True)
    megabytes = models.PositiveIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.workspace_id}: {self.people}, {self.domains}, {self.megabytes}"

    @property
    def limits(self) -> dict[str, int | None]:
        return {name: getattr(self, name) for name in LIMITS}


class ClosureQuerySet(OwnedQuerySet["Closure"]):
    def in_force(self) -> ClosureQuerySet:
        """Those that nobody took back."""
        return self.exclude(state=Closure.State.REOPENED)


class Closure(WorkspaceOwned):
    """A business on its way out: what was asked for, by whom, and how far it is. What happened on the way are its facts."""

    class State(models.TextChoices):
        REOPENED = "open", _("taken back")
        WINDING_DOWN = "winding_down", _("winding down")
        CLOSING = "closing", _("closed")
        ERASING = "erasing", _("being erased")
        ERASED = "erased", _("erased")

    class Customers(models.TextChoices):
        """What becomes of the business's own paying customers."""

        PAID_THROUGH = "period_end", _("Each contract ends when what is paid for has been served")
        REFUND = "now", _("Each contract ends now, and what is not served is paid back")

    CAN_REOPEN: ClassVar[tuple[State, ...]] = (State.WINDING_DOWN, State.CLOSING)

    workspace = WorkspaceKey(related_name="closures")
    state = models.CharField(max_length=12, choices=State, default=State.WINDING_DOWN)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    email = models.EmailField(blank=True)
    """The owner's, for what is to be told when nobody can sign in any more; emptied when the certificate is on its way."""
    locale = models.CharField(max_length=10, blank=True)
    customers = models.CharField(max_length=10, choices=Customers, default=Customers.PAID_THROUGH)
    policy = models.JSONField(default=dict)
    """The retention policy as it stood when it was asked for."""
    closed_at = models.DateTimeField(null=True)
    erase_at = models.DateTimeField(null=True)
    erase_asked_at = models.DateTimeField(null=True)
    """When the owner asked for the erasure itself, without waiting for the end of the grace."""
    answer_by = models.DateField(null=True)
    """By when that has to be answered (GDPR, art. 12(3))."""
    erased_at = models.DateTimeField(null=True)
    certificate = models.JSONField(default=dict)
    """What was erased and what is kept, as it stands on the certificate."""
    proof_until = models.DateTimeField(null=True)

    objects: ClassVar[OwnedManager] = OwnedManager.from_queryset(ClosureQuerySet)()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(
                fields=["workspace"], condition=~models.Q(state="open"), name="closure_one_in_force"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workspace_id} {self.state}"

    @property
    def can_reopen(self) -> bool:
        return self.state in self.CAN_REOPEN


class ClosureFact(WorkspaceOwned):
    """Something that happened while a business closed. Append-only."""

    workspace = WorkspaceKey(related_name="closure_facts")
    closure = TiedForeignKey(Closure, on_delete=models.CASCADE, related_name="facts")
    at = models.DateTimeField()
    kind = models.CharField(max_length=30)
    details = models.JSONField(default=dict)

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "closure", "at", "id"], name="facts_of_closure")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d}"


class Export(WorkspaceOwned):
    """Everything of a business in one archive: asked for, being made, ready for a while."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        MAKING = "making", _("being made")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")
        GONE = "gone", _("removed")

    workspace = WorkspaceKey(related_name="exports")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    rows_total = models.PositiveBigIntegerField(default=0)
    rows_done = models.PositiveBigIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "-asked_at", "-id"], name="exports_latest")
        ]

    def __str__(self) -> str:
        return f"{self.asked_at:%Y-%m-%d} {self.state}"

    @property
    def percent(self) -> int:
        """How much is done; 99 until all is."""
        return min(99, self.rows_done * 100 // self.rows_total) if self.rows_total else 0

    @property
    def is_under_way(self) -> bool:
        return self.state in {self.State.WAITING, self.State.MAKING}


class KeptRecord(WorkspaceOwned):
    """What the law wants kept of an erased business: a copy of chosen columns, apart from the product, until its day."""

    workspace = WorkspaceKey(related_name="kept_records")
    table = models.CharField(max_length=80)
    """Label of the model it was copied from."""
    category = models.CharField(max_length=30)
    row = models.JSONField()
    kept_until = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "kept_until"], name="kept_until"),
            models.Index(fields=["workspace", "category"], name="kept_by_category"),
        ]

    def __str__(self) -> str:
        return f"{self.table} until {self.kept_until:%Y-%m-%d}"
