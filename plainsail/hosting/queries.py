"""Which contracts are a business’s plan, what plans cost in words, and what their operator sees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from plainsail.commerce.models import Price, Product, Seller
from plainsail.commerce.services import terms
from plainsail.hosting.models import Plan
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import workspace
from plainsail.subscriptions.models import Subscription, SubscriptionItem
from plainsail.subscriptions.services import policies

KEY = "hosting:"


def seller_of_plans() -> Workspace | None:
    """The business that sells this installation's plans, if one does. One query."""
    return Workspace.objects.filter(is_operator=True).first()


def key_of(business: Workspace) -> str:
    """How contracts and orders name a business that they are for."""
    return f"{KEY}{business.id}"


def business_id(bought_for: str) -> UUID | None:
    """The business that is named; None where somebody else led to it. No query."""
    return UUID(bought_for.removeprefix(KEY)) if bought_for.startswith(KEY) else None


def contracts_of(business: Workspace) -> QuerySet[Subscription]:
    """Every contract of a business, in the operator's open workspace."""
    found: QuerySet[Subscription] = Subscription.objects.filter(bought_for=key_of(business))
    return found.select_related("account", "workspace")


def running(business: Workspace) -> Subscription | None:
    """Its contract that has not ended, in the operator's open workspace."""
    return contracts_of(business).filter(ended_at=None).order_by("-started_at", "-id").first()


def stated(plan: Plan, *, seller: Seller, at: datetime) -> str:
    """A plan and what it costs, tax included: “Studio: €29.00 every month until you cancel”."""
    return f"{plan.name}: {terms.sentence_of(terms.quote(plan.price, seller=seller, at=at))}"


def includes(plan: Plan) -> str:
    """What a plan is limited to, or an add-on adds: “2 people, 100 MB for files”; empty where that is nothing."""
    words = []
    if plan.people is not None:
        words.append(ngettext("%(number)d person", "%(number)d people", plan.people) % {"number": plan.people})
    if plan.domains is not None:
        words.append(ngettext("%(number)d domain", "%(number)d domains", plan.domains) % {"number": plan.domains})
    if plan.megabytes is not None:
        words.append(_("%(number)d MB for files") % {"number": plan.megabytes})
    return ", ".join(words)


def consent(seller: Seller) -> str:
    """The words under the prices that are chosen from, in the active language; kept together with what was chosen."""
    return _(
        "I subscribe to what is chosen above, from %(seller)s, at the prices stated there. My card is charged today and "
        "then at the start of each period. I can cancel online at any time."
    ) % {"seller": seller.legal_name}


def promised_days(business: Workspace) -> int:
    """For how many days after the end the plan of a business promised to leave its data: what stood when it was bought, or
    the operator's newer text where that gives more. 0 without a plan. Opens the operator's workspace; four queries."""
    seller = seller_of_plans()
    if seller is None:
        return 0
    with workspace(seller):
        bought = contracts_of(business).order_by("-started_at", "-id").first()
        if bought is None:
            return 0
        texts = (bought.terms["retention"], policies.terms()["retention"])
        return max(int(text["grace_days"]) for text in texts)


@dataclass(frozen=True)
class Holder:
    """A business that has a plan, by its contract; `business` is empty where it is gone."""

    business: str
    contract: Subscription
    items: list[str]
    """What it has, the plan first."""


def holders(seller: Workspace, *, limit: int = 200) -> list[Holder]:
    """Who has which plan, newest first, in the operator's open workspace. Four queries."""
    found = list(
        seller.subscriptions.filter(bought_for__startswith=KEY, ended_at=None)
        .select_related("account")
        .order_by("-started_at", "-id")[:limit]
    )
    names = dict(
        Workspace.objects.filter(id__in=[business_id(each.bought_for) for each in found]).values_list("id", "name")
    )
    items: dict[UUID, list[str]] = {}
    running = SubscriptionItem.objects.filter(subscription__in=found, ends_on=None).order_by("-role", "id")
    called = dict(seller.plans.values_list("price_id", "name"))
    for item in running:
        items.setdefault(item.subscription_id, []).append(called.get(item.price_id, item.description))
    return [
        Holder(names.get(business_id(each.bought_for) or each.id, ""), each, items.get(each.id, [])) for each in found
    ]


def plans_of(seller: Workspace) -> list[tuple[Plan, int]]:
    """Every plan with how many businesses have it, those on sale first; in the operator's open workspace. Two queries."""
    standing = SubscriptionItem.objects.filter(
        ends_on=None, subscription__ended_at=None, subscription__bought_for__startswith=KEY
    )
    number = dict(standing.order_by().values_list("price_id").annotate(number=Count("id")))
    found = seller.plans.select_related("price__product").order_by("-is_offered", "is_addon", "position", "id")
    return [(plan, number.get(plan.price_id, 0)) for plan in found]


def prices_to_choose(seller: Workspace) -> QuerySet[Price]:
    """Ordinary prices that could become plans, in the operator's open workspace."""
    fit = seller.prices.filter(
        payments=None, product__state=Product.State.ACTIVE, offers__is_live=True, plans=None
    ).exclude(interval="")
    found: QuerySet[Price] = fit.select_related("product").order_by("product__name", "unit_minor", "id").distinct()
    return found
