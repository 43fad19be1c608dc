"""Cancelling the plan of a business: the same declaration, quote and receipt as any customer’s."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from plainsail.commerce.services import clocks
from plainsail.hosting.services import plans
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import workspace
from plainsail.subscriptions.models import CancellationRequest, Subscription
from plainsail.subscriptions.services import cancellation, declaring
from plainsail.subscriptions.services.quoting import Quote


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


def contract_of(business: Workspace, seller: Workspace, *, at: datetime) -> Subscription:
    """The running contract of a business. In the operator’s workspace. Raises NoPlan."""
    found = plans.running(plans.account_of(business, seller, at=at))
    if found is None:
        raise NoPlan
    return found


def preview(business: Workspace, *, at: datetime) -> Preview:
    """What cancelling would do. Changes nothing. Raises NoPlans, NoPlan."""
    seller = plans.operator()
    with workspace(seller):
        now = clocks.seller_now(at)
        contract = contract_of(business, seller, at=now)
        return Preview(
            contract,
            cancellation.preview(contract, when="period_end", at=now),
            cancellation.preview(contract, when="now", at=now),
        )


def cancel(business: Workspace, data: Mapping[str, Any], *, at: datetime) -> UUID:
    """Declare and put in force what the page showed; returns the cancellation’s id. Raises QuoteChanged, AlreadyEnded."""
    seller = plans.operator()
    with workspace(seller):
        now = clocks.seller_now(at)
        contract = contract_of(business, seller, at=now)
        if data["when"] == "now":
            cancellation.keep_promise(contract, shown_minor=data.get("shown_refund") or 0, at=now)
        declaration = declaring.from_confirm_page(data, contract, door=CancellationRequest.Door.BILLING)
        request = declaring.declare(declaration, received_at=now)
        made_id: UUID = cancellation.put_in_force(request, contract, when=data["when"], at=now).id
        return made_id


def undo(business: Workspace, *, at: datetime) -> None:
    """Take the cancellation back before it takes effect. Raises NothingToUndo."""
    seller = plans.operator()
    with workspace(seller):
        now = clocks.seller_now(at)
        cancellation.undo(contract_of(business, seller, at=now), by="customer", at=now)
