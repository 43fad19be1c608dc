"""Buying a plan at the ordinary checkout of the business that sells it: by whatever it takes payments by.

The owner is led there from Billing; the order knows which business it is for, and so does the contract that comes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from plainsail.accounts.services import hosts
from plainsail.commerce.models import Invoice, Offer, Order, Price
from plainsail.commerce.services import clocks, collecting, leading, sellers, transfer_orders
from plainsail.commerce.services.buyers import Buyer
from plainsail.hosting import queries
from plainsail.hosting.models import BillingLink, Plan
from plainsail.hosting.services import plans
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import workspace


class NoLongerSold(Refusal):
    """The plan isn't on sale, or its checkout page is closed."""

    code = "plan_not_sold"
    message = _("This plan isn’t sold any more. Please choose another one.")


class NotForThisBusiness(Refusal):
    """The business is gone, closed, or sells the plans itself."""

    code = "plan_not_for_this_business"
    message = _("No plan can be bought for this business.")


class AlreadyOrdered(Refusal):
    """Another plan is being paid for."""

    code = "plan_already_ordered"
    message = _("A plan for this business is ordered already and waits for its payment. Billing says how to go on.")


@dataclass(frozen=True)
class Waiting:
    """A plan that was ordered and waits for a bank transfer: what, and the page that says how to pay."""

    name: str
    url: str


def lead(business: Workspace, *, slug: str, at: datetime) -> None:
    """Begin to buy a plan: it is written down where the business buys, and `address` says where to go on.

    Raises NoPlans, NoLongerSold, NotForThisBusiness, AlreadyOnAPlan, AlreadyOrdered, SellerClosing.
    """
    seller = plans.operator()
    with workspace(seller):
        now = clocks.seller_now(at)
        sellers.selling(at=now)
        price = _offer_of(seller, slug).price
        plans.remember(business, seller)
        may_buy(queries.key_of(business), order=None, price=price, at=now)


def address(business: Workspace, *, slug: str, at: datetime) -> str:
    """Absolute address of the checkout on which a plan is bought for a business; good for a day. Changes nothing.

    Raises NoPlans, NoLongerSold, SellerClosing.
    """
    seller = plans.operator()
    payer = plans.payer_of(business)
    with workspace(seller):
        sellers.selling(at=clocks.seller_now(at))
        offer = _offer_of(seller, slug)
        buyer = Buyer(email=payer.email, name=payer.name, company=payer.business)
        return hosts.public_url(seller, leading.path(offer, bought_for=queries.key_of(business), buyer=buyer))


def _offer_of(seller: Workspace, slug: str) -> Offer:
    plan = seller.plans.filter(slug=slug, is_offered=True, is_addon=False).first()
    found: Offer | None = (
        Offer.objects.live().filter(price_id=plan.price_id).select_related("price").order_by("created_at", "id").first()
        if plan
        else None
    )
    if found is None:
        raise NoLongerSold
    return found


def may_buy(bought_for: str, *, order: Order | None, price: Price, at: datetime) -> None:
    """Refuse a plan that shouldn't be bought (any more), in the operator's workspace; see `commerce.sockets.MayBuy`.

    One business after the other has its plan charged: two orders at once would make two contracts.
    Raises NotForThisBusiness, AlreadyOnAPlan, AlreadyOrdered, NoLongerSold.
    """
    business_id = queries.business_id(bought_for)
    if business_id is None:
        return
    business = Workspace.objects.filter(id=business_id, state=Workspace.State.OPEN, is_operator=False).first()
    if business is None:
        raise NotForThisBusiness
    list(BillingLink.objects.select_for_update().filter(workspace=business).values("id"))
    own_id = order.id if order else None
    has = queries.running(business)
    if has is not None and (own_id is None or has.order_id != own_id):
        raise plans.AlreadyOnAPlan
    _refuse_second(bought_for, own_id)
    if (order is None or order.pay_by is None) and not Plan.objects.filter(price=price, is_offered=True).exists():
        raise NoLongerSold


def _refuse_second(bought_for: str, own_id: UUID | None) -> None:
    others = Order.objects.filter(bought_for=bought_for, state=Order.State.OPEN).exclude(id=own_id)
    if others.filter(pay_by__isnull=False).exists():
        raise AlreadyOrdered
    drafts = Invoice.objects.filter(order__in=others).values("id")
    if collecting.paying().filter(subject_id__in=drafts).exists():
        raise AlreadyOrdered


def waiting(business: Workspace) -> Waiting | None:
    """A plan that waits for its bank transfer, in the operator's open workspace."""
    order = Order.objects.filter(
        bought_for=queries.key_of(business), state=Order.State.OPEN, pay_by__isnull=False
    ).first()
    invoice = Invoice.objects.filter(order=order).order_by("created_at").first() if order else None
    if order is None or invoice is None or not invoice.awaits_transfer:
        return None
    return Waiting(order.lines.get(position=1).description, transfer_orders.url(invoice))
