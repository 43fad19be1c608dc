"""Cancelling the plan of a business: the same declaration, quote and receipt as any customer’s."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from plainsail.commerce.services import clocks
from plainsail.hosting import queries
from plainsail.hosting.models import BillingLink
from plainsail.hosting.services import plans
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import workspace
from plainsail.subscriptions import queries as contracts
from plainsail.subscriptions.models import CancellationRequest, Subscription
from plainsail.subscriptions.services import cancellation, declaring, winding_down
from plainsail.subscriptions.services.quoting import Quote, When


class NoPlan(Refusal):
    """The business has no running plan."""

    code = "no_plan"
    status = 404


@dataclass(frozen=True)
class Preview:
    """Both ways to end the plan, to the cent."""

    subscription: Subscription
    at_period_end: Quote
    now: Quote
    later: Quote | None = None
    """To the end of a day that was asked for."""


def contract_of(business: Workspace) -> Subscription:
    """The running contract of a business. In the operator’s workspace. Raises NoPlan."""
    found = queries.running(business)
    if found is None:
        raise NoPlan
    return found


def preview(business: Workspace, *, at: datetime, last_on: date | None = None) -> Preview:
    """What cancelling would do: at once, as early as possible, and on a later day if one is named. Changes nothing.

    Raises NoPlans, NoPlan.
    """
    seller = plans.operator()
    with workspace(seller):
        now = clocks.seller_now(at)
        contract = contract_of(business)
        return Preview(
            contract,
            cancellation.preview(contract, when="period_end", at=now),
            cancellation.preview(contract, when="now", at=now),
            cancellation.preview(contract, when="period_end", last_on=last_on, at=now) if last_on else None,
        )


def own_customers(business: Workspace) -> int:
    """How many contracts of the business's own customers run, which the end of its plan leaves as they are. One query."""
    with workspace(business):
        return int(winding_down.running(business).count())


def cancel(business: Workspace, data: Mapping[str, Any], *, at: datetime) -> UUID:
    """Declare and put in force what the page showed; returns the cancellation’s id. Raises QuoteChanged, AlreadyEnded."""
    seller = plans.operator()
    with workspace(seller):
        now = clocks.seller_now(at)
        contract = contract_of(business)
        made_id: UUID = declaring.cancel(contract, data, door=CancellationRequest.Door.BILLING, at=now).id
        return made_id


def undo(business: Workspace, *, at: datetime) -> None:
    """Take the cancellation back before it takes effect. Raises NothingToUndo."""
    seller = plans.operator()
    with workspace(seller):
        now = clocks.seller_now(at)
        cancellation.undo(contract_of(business), by="customer", at=now)


def stop(business: Workspace, *, at: datetime) -> UUID | None:
    """The business closes: its plan ends when the time it has paid for is over; returns the cancellation, if it made one."""
    return _declare_end(business, "period_end", at=at)


def end_now(business: Workspace, *, at: datetime) -> UUID | None:
    """The business is erased: what still runs of its plan ends at once, and what the policy gives comes back."""
    return _declare_end(business, "now", at=at)


def undo_if(business: Workspace, cancellation_id: str, *, at: datetime) -> None:
    """Take back the cancellation that the closing made, if it is the one in force and its day hasn't come."""
    link = BillingLink.objects.filter(workspace=business).first()
    if link is None:
        return
    with workspace(link.operator_id):
        now = clocks.seller_now(at)
        contract = queries.running(business)
        standing = contracts.in_force(contract) if contract is not None else None
        if contract is None or standing is None or str(standing.id) != cancellation_id or standing.effective_at <= now:
            return
        cancellation.undo(contract, by="customer", at=now)


def _declare_end(business: Workspace, when: When, *, at: datetime) -> UUID | None:
    link = BillingLink.objects.filter(workspace=business).first()
    if link is None:
        return None
    with workspace(link.operator_id):
        now = clocks.seller_now(at)
        contract = queries.running(business)
        if contract is None or (when == "period_end" and contracts.in_force(contract) is not None):
            return None
        data = {"when": when}
        declaration = declaring.from_confirm_page(data, contract, door=CancellationRequest.Door.BILLING)
        request = declaring.declare(declaration, received_at=now)
        made_id: UUID = cancellation.put_in_force(request, contract, when=when, at=now).id
        return made_id
