"""Making this installation a seller of plans: the business that sells them, and which of its prices are plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.accounts.services import audit, workspaces
from plainsail.commerce.models import Price
from plainsail.commerce.services import catalogue
from plainsail.commerce.services.catalogue import PriceTerms
from plainsail.hosting import queries
from plainsail.hosting.models import Allowance, Closure, Plan
from plainsail.hosting.services import including
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.subscriptions.models import AddonOffer, Subscription
from plainsail.subscriptions.services import addons


class AlreadySelling(Refusal):
    """Another business sells this installation's plans."""

    code = "already_selling"
    message = _("Another business sells the plans of this installation. Only one can.")


class BusinessClosing(Refusal):
    """A business on its way out sells nothing new."""

    code = "business_closing"
    message = _("This business is closed or closes: it can’t sell plans.")


class HasAPlan(Refusal):
    """A business that pays for a plan can't be its own customer."""

    code = "has_a_plan"
    message = _("This business has a plan of its own, or had one. Choose another business to sell plans.")


class PlansRun(Refusal):
    """Businesses have contracts for plans; somebody has to sell them until these have ended."""

    code = "plans_run"
    message = _("Businesses have plans of this one. Stop selling each plan instead; whoever has one keeps it.")


class NotAPlan(Refusal):
    """The price isn't one that is paid again and again, isn't for sale, or is a plan already."""

    code = "not_a_plan"
    message = _("Choose a price that is on sale, is paid again and again until it is cancelled, and is no plan yet.")


NOTHING_LIMITED: Mapping[str, int | None] = {"people": None, "domains": None, "megabytes": None}


@dataclass(frozen=True, kw_only=True)
class Sold:
    """A plan or add-on to be put on sale with a product of its own, each month."""

    slug: str
    name: str
    description: str
    price: Money
    is_addon: bool = False
    limits: Mapping[str, int | None] = field(default_factory=lambda: dict(NOTHING_LIMITED))


@transaction.atomic
def open_shop(owner: User, *, name: str, sold: list[Sold], at: datetime) -> Workspace:
    """A new business that sells plans; the one that is there already where there is one."""
    found = queries.seller_of_plans()
    if found is not None:
        return found
    made = workspaces.create(name=name, owner=owner, at=at)
    open_in(made, by=owner, at=at)
    with workspace(made):
        for plan in sold:
            offer(plan, at=at)
    return made


@transaction.atomic
def open_in(business: Workspace, *, by: User | None, at: datetime) -> None:
    """Let a business sell this installation's plans. Opens its workspace. Twice is fine.

    Raises AlreadySelling, BusinessClosing, HasAPlan.
    """
    with workspace(business):
        now = Workspace.objects.select_for_update(no_key=True).get(pk=business.pk)
        if now.is_operator:
            return
        if now.state != Workspace.State.OPEN or Closure.objects.in_force().exists():
            raise BusinessClosing
        if hasattr(now, "billing_link"):
            raise HasAPlan
        try:
            with transaction.atomic():
                Workspace.objects.filter(pk=business.pk).update(is_operator=True)
        except IntegrityError as error:
            raise AlreadySelling from error
        audit.record("hosting.shop_opened", by=by, at=at, subject=business.name)
    business.is_operator = True


@transaction.atomic
def close_shop(business: Workspace, *, by: User | None, at: datetime) -> None:
    """Sell no plans any more: everything is included again for everybody. In the open workspace. Raises PlansRun."""
    Workspace.objects.select_for_update(no_key=True).get(pk=business.pk)
    if Subscription.objects.filter(bought_for__startswith=queries.KEY, ended_at=None).exists():
        raise PlansRun
    Plan.objects.update(is_offered=False)
    Allowance.objects.filter(workspace=business).delete()
    Workspace.objects.filter(pk=business.pk).update(is_operator=False)
    audit.record("hosting.shop_closed", by=by, at=at, subject=business.name)
    business.is_operator = False


@transaction.atomic
def offer(plan: Sold, *, at: datetime) -> Plan:
    """Put a plan on sale with a new product of its own, in the operator's open workspace."""
    terms = PriceTerms(amount=plan.price, interval="month")
    product = catalogue.create_product(name=plan.name, description=plan.description, terms=terms, at=at)
    price = Price.objects.select_related("product").get(product=product)
    return put_on_sale(
        price,
        name=plan.name,
        description=plan.description,
        slug=plan.slug,
        is_addon=plan.is_addon,
        limits=plan.limits,
        by=None,
        at=at,
    )


@transaction.atomic
def put_on_sale(
    price: Price,
    *,
    name: str,
    limits: Mapping[str, int | None],
    by: User | None,
    at: datetime,
    description: str = "",
    slug: str = "",
    is_addon: bool = False,
) -> Plan:
    """Make an ordinary recurring price a plan, in the operator's open workspace. Raises NotAPlan."""
    if not is_fit(price):
        raise NotAPlan(field="price")
    last = Plan.objects.order_by("-position").values_list("position", flat=True).first()
    try:
        with transaction.atomic():
            made: Plan = Plan.objects.create(
                price=price,
                slug=_free_slug(slug or slugify(name) or "plan"),
                name=name,
                description=description,
                is_addon=is_addon,
                position=0 if last is None else last + 1,
                created_at=at,
                **limits,
            )
    except IntegrityError as error:
        raise NotAPlan(field="price") from error
    _offer_addons(at=at)
    audit.record("hosting.plan_offered", by=by, at=at, subject=name)
    return made


def is_fit(price: Price) -> bool:
    """Whether a price can be a plan: paid until it is cancelled, of a product for sale that has a checkout page. One query."""
    return price.is_endless and price.product.is_for_sale and price.offers.filter(is_live=True).exists()


def _free_slug(wanted: str) -> str:
    taken = set(Plan.objects.filter(slug__startswith=wanted[:34]).values_list("slug", flat=True))
    names = [wanted[:40], *(f"{wanted[:34]}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


def _offer_addons(*, at: datetime) -> None:
    """Every add-on on sale can be added to every plan by whoever has one, in their account as with any contract."""
    on_sale = list(Plan.objects.filter(is_offered=True).select_related("price__product"))
    for plan in on_sale:
        for addon in on_sale:
            if addon.is_addon and not plan.is_addon and addon.price.product_id != plan.price.product_id:
                addons.offer_to(plan.price.product, addon.price.product, at=at)


@transaction.atomic
def change(
    plan: Plan, *, name: str, description: str, limits: Mapping[str, int | None], by: User | None, at: datetime
) -> Plan:
    """Change words, and what a plan includes from now on for whoever has it; in the operator's open workspace."""
    plan.name, plan.description = name, description
    for what, limit in limits.items():
        setattr(plan, what, limit)
    plan.save(update_fields=["name", "description", *limits])
    including.follow_plan(plan)
    audit.record("hosting.plan_changed", by=by, at=at, subject=plan.name)
    return plan


@transaction.atomic
def stop_selling(plan: Plan, *, by: User | None, at: datetime) -> None:
    """Nobody can take it any more; whoever has it keeps it. In the operator's open workspace."""
    Plan.objects.filter(id=plan.id).update(is_offered=False)
    if plan.is_addon:
        AddonOffer.objects.filter(addon__prices__plans=plan).delete()
    audit.record("hosting.plan_stopped", by=by, at=at, subject=plan.name)


@transaction.atomic
def sell_again(plan: Plan, *, by: User | None, at: datetime) -> None:
    """Undo `stop_selling`. Raises NotAPlan where its price can't be bought any more."""
    if not is_fit(plan.price):
        raise NotAPlan
    Plan.objects.filter(id=plan.id).update(is_offered=True)
    _offer_addons(at=at)
    audit.record("hosting.plan_offered", by=by, at=at, subject=plan.name)
