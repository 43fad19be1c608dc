"""Changing the plan of a business to another one on sale: the same figures, consent and charge as any customer’s."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from plainsail.accounts.services import hosts
from plainsail.commerce.services import clocks
from plainsail.commerce.services.checkout import Trace
from plainsail.hosting.services import cancelling, plans
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import workspace
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import changing, choosing, links
from plainsail.subscriptions.services.changing import Wanted
from plainsail.subscriptions.services.choosing import Choices
from plainsail.subscriptions.services.presses import Progress


@dataclass(frozen=True)
class Contract:
    """The contract of a business, at a moment of its seller’s time."""

    seller: Workspace
    subscription: Subscription
    at: datetime


def contract_of(business: Workspace, *, at: datetime) -> Contract:
    """Raises NoPlans, NoPlan."""
    seller = plans.operator()
    with workspace(seller):
        now = clocks.seller_now(at)
        return Contract(seller, cancelling.contract_of(business), now)


def choices(business: Workspace, *, at: datetime) -> Choices:
    """Other plans on sale, with what changing to each does now. Changes nothing. Raises NoPlans, NoPlan."""
    found = contract_of(business, at=at)
    with workspace(found.seller):
        return choosing.choices(found.subscription, _offered(found.seller), at=found.at)


def _offered(seller: Workspace) -> list[Wanted]:
    return [Wanted(plan.price, plan.name) for plan in plans.offered(seller)]


def change(
    business: Workspace, *, plan: UUID, shown: str, card: Mapping[str, str], trace: Trace, back: str, at: datetime
) -> Progress:
    """Change as it was shown; outside any transaction. `back` is where the owner goes on after the bank’s check.

    An address of the bank’s (`url`) is absolute. Raises CardRefused, NoPlans, NoPlan, AlreadyEnded, NotChangeable,
    NotOffered, AmountChanged, SellerClosing.
    """
    found = contract_of(business, at=at)
    with workspace(found.seller):
        offered = _offered(found.seller)
        landing = links.progress_path(found.subscription, back=hosts.app_url(back))
    made = choosing.confirm(
        found.seller.id,
        found.subscription.id,
        offered,
        plan=plan,
        shown=shown,
        card=card,
        trace=trace,
        return_path=landing,
        at=found.at,
    )
    return Progress(made.state, words=made.words, url=_absolute(found.seller, made.url))


def waiting(business: Workspace, *, at: datetime) -> Progress | None:
    """How a change that waits for its payment stands, asking the gateway; outside any transaction. Raises NoPlans, NoPlan."""
    found = contract_of(business, at=at)
    made = changing.look_up(found.seller.id, found.subscription.id, at=found.at)
    return Progress(made.state, words=made.words, url=_absolute(found.seller, made.url)) if made else None


def _absolute(seller: Workspace, url: str) -> str:
    """The sandbox’s bank stands on the operator’s own site."""
    return hosts.public_url(seller, url) if url.startswith("/") else url


def take_back(business: Workspace, *, at: datetime) -> None:
    """A planned change doesn’t come, and one that waits for the owner at the bank ends. Raises NothingPlanned, NoPlan."""
    found = contract_of(business, at=at)
    if changing.give_up(found.seller.id, found.subscription.id, at=found.at) is None:
        with workspace(found.seller):
            changing.take_back(found.subscription, at=found.at)
