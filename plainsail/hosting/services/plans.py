"""Taking a plan of this installation. Two transactions one after the other: the business’s facts, then the operator’s books.

The operator sells in an ordinary workspace of its own, with the same products, contracts, invoices and cancelling as
any business; nothing here knows a second way to charge or to cancel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import Membership, Role
from plainsail.commerce.models import BillingAccount, ConsentRecord, Invoice, Seller
from plainsail.commerce.services import buyers, clocks, sellers, terms, transfer_orders
from plainsail.commerce.services.buyers import Buyer
from plainsail.commerce.services.checkout import Trace
from plainsail.hosting import queries
from plainsail.hosting.models import BillingLink, Plan
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import workspace
from plainsail.payments.services import accounts, methods
from plainsail.payments.services.methods import CardRefused
from plainsail.subscriptions import queries as contract_queries
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import contracts, dunning, ending, renewal

NOWHERE = Trace()
"""Nobody pressed a button: a program took the plan."""


class NoPlans(Refusal):
    """This installation sells no plans."""

    code = "no_plans"
    message = _("This installation has no plans. Everything is included.")


class CardsElsewhere(Refusal):
    """Cards aren't typed on our page, or a plan begins with a trial: both are for the checkout (`buying`)."""

    code = "cards_elsewhere"
    message = _("This plan is paid at the checkout of the business that sells it. Please choose it once more.")


class AlreadyOnAPlan(Refusal):
    """One plan at a time."""

    code = "already_on_a_plan"
    message = _("This business already has a plan. Cancel it first, or change it.")


@dataclass(frozen=True)
class Payer:
    """Who pays for a business: its first owner."""

    name: str
    email: str
    business: str
    locale: str


def operator() -> Workspace:
    """The workspace in which this installation sells. Raises NoPlans where there is none."""
    found = queries.seller_of_plans()
    if found is None:
        raise NoPlans
    return found


def offered(seller: Workspace) -> list[Plan]:
    """Plans on sale, without add-ons. In the operator’s workspace."""
    return list(
        seller.plans.filter(is_offered=True, is_addon=False).select_related("price__product").order_by("position", "id")
    )


def payer_of(business: Workspace) -> Payer:
    """The first owner of a business, who gets the invoices."""
    owner = (
        Membership.objects.select_related("user")
        .filter(workspace=business, role=Role.OWNER)
        .order_by("created_at", "id")
        .first()
    )
    email, name = (owner.user.email, owner.user.name) if owner else ("", "")
    locale = (owner.user.locale if owner else "") or business.locale
    return Payer(name=name or business.name, email=email, business=business.name, locale=locale)


def account_of(business: Workspace, *, at: datetime) -> BillingAccount:
    """The account of whoever pays for a business, made at their first plan. In the operator’s workspace."""
    payer = payer_of(business)
    buyer = Buyer(email=payer.email, name=payer.name, company=payer.business, locale=payer.locale)
    return buyers.account_of(buyer, at=at)


def remember(business: Workspace, seller: Workspace) -> None:
    """Where the business buys its plan, for whoever has to find it from here."""
    BillingLink.objects.update_or_create(workspace=business, defaults={"operator": seller})


def are_sold_here(seller: Seller, on_sale: Sequence[Plan]) -> bool:
    """Whether a plan can be begun on our own page: by cards that are typed there, all of it charged at once. One query.

    Else the checkout leads to the gateway's page, takes bank transfers, begins trials.
    """
    is_plain = all(not plan.price.trial_days for plan in on_sale)
    return is_plain and accounts.takes_card_fields(seller.gateway_account) and transfer_orders.offered(seller) is None


def take(
    business: Workspace, *, slugs: Sequence[str], card: Mapping[str, str], trace: Trace = NOWHERE, at: datetime
) -> UUID:
    """Begin a plan with its add-ons, charged now to a card; returns the contract’s id. Opens its own transactions.

    The words agreed to (`queries.consent`) and the prices are kept in the active language, with where they were agreed to.

    Raises NoPlans, AlreadyOnAPlan, CardsElsewhere, and what the gateway says of the card (CardRefused).
    """
    seller = operator()
    with workspace(seller):
        now = clocks.seller_now(at)
        if business.is_operator or queries.running(business) is not None:
            raise AlreadyOnAPlan
        shop = sellers.selling(at=now)
        if not are_sold_here(shop, _chosen(seller, slugs)):
            raise CardsElsewhere
        remember(business, seller)
        account_id, rails = account_of(business, at=now).id, shop.gateway_account_id
    method = methods.add(
        seller.id, account_id=rails, payer_key=account_id, fields=card, verify=True, return_path="/", at=at
    )
    with workspace(seller):
        chosen = _chosen(seller, slugs)
        account = seller.billing_accounts.select_for_update().get(id=account_id)
        if queries.running(business) is not None:
            raise AlreadyOnAPlan
        contract = contracts.open_contract(
            account,
            prices=[plan.price for plan in chosen],
            payment_method_id=method.id,
            consent=_keep_consent(chosen, trace=trace, at=now),
            bought_for=queries.key_of(business),
            at=now,
        )
        contract_id: UUID = contract.id
    renewal.renew(seller.id, contract_id, at=now)
    with workspace(seller):
        is_paid = _keep_if_paid(contract_id, at=now)
    if not is_paid:
        raise CardRefused("number", _("The bank declined this card. Nothing was charged; please try another one."))
    return contract_id


def _chosen(seller: Workspace, slugs: Sequence[str]) -> list[Plan]:
    rows = seller.plans.filter(slug__in=slugs, is_offered=True).select_related("price__product")
    chosen = list(rows.order_by("is_addon", "position", "id"))
    if not chosen or chosen[0].is_addon:
        raise NoPlans
    return chosen


def _keep_consent(chosen: Sequence[Plan], *, trace: Trace, at: datetime) -> ConsentRecord:
    """What was agreed to, word for word as it stood on the page; the amount is that of all that was chosen, tax included."""
    seller = sellers.of_workspace(at=at)
    quotes = [terms.quote(plan.price, seller=seller, at=at) for plan in chosen]
    base = chosen[0].price
    made: ConsentRecord = ConsentRecord.objects.create(
        text="\n".join([*(queries.stated(plan, seller=seller, at=at) for plan in chosen), queries.consent(seller)]),
        price=base,
        amount_minor=sum(quote.today.minor for quote in quotes),
        currency=base.currency,
        interval=base.interval,
        interval_count=base.interval_count,
        ip=trace.ip,
        user_agent=trace.user_agent[:400],
        at=at,
        created_at=at,
    )
    return made


def _keep_if_paid(contract_id: UUID, *, at: datetime) -> bool:
    """Whether the first charge went through; a plan that was never paid ends at once, with nothing left to pay."""
    contract = Subscription.objects.select_related("account", "workspace").get(id=contract_id)
    if contract_queries.invoices_of(contract).filter(state=Invoice.State.PAID).exists():
        return True
    dunning.stop(contract, at=at)
    ending.end(contract, reason=Subscription.EndReason.PAYMENT_FAILED, at=at)
    return False
