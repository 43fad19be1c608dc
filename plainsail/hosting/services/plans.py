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
from plainsail.commerce.models import BillingAccount, Invoice
from plainsail.commerce.services import buyers, clocks, sellers
from plainsail.commerce.services.buyers import Buyer
from plainsail.hosting.models import BillingLink, Plan
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import workspace
from plainsail.payments.services import accounts, methods
from plainsail.payments.services.methods import CardRefused
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import contracts, dunning, ending, renewal


class NoPlans(Refusal):
    """This installation sells no plans."""

    code = "no_plans"
    message = _("This installation has no plans. Everything is included.")


class CardsElsewhere(Refusal):
    """The operator's gateway has cards entered on its own page, and plans know no way there yet."""

    code = "cards_elsewhere"
    message = _("Plans can’t be paid here at the moment. Please ask whoever runs this installation.")


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
    found = Workspace.objects.filter(is_operator=True).order_by("created_at").first()
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


def account_of(business: Workspace, seller: Workspace, *, at: datetime) -> BillingAccount:
    """The business’s account at the operator, made at its first plan. In the operator’s workspace."""
    link = BillingLink.objects.filter(workspace=business).first()
    if link is not None:
        return seller.billing_accounts.get(id=link.account_id)
    payer = payer_of(business)
    buyer = Buyer(email=payer.email, name=payer.name, company=payer.business, locale=payer.locale)
    account = buyers.account_of(buyer, at=at)
    BillingLink.objects.create(workspace=business, operator=seller, account_id=account.id)
    return account


def take(business: Workspace, *, slugs: Sequence[str], card: Mapping[str, str], at: datetime) -> UUID:
    """Begin a plan with its add-ons, charged now to a card; returns the contract’s id. Opens its own transactions.

    Raises NoPlans, AlreadyOnAPlan, CardsElsewhere, and what the gateway says of the card (CardRefused).
    """
    seller = operator()
    with workspace(seller):
        now = clocks.seller_now(at)
        account = account_of(business, seller, at=now)
        if running(account) is not None:
            raise AlreadyOnAPlan
        gateway = sellers.selling(at=now).gateway_account
        if not accounts.takes_card_fields(gateway):
            raise CardsElsewhere
        account_id, rails = account.id, gateway.id
    method = methods.add(
        seller.id, account_id=rails, payer_key=account_id, fields=card, verify=True, return_path="/", at=at
    )
    with workspace(seller):
        prices = [
            plan.price
            for plan in seller.plans.filter(slug__in=slugs).select_related("price__product").order_by("is_addon")
        ]
        if not prices:
            raise NoPlans
        account = seller.billing_accounts.select_for_update().get(id=account_id)
        if running(account) is not None:
            raise AlreadyOnAPlan
        contract = contracts.open_contract(account, prices=prices, payment_method_id=method.id, at=now)
        contract_id: UUID = contract.id
    renewal.renew(seller.id, contract_id, at=now)
    with workspace(seller):
        is_paid = _keep_if_paid(contract_id, at=now)
    if not is_paid:
        raise CardRefused("number", _("The bank declined this card. Nothing was charged; please try another one."))
    return contract_id


def _keep_if_paid(contract_id: UUID, *, at: datetime) -> bool:
    """Whether the first charge went through; a plan that was never paid ends at once, with nothing left to pay."""
    contract = Subscription.objects.select_related("account", "workspace").get(id=contract_id)
    if queries.invoices_of(contract).filter(state=Invoice.State.PAID).exists():
        return True
    dunning.stop(contract, at=at)
    ending.end(contract, reason=Subscription.EndReason.PAYMENT_FAILED, at=at)
    return False


def running(account: BillingAccount) -> Subscription | None:
    """The account’s contract that has not ended."""
    found: Subscription | None = (
        account.subscriptions.filter(ended_at=None)
        .select_related("account", "workspace")
        .order_by("-started_at")
        .first()
    )
    return found
