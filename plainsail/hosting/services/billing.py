"""Everything that the billing page of a business shows, read from the operator’s books."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from plainsail.commerce.services import clocks, receipts, sellers
from plainsail.hosting import queries
from plainsail.hosting.models import Plan
from plainsail.hosting.services import buying, plans
from plainsail.hosting.services.buying import Waiting
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import workspace
from plainsail.subscriptions import queries as contracts
from plainsail.subscriptions.models import PlanChange, Subscription, SubscriptionItem
from plainsail.subscriptions.services import documents, letters, links, planning, pricing


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
    """Whether a plan is begun by a card that is typed on our page; else it is bought at the operator's checkout."""
    is_seller: bool = False
    """The business sells the plans itself."""
    waiting: Waiting | None = None
    """A plan that was ordered and waits for its bank transfer."""
    addons_url: str = ""
    """Where add-ons are added to the contract, on the operator's site; empty where none are sold."""
    stated: dict[str, str] = field(default_factory=dict)
    """What each plan on sale costs, in words, by its slug."""
    included: list[tuple[Plan, str]] = field(default_factory=list)
    """What each of them includes, in words; empty where nothing is limited."""
    consent: str = ""
    """The words that are agreed to by starting a plan."""
    invoices: list[InvoiceRow] = field(default_factory=list)
    receipt: dict[str, Any] | None = None
    receipt_url: str = ""
    """The cancellation's receipt to keep, on the operator's site."""

    @property
    def is_limited(self) -> bool:
        """Whether what is on sale differs in what it includes."""
        return any(words for _plan, words in self.included)

    @property
    def has_plans(self) -> bool:
        """Whether there is anything but add-ons on sale."""
        return any(not plan.is_addon for plan in self.plans)


def billing_of(business: Workspace, *, at: datetime) -> Billing:
    """The plan of a business, its next charge, card, invoices. Opens the operator’s workspace; about ten queries."""
    seller = queries.seller_of_plans()
    if seller is None:
        return Billing()
    if seller.id == business.id:
        return Billing(seller=seller, is_seller=True)
    with workspace(seller):
        on_sale = list(
            seller.plans.filter(is_offered=True).select_related("price__product").order_by("is_addon", "position")
        )
        now = clocks.seller_now(at)
        shop = _shop(seller, on_sale, now=now)
        return _of_business(shop, seller, business, now=now)


def _shop(operator: Workspace, on_sale: list[Plan], *, now: datetime) -> Billing:
    """What is sold and how, for who has nothing yet."""
    seller = sellers.of_workspace(at=now)
    return Billing(
        seller=operator,
        plans=on_sale,
        takes_cards=plans.are_sold_here(seller, on_sale),
        stated={plan.slug: queries.stated(plan, seller=seller, at=now) for plan in on_sale},
        included=[(plan, queries.includes(plan)) for plan in on_sale],
        consent=queries.consent(seller),
    )


def _of_business(shop: Billing, seller: Workspace, business: Workspace, *, now: datetime) -> Billing:
    contract = queries.contracts_of(business).order_by("-started_at", "-id").first()
    if contract is None or contract.is_ended:
        shop = replace(shop, waiting=buying.waiting(business))
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
        addons_url=links.account_url(contract) if any(plan.is_addon for plan in shop.plans) else "",
        receipt=documents.receipt(made, now=now) if made else None,
        receipt_url=links.absolute(seller, links.receipt_path(made)) if made else "",
    )
