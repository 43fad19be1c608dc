"""What contracts tell the world."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from plainsail.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class SubscriptionStarted(Event):
    """A contract began: bought, paid or on trial."""

    name: ClassVar[str] = "subscriptions.started"
    subscription_id: UUID


@dataclass(frozen=True, kw_only=True)
class SubscriptionRenewed(Event):
    """A new period was invoiced and paid."""

    name: ClassVar[str] = "subscriptions.renewed"
    subscription_id: UUID
    invoice_id: UUID
    amount_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class RenewalFailed(Event):
    """A charge for a new period was declined; another try follows unless it was the last."""

    name: ClassVar[str] = "subscriptions.renewal_failed"
    subscription_id: UUID
    invoice_id: UUID
    decline_class: str


@dataclass(frozen=True, kw_only=True)
class SubscriptionCancelled(Event):
    """A cancellation is in force: the contract ends at `effective_at` unless it is taken back."""

    name: ClassVar[str] = "subscriptions.cancelled"
    subscription_id: UUID
    cancellation_id: UUID
    effective_at: datetime


@dataclass(frozen=True, kw_only=True)
class CancellationUndone(Event):
    """A cancellation was taken back: the contract renews as before."""

    name: ClassVar[str] = "subscriptions.cancellation_undone"
    subscription_id: UUID
    cancellation_id: UUID


@dataclass(frozen=True, kw_only=True)
class SubscriptionPaused(Event):
    """A contract rests: nothing is invoiced, and what it opened closes when the time paid for is over."""

    name: ClassVar[str] = "subscriptions.paused"
    subscription_id: UUID


@dataclass(frozen=True, kw_only=True)
class SubscriptionResumed(Event):
    """A contract that rested goes on."""

    name: ClassVar[str] = "subscriptions.resumed"
    subscription_id: UUID


@dataclass(frozen=True, kw_only=True)
class ChargeDateMoved(Event):
    """The next charge of a contract comes on another day, and those after it count from there."""

    name: ClassVar[str] = "subscriptions.charge_date_moved"
    subscription_id: UUID
    move_id: UUID


@dataclass(frozen=True, kw_only=True)
class PlanChangePlanned(Event):
    """Another plan takes the place of a contract’s when the time paid for is over, unless that is taken back."""

    name: ClassVar[str] = "subscriptions.plan_change_planned"
    subscription_id: UUID
    change_id: UUID


@dataclass(frozen=True, kw_only=True)
class PlanChangeTakenBack(Event):
    """A planned change was taken back: the contract renews as before."""

    name: ClassVar[str] = "subscriptions.plan_change_taken_back"
    subscription_id: UUID
    change_id: UUID


@dataclass(frozen=True, kw_only=True)
class PlanChanged(Event):
    """Another plan has taken the place of a contract’s."""

    name: ClassVar[str] = "subscriptions.plan_changed"
    subscription_id: UUID
    change_id: UUID
    from_product_id: UUID
    to_product_id: UUID


@dataclass(frozen=True, kw_only=True)
class AddonAdded(Event):
    """A customer added something to a running contract."""

    name: ClassVar[str] = "subscriptions.addon_added"
    subscription_id: UUID
    item_id: UUID
    product_id: UUID


@dataclass(frozen=True, kw_only=True)
class AddonRemoved(Event):
    """A customer cancelled one add-on of a contract; the contract goes on."""

    name: ClassVar[str] = "subscriptions.addon_removed"
    subscription_id: UUID
    item_id: UUID
    product_id: UUID


@dataclass(frozen=True, kw_only=True)
class SubscriptionEnded(Event):
    """A contract is over; nothing is charged for it again."""

    name: ClassVar[str] = "subscriptions.ended"
    subscription_id: UUID
    reason: str
