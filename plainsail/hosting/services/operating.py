"""Making this installation a seller of plans: the operator's own workspace, with its products and plans."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from plainsail.accounts.models import User
from plainsail.accounts.services import workspaces
from plainsail.commerce.models import Price
from plainsail.commerce.services import catalogue
from plainsail.commerce.services.catalogue import PriceTerms
from plainsail.hosting.models import Plan
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace


@dataclass(frozen=True, kw_only=True)
class Sold:
    """A plan or add-on to be put on sale, each month."""

    slug: str
    name: str
    description: str
    price: Money
    is_addon: bool = False


@transaction.atomic
def open_shop(owner: User, *, name: str, sold: list[Sold], at: datetime) -> Workspace:
    """The operator's workspace with plans on sale; the one that is there already where there is one."""
    found = Workspace.objects.filter(is_operator=True).order_by("created_at").first()
    if found is not None:
        return found
    made = workspaces.create(name=name, owner=owner, at=at)
    Workspace.objects.filter(id=made.id).update(is_operator=True)
    with workspace(made):
        for position, plan in enumerate(sold):
            offer(plan, position=position, at=at)
    made.refresh_from_db()
    return made


@transaction.atomic
def offer(plan: Sold, *, position: int, at: datetime) -> Plan:
    """Put a plan on sale, in the operator's open workspace."""
    terms = PriceTerms(amount=plan.price, interval="month")
    product = catalogue.create_product(name=plan.name, description=plan.description, terms=terms, at=at)
    made: Plan = Plan.objects.create(
        price=Price.objects.get(product=product),
        slug=plan.slug,
        name=plan.name,
        description=plan.description,
        is_addon=plan.is_addon,
        position=position,
        created_at=at,
    )
    return made
