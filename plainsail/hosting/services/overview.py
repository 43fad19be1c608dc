"""What the page about closing shows: the customers it concerns, the plan, what would be kept, what stands in the way."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from plainsail.commerce.services import shapes
from plainsail.hosting import queries
from plainsail.hosting.models import Closure, Export
from plainsail.hosting.services import billing as books
from plainsail.hosting.services import cancelling, certificates, closing, erasing, exporting, obstacles, retention
from plainsail.hosting.services.obstacles import Obstacle
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money
from plainsail.kernel.periods import Span
from plainsail.kernel.tenancy import workspace
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import winding_down

MOST_QUOTED = 200
"""Beyond so many contracts the sum of all refunds is not worked out for a page."""


@dataclass(frozen=True)
class Customers:
    """The business's own paying customers."""

    number: int = 0
    amounts: list[tuple[Money, str]] = field(default_factory=list)
    """What they pay, by how often."""
    refunds: list[Money] | None = None
    """What would go back if all ended now; None where there are too many to work it out."""
    last_end: datetime | None = None
    """When the last of them has been served."""


@dataclass(frozen=True)
class Overview:
    """All that the page shows."""

    closure: Closure | None
    customers: Customers
    plan: Subscription | None
    plan_ends_at: datetime | None
    plan_refund: Money | None
    """What comes back of the plan if everything is erased now."""
    kept: list[dict[str, str]]
    in_the_way: list[Obstacle]
    export: Export | None
    export_url: str
    grace_days: int
    grace_ends_at: datetime
    is_operator: bool


def of(business: Workspace, *, at: datetime) -> Overview:
    """Read it all. Opens the business's workspace and the operator's; some forty queries, and five a contract."""
    zone = business.timezone
    billing = books.billing_of(business, at=at)
    plan = billing.contract if billing.contract is not None and not billing.contract.is_ended else None
    promised = queries.promised_days(business)
    with workspace(business):
        closure = closing.in_force(business)
        customers = _customers(business, at=at)
        export = exporting.latest()
        policy = closure.policy if closure is not None else retention.standing(promised_days=promised, at=at)
        kept = certificates.kept_rows(erasing.would_keep(policy, at=at, zone=zone), zone=zone)
    return Overview(
        closure=closure,
        customers=customers,
        plan=plan,
        plan_ends_at=plan.scheduled_end_at or plan.renews_at if plan else None,
        plan_refund=cancelling.preview(business, at=at).now.refund if plan else None,
        kept=kept,
        in_the_way=obstacles.in_the_way(business, closure),
        export=export,
        export_url=exporting.url(export) if export is not None and export.state == Export.State.READY else "",
        grace_days=Span.parse(policy["grace"]).days,
        grace_ends_at=retention.after(policy, "grace", at, zone=zone),
        is_operator=business.is_operator,
    )


def _customers(business: Workspace, *, at: datetime) -> Customers:
    running = list(winding_down.running(business).prefetch_related("items")[: MOST_QUOTED + 1])
    if not running:
        return Customers()
    sums: dict[tuple[str, int, str], int] = defaultdict(int)
    for contract in running:
        for item in contract.items.all():
            sums[item.interval_unit, item.interval_count, contract.currency] += item.unit_minor * item.quantity
    is_many = len(running) > MOST_QUOTED
    ends = [moment for each in running if (moment := each.scheduled_end_at or each.renews_at) is not None]
    return Customers(
        number=winding_down.running(business).count(),
        amounts=[
            (Money(minor, currency), shapes.every(unit, count))
            for (unit, count, currency), minor in sorted(sums.items())
        ]
        if not is_many
        else [],
        refunds=None if is_many else winding_down.refunds_if_now(running, at=at),
        last_end=max(ends, default=None),
    )
