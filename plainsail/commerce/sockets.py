"""What areas above plug into commerce: contracts that begin with an order, steps of the test clock, notes on receipts,

what shows that a payment was due, and when it wasn’t.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from django.utils.functional import Promise

from plainsail.commerce.models import Invoice, Order, OrderLine, Price
from plainsail.kernel.models import Workspace
from plainsail.kernel.registry import Registry
from plainsail.payments.models import Dispute


class Begin(Protocol):
    """Start the contract of a recurring line, in the transaction in which its order is paid. Idempotent by `line.item_id`."""

    def __call__(self, order: Order, line: OrderLine, *, payment_method_id: UUID, at: datetime) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Recurring:
    """Who makes contracts of recurring prices."""

    begin: Begin


@dataclass(frozen=True, order=True)
class ClockStep:
    """Something that falls due at a moment of the seller's time. Earlier first, then lower priority, then key."""

    due_at: datetime
    priority: int
    key: str


@dataclass(frozen=True, kw_only=True)
class ClockSource:
    """Who has things fall due. `upcoming(until)` is asked in the workspace for the earliest step until then;

    `run(workspace_id, step, at)` does it outside any transaction, after which it is upcoming no more. `moved(by, at)` is told
    in the workspace that the test clock went ahead of the wall's: what is kept in the wall's time comes that much sooner.
    """

    upcoming: Callable[[datetime], ClockStep | None]
    run: Callable[[UUID, ClockStep, datetime], None]
    moved: Callable[[timedelta, datetime], None] | None = None


@dataclass(frozen=True)
class ReceiptNote:
    """A sentence, and where it leads."""

    text: str
    link_label: str = ""
    link_url: str = ""


class ReceiptNotes(Protocol):
    """Notes on the receipt of an invoice, or of an order without one; asked in the workspace."""

    def __call__(self, invoice: Invoice | None, order: Order | None, *, at: datetime) -> Sequence[ReceiptNote]: ...


class MayBuy(Protocol):
    """Refuse a purchase on somebody's behalf that shouldn't be (any more); asked in the workspace, before it is placed or charged.

    `order` is the purchase where it exists already. Raises Refusal.
    """

    def __call__(self, bought_for: str, *, order: Order | None, price: Price, at: datetime) -> None: ...


class OrderFacts(Protocol):
    """What staff should see of an order, such as its contract; asked in the workspace."""

    def __call__(self, order: Order, *, at: datetime) -> Sequence[ReceiptNote]: ...


@dataclass(frozen=True, kw_only=True)
class WithdrawalPage:
    """Where consumers withdraw; `address` gives the absolute address on a business's own host."""

    label: str | Promise
    address: Callable[[Workspace], str]


@dataclass(frozen=True, kw_only=True)
class SalesTab:
    """A further room of Sales, such as subscriptions. `url` names a page of the workspace; `pages` are others in it."""

    label: str | Promise
    url: str
    order: int = 0
    pages: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One line of an exhibit; `at` where it says that something happened then, in the wall's time."""

    label: str
    text: str
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """What shows one thing about a payment, with documents that bear it out: a file's name to its bytes."""

    key: str
    title: str
    facts: Sequence[Fact]
    papers: Mapping[str, bytes] = field(default_factory=dict)


class Evidence(Protocol):
    """What shows that a disputed payment was due, beyond what commerce knows itself; asked in the workspace."""

    def __call__(self, invoice: Invoice, *, at: datetime) -> Sequence[Exhibit]: ...


class Concession(Protocol):
    """Whether the customer is right to dispute a payment, so that it isn't answered but accepted; asked in the workspace."""

    def __call__(self, dispute: Dispute, invoice: Invoice) -> bool: ...


class Onward(Protocol):
    """Where a buyer goes who has paid an order: a path of the site, or None where it is not theirs. Asked in the workspace."""

    def __call__(self, order: Order) -> str | None: ...


BOUGHT = "ps_bought"
"""The cookie that says which order was just paid, as `services.one_click` reads it."""
AFTER_PURCHASE: Registry[Onward] = Registry("commerce.after_purchase")
MAY_BUY: Registry[MayBuy] = Registry("commerce.may_buy")
"""Asked only of purchases that an area above led to the checkout (`services.leading`)."""
SALES_TABS: Registry[SalesTab] = Registry("commerce.sales_tabs")
RECURRING: Registry[Recurring] = Registry("commerce.recurring")
CLOCK_ACTIONS: Registry[ClockSource] = Registry("commerce.clock_actions")
RECEIPT_NOTES: Registry[ReceiptNotes] = Registry("commerce.receipt_notes")
ORDER_FACTS: Registry[OrderFacts] = Registry("commerce.order_facts")
WITHDRAWALS: Registry[WithdrawalPage] = Registry("commerce.withdrawals")
EVIDENCE: Registry[Evidence] = Registry("commerce.evidence")
CONCESSIONS: Registry[Concession] = Registry("commerce.concessions")
