"""What a plan includes, brought to the business that has it: a shared row, which the business asks when it grows."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from plainsail.hosting import queries
from plainsail.hosting.models import LIMITS, Allowance, Plan
from plainsail.kernel.models import Workspace
from plainsail.subscriptions import queries as contracts
from plainsail.subscriptions.models import Subscription, SubscriptionItem


def allowed(workspace_id: UUID, what: str) -> int | None:
    """How many a business may have by its plan, or without one; None where that isn't limited. One query."""
    found = {
        row.workspace_id: row
        for row in Allowance.objects.filter(Q(workspace_id=workspace_id) | Q(workspace__is_operator=True))
    }
    if not found or Workspace.objects.filter(id=workspace_id, is_operator=True).exists():
        return None
    row = found.get(workspace_id) or next(iter(found.values()))
    return row.limits[what]


@transaction.atomic
def follow(contract_id: UUID) -> None:
    """Have a business may what its contract's items include, or what those without a plan may. Safe to call twice.

    In the operator's open workspace. Nothing for contracts that are no business's plan.
    """
    contract = Subscription.objects.filter(id=contract_id).first()
    business_id = queries.business_id(contract.bought_for) if contract else None
    business = Workspace.objects.filter(id=business_id).first() if business_id else None
    if business is None:
        return
    Workspace.objects.select_for_update(no_key=True).get(pk=business.pk)
    runs = queries.running(business)
    if runs is None:
        Allowance.objects.filter(workspace=business).delete()
        return
    Allowance.objects.update_or_create(workspace=business, defaults=included(runs))


def included(contract: Subscription) -> dict[str, int | None]:
    """What the items of a contract include together: the plan's, and what add-ons add. Two queries."""
    items = list(contracts.standing_items(contract))
    found = {plan.price_id: plan for plan in Plan.objects.filter(price_id__in=[item.price_id for item in items])}
    base = [found[item.price_id] for item in items if _is_base(item) and item.price_id in found]
    addons = [found[item.price_id] for item in items if not _is_base(item) and item.price_id in found]
    if not base:
        return dict.fromkeys(LIMITS)
    return {name: _together(base[0].limits[name], [plan.limits[name] for plan in addons]) for name in LIMITS}


def _is_base(item: SubscriptionItem) -> bool:
    return item.role == SubscriptionItem.Role.BASE


def _together(limit: int | None, added: list[int | None]) -> int | None:
    return None if limit is None else limit + sum(each or 0 for each in added)


def follow_plan(plan: Plan) -> None:
    """After a plan includes something else: every business that has it. Three queries for each."""
    items = SubscriptionItem.objects.filter(price_id=plan.price_id, subscription__ended_at=None)
    for contract_id in items.order_by("subscription_id").values_list("subscription_id", flat=True).distinct():
        follow(contract_id)


def without_plan(operator: Workspace) -> dict[str, int | None] | None:
    """What a business without a plan may have; None where it may have everything."""
    row = Allowance.objects.filter(workspace=operator).first()
    return row.limits if row else None


def limit_without_plan(operator: Workspace, limits: Mapping[str, int | None]) -> None:
    """Say what a business without a plan may have; without any limit it may have everything."""
    if all(limit is None for limit in limits.values()):
        Allowance.objects.filter(workspace=operator).delete()
        return
    Allowance.objects.update_or_create(workspace=operator, defaults={name: limits[name] for name in LIMITS})
