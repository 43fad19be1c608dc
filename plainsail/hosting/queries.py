"""The billing page of a business, read from the operator’s books."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from plainsail.commerce.services import clocks, receipts
from plainsail.hosting.models import BillingLink, Plan
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import workspace
from plainsail.subscriptions import queries as contracts
from plainsail.subscriptions.models import PlanChange, Subscription, SubscriptionItem
from plainsail.subscriptions.services import documents, letters, planning, policies, pricing


@dataclass(frozen=True)
class InvoiceRow:
    """An invoice in the list."""

    number: str
    issued_at: datetime
    state: str
    amount: Any
    url: str


@dataclass(frozen=True)
class Billing:
    """What the billing page shows. `contract` is None where no plan runs or ever ran."""

    seller: Workspace | None = None
    plans: list[Plan] = field(default_factory=list)
    contract: Subscription | None = None
    items: list[tuple[SubscriptionItem, str]] = field(default_factory=list)
    """Each with the sentence that says what it costs and when."""
    """What runs, each with how often it is charged; the plan first."""
    next_charge: str = ""
    planned: PlanChange | None = None
    """Another plan that begins when the time paid for is over."""
    card: Any = None
    invoices: list[InvoiceRow] = field(default_factory=list)
    receipt: dict[str, Any] | None = None


def billing_of(business: Workspace, *, at: datetime) -> Billing:
    """The plan of a business, its next charge, card, invoices. Opens the operator’s workspace; about ten queries."""
    seller = Workspace.objects.filter(is_operator=True).order_by("created_at").first()
    if seller is None:
        return Billing()
    link = BillingLink.objects.filter(workspace=business).first()
    with workspace(seller):
        on_sale = list(
            seller.plans.filter(is_offered=True).select_related("price__product").order_by("is_addon", "position")
        )
        if link is None:
            return Billing(seller=seller, plans=on_sale)
        return _of_account(seller, on_sale, link.account_id, now=clocks.seller_now(at))


def promised_days(business: Workspace) -> int:
    """For how many days after the end the plan of a business promised to leave its data: what stood when it was bought, or
    the operator's newer text where that gives more. 0 without a plan. Opens the operator's workspace; four queries."""
    seller = Workspace.objects.filter(is_operator=True).order_by("created_at").first()
    link = BillingLink.objects.filter(workspace=business).first()
    if seller is None or link is None:
        return 0
    with workspace(seller):
        bought = seller.subscriptions.filter(account_id=link.account_id).order_by("-started_at", "-id").first()
        if bought is None:
            return 0
        texts = (bought.terms["retention"], policies.terms()["retention"])
        return max(int(text["grace_days"]) for text in texts)


def _of_account(seller: Workspace, on_sale: list[Plan], account_id: UUID, *, now: datetime) -> Billing:
    found = seller.subscriptions.select_related("account", "workspace").filter(account_id=account_id)
    contract = found.order_by("-started_at", "-id").first()
    if contract is None:
        return Billing(seller=seller, plans=on_sale)
    made = contracts.last_cancellation(contract)
    return Billing(
        seller=seller,
        plans=on_sale,
        contract=contract,
        items=[
            (item, pricing.sentence(item, item.price()))
            for item in contracts.standing_items(contract).order_by("-role", "id")
        ],
        next_charge=letters.next_charge(contract),
        planned=planning.planned(contract),
        card=seller.payment_methods.filter(id=contract.payment_method_id).first()
        if contract.payment_method_id
        else None,
        invoices=[
            InvoiceRow(row.number, row.issued_at, row.get_state_display(), row.gross, receipts.url(row))
            for row in contracts.invoices_of(contract)
            if row.issued_at is not None
        ],
        receipt=documents.receipt(made, now=now) if made else None,
    )
