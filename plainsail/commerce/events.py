"""What commerce tells the world. All times are the seller's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from plainsail.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class CheckoutStarted(Event):
    """Somebody said at a checkout who they are and that they want to buy; nothing is paid yet."""

    name: ClassVar[str] = "commerce.checkout_started"
    order_id: UUID
    product_id: UUID


@dataclass(frozen=True, kw_only=True)
class OrderPaid(Event):
    """A purchase is paid, or its trial has begun."""

    name: ClassVar[str] = "commerce.order_paid"
    order_id: UUID
    product_ids: list[str]
    """Ids of the products bought, as text."""
    amount_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class OrderGivenAhead(Event):
    """What was ordered is given before it is paid, because the seller trusts in its bank transfer."""

    name: ClassVar[str] = "commerce.order_given_ahead"
    order_id: UUID


@dataclass(frozen=True, kw_only=True)
class OrderLapsed(Event):
    """An order whose bank transfer was waited for wasn't paid in time; what was given ahead goes back."""

    name: ClassVar[str] = "commerce.order_lapsed"
    order_id: UUID


@dataclass(frozen=True, kw_only=True)
class CheckoutDeclined(Event):
    """Somebody tried to pay at a checkout and the bank said no."""

    name: ClassVar[str] = "commerce.checkout_declined"
    order_id: UUID
    decline_class: str


@dataclass(frozen=True, kw_only=True)
class OrderRefunded(Event):
    """An order, or a part of it, is credited and on its way back."""

    name: ClassVar[str] = "commerce.order_refunded"
    order_id: UUID
    credit_note_id: UUID
    amount_minor: int
    currency: str
    is_full: bool


@dataclass(frozen=True, kw_only=True)
class InvoiceRefunded(Event):
    """An invoice that belongs to no order, such as a renewal’s, or a part of it, is credited and on its way back."""

    name: ClassVar[str] = "commerce.invoice_refunded"
    invoice_id: UUID
    credit_note_id: UUID
    amount_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class InvoiceIssued(Event):
    """An invoice got its number; it never changes from now on."""

    name: ClassVar[str] = "commerce.invoice_issued"
    invoice_id: UUID


@dataclass(frozen=True, kw_only=True)
class InvoicePaid(Event):
    """Nothing is due on an invoice any more, because it was paid."""

    name: ClassVar[str] = "commerce.invoice_paid"
    invoice_id: UUID
    charge_id: UUID
    amount_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class InvoiceDeclined(Event):
    """A charge for an invoice was declined."""

    name: ClassVar[str] = "commerce.invoice_declined"
    invoice_id: UUID
    charge_id: UUID
    decline_class: str
    decline_code: str
    initiator: str


@dataclass(frozen=True, kw_only=True)
class RefundSettled(Event):
    """Money came back to a buyer."""

    name: ClassVar[str] = "commerce.refund_settled"
    invoice_id: UUID
    refund_id: UUID
    amount_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class RefundBounced(Event):
    """A refund failed: the money is still owed to the buyer, and somebody must see to it."""

    name: ClassVar[str] = "commerce.refund_failed"
    invoice_id: UUID
    refund_id: UUID
    amount_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class PaymentDisputed(Event):
    """A buyer's bank looks into a payment and holds its money; where it was accepted, the bank gives it back."""

    name: ClassVar[str] = "commerce.payment_disputed"
    invoice_id: UUID
    charge_id: UUID
    is_accepted: bool = False


@dataclass(frozen=True, kw_only=True)
class PaymentReleased(Event):
    """A dispute was won, and no other holds the payment: the bank gives its money free."""

    name: ClassVar[str] = "commerce.payment_released"
    invoice_id: UUID
    charge_id: UUID


@dataclass(frozen=True, kw_only=True)
class VatIdAnswered(Event):
    """VIES answered about the VAT id of a buyer whose invoice waited for it; the invoice has its number now."""

    name: ClassVar[str] = "commerce.vat_id_answered"
    invoice_id: UUID
    vat_id: str
    is_valid: bool
    returned_minor: int
    """Tax charged meanwhile that goes back."""
    currency: str
