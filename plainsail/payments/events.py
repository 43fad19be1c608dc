"""What payments tell the world. All times are wall time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from plainsail.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class MethodConfirmed(Event):
    """A way of paying that waited for its payer can be charged now."""

    name: ClassVar[str] = "payments.method_confirmed"
    method_id: UUID
    payer_key: UUID


@dataclass(frozen=True, kw_only=True)
class ChargeSucceeded(Event):
    """A charge took its amount."""

    name: ClassVar[str] = "payments.charge_succeeded"
    charge_id: UUID
    subject_id: UUID


@dataclass(frozen=True, kw_only=True)
class ChargeFailed(Event):
    """A charge was declined for good; another would be a new one."""

    name: ClassVar[str] = "payments.charge_failed"
    charge_id: UUID
    subject_id: UUID
    decline_class: str
    decline_code: str


@dataclass(frozen=True, kw_only=True)
class RefundSucceeded(Event):
    """A refund reached the payer's bank."""

    name: ClassVar[str] = "payments.refund_succeeded"
    refund_id: UUID
    charge_id: UUID


@dataclass(frozen=True, kw_only=True)
class RefundFailed(Event):
    """A refund came back: the money is still owed."""

    name: ClassVar[str] = "payments.refund_failed"
    refund_id: UUID
    charge_id: UUID
    failure_code: str


@dataclass(frozen=True, kw_only=True)
class DisputeOpened(Event):
    """A cardholder disputes a charge; the bank holds the money."""

    name: ClassVar[str] = "payments.dispute_opened"
    dispute_id: UUID
    charge_id: UUID
    subject_id: UUID


@dataclass(frozen=True, kw_only=True)
class DisputeDecided(Event):
    """A dispute was won or lost."""

    name: ClassVar[str] = "payments.dispute_decided"
    dispute_id: UUID
    charge_id: UUID
    subject_id: UUID
    is_won: bool
