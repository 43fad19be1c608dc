"""The billing page of a business, read from the operator’s books."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from plainsail.commerce.models import Seller
from plainsail.commerce.services import clocks, receipts, sellers, terms
from plainsail.hosting.models import BillingLink, Plan
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import workspace
from plainsail.payments.services import accounts
from plainsail.subscriptions import queries as contracts
from plainsail.subscriptions.models import PlanChange, Subscription, SubscriptionItem
from plainsail.subscriptions.services import documents, letters, links, planning, policies, pricing


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
    """What runs, each with the sentence that says what it costs and when; the plan first."""
    next_charge: str = ""
    planned: PlanChange | None = None
    """Another plan that begins when the time paid for is over."""
    card: Any = None
    card_url: str = ""
    """Where another card is entered for the contract, on the operator's site."""
    takes_cards: bool = True
    """Whether a card can be entered on our page, as beginning a plan asks for."""
    stated: dict[str, str] = field(default_factory=dict)
    """What each plan on sale costs, in words, by its slug."""
    consent: str = ""
    """The words that are agreed to by starting a plan."""
    invoices: list[InvoiceRow] = field(default_factory=list)
    receipt: dict[str, Any] | None = None
    receipt_url: str = ""
    """The cancellation's receipt to keep, on the operator's site."""


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
        now = clocks.seller_now(at)
        shop = _shop(seller, on_sale, now=now)
        return _of_account(shop, seller, link.account_id, now=now) if link is not None else shop


def _shop(operator: Workspace, on_sale: list[Plan], *, now: datetime) -> Billing:
    """What is sold and how, for who has nothing yet."""
    seller = sellers.of_workspace(at=now)
    return Billing(
        seller=operator,
        plans=on_sale,
        takes_cards=accounts.takes_card_fields(seller.gateway_account),
        stated={plan.slug: stated(plan, seller=seller, at=now) for plan in on_sale},
        consent=consent(seller),
    )


def stated(plan: Plan, *, seller: Seller, at: datetime) -> str:
    """A plan and what it costs, tax included: “Studio: €29.00 every month until you cancel”."""
    return f"{plan.name}: {terms.sentence_of(terms.quote(plan.price, seller=seller, at=at))}"


def consent(seller: Seller) -> str:
    """The words under the prices that are chosen from, in the active language; kept together with what was chosen."""
    return _(
        "I subscribe to what is chosen above, from %(seller)s, at the prices stated there. My card is charged today and "
        "then at the start of each period. I can cancel online at any time."
    ) % {"seller": seller.legal_name}


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


def _of_account(shop: Billing, seller: Workspace, account_id: UUID, *, now: datetime) -> Billing:
    found = seller.subscriptions.select_related("account", "workspace").filter(account_id=account_id)
    contract = found.order_by("-started_at", "-id").first()
    if contract is None:
        return shop
    made = contracts.last_cancellation(contract)
    return replace(
        shop,
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
        card_url="" if contract.is_ended else links.absolute(seller, links.pay_path(contract)),
        receipt=documents.receipt(made, now=now) if made else None,
        receipt_url=links.absolute(seller, links.receipt_path(made)) if made else "",
    )
