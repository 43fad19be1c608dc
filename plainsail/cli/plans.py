"""`plainsail plans`: what this installation sells to its businesses, by the same services as the pages."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from plainsail.cli.closing import find
from plainsail.cli.errors import Refused


class CannotSell(Refused):
    """What was asked for can't be done; the message says why."""


class NoShop(Refused):
    """No business sells plans."""


class NoSuchPlan(Refused):
    """The business sells nothing under this name."""


def lines(*, at: datetime) -> Iterator[str]:
    """Who sells, each plan with its price and how many businesses have it, then who has which."""
    from plainsail.commerce.services import clocks, sellers
    from plainsail.hosting import queries
    from plainsail.kernel.tenancy import workspace

    shop = _shop()
    yield f"{shop.name} ({shop.slug}) sells the plans of this installation."
    with workspace(shop):
        now = clocks.seller_now(at)
        seller = sellers.of_workspace(at=now)
        for plan, number in queries.plans_of(shop):
            state = "" if plan.is_offered else ", not sold any more"
            kind = "add-on, " if plan.is_addon else ""
            stated = queries.stated(plan, seller=seller, at=now)
            yield f"  {plan.slug}: {stated} ({kind}{queries.includes(plan) or 'nothing is limited'}{state}); {number} have it"
        for holder in queries.holders(shop):
            yield f"  {holder.business or holder.contract.account}: {', '.join(holder.items)} ({holder.contract.reference})"


def _shop() -> Any:
    from plainsail.hosting import queries

    found = queries.seller_of_plans()
    if found is None:
        raise NoShop("No business sells plans. Begin with: plainsail plans open WORKSPACE")
    return found


def open_shop(slug: str, *, at: datetime) -> str:
    """Let a business sell the plans. Raises NoSuchBusiness, CannotSell."""
    from plainsail.hosting.services import operating
    from plainsail.kernel.errors import Refusal

    business = find(slug)
    try:
        operating.open_in(business, by=None, at=at)
    except Refusal as refusal:
        raise CannotSell(str(refusal)) from refusal
    return (
        f"{business.name} sells the plans of this installation now. Put one on sale with: plainsail plans add CHECKOUT"
    )


def add(checkout: str, *, name: str, is_addon: bool, limits: Mapping[str, int | None], at: datetime) -> str:
    """Make the price that a checkout page of the business sells a plan. Raises NoShop, NoSuchPlan, CannotSell."""
    from plainsail.hosting.services import operating
    from plainsail.kernel.errors import Refusal
    from plainsail.kernel.tenancy import workspace

    shop = _shop()
    with workspace(shop):
        offer = shop.offers.select_related("price__product").filter(slug=checkout).first()
        if offer is None:
            raise NoSuchPlan(f"{shop.name} has no checkout page /checkout/{checkout}/.")
        try:
            made = operating.put_on_sale(
                offer.price, name=name or offer.name[:80], is_addon=is_addon, limits=limits, by=None, at=at
            )
        except Refusal as refusal:
            raise CannotSell(str(refusal)) from refusal
    return f"On sale: {made.name} ({made.slug})."


def stop(slug: str, *, at: datetime) -> str:
    """Sell a plan no more; who has it keeps it. Raises NoShop, NoSuchPlan."""
    from plainsail.hosting.services import operating
    from plainsail.kernel.tenancy import workspace

    shop = _shop()
    with workspace(shop):
        plan = shop.plans.filter(slug=slug).first()
        if plan is None:
            raise NoSuchPlan(f"There is no plan {slug!r}.")
        operating.stop_selling(plan, by=None, at=at)
    return f"Not sold any more: {plan.name}. Who has it keeps it."
