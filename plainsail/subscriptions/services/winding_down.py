"""A business that closes ends the contracts of its own customers: by the same declaration, quote, receipt and letter.

Nothing here is the customer's doing, so the customer can't undo it, and the refund policy is asked as for a seller's
closing: what is paid for and not served comes back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from plainsail.commerce.services import clocks
from plainsail.kernel.jobs import attempt
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money
from plainsail.subscriptions.models import Cancellation, CancellationRequest, Subscription
from plainsail.subscriptions.queries import RUNNING
from plainsail.subscriptions.services import cancellation
from plainsail.subscriptions.services.quoting import When
from plainsail.subscriptions.services.references import reference

SELLER_CLOSING = CancellationRequest.Kind.SELLER_CLOSING


def left(workspace: Workspace, *, when: When) -> QuerySet[Subscription]:
    """Running contracts that still have to be ended, in the open workspace: with an end planned for none, or to end now."""
    running: QuerySet[Subscription] = workspace.subscriptions.select_related("account", "workspace").filter(
        state__in=RUNNING
    )
    if when == "period_end":
        by_us = Cancellation.objects.in_force().filter(subscription=OuterRef("pk"))
        running = running.filter(~Exists(by_us))
    return running.order_by("id")


def end_all(workspace: Workspace, *, when: When, at: datetime, limit: int) -> int:
    """End up to `limit` contracts, each for itself; returns how many it ended. `at` is the wall's time.

    At the end of the paid time, or now with what is not served paid back. Safe to call again: who was ended is left out.
    One that can't be ended is logged, and doesn't keep the others.
    """
    now = clocks.seller_now(at)
    todo = list(left(workspace, when=when)[:limit])
    return sum(
        attempt(partial(end, contract, when=when, at=now), what=f"ending contract {contract.reference}") is None
        for contract in todo
    )


@transaction.atomic
def end(contract: Subscription, *, when: When, at: datetime) -> None:
    """Declare the end in the seller's name and put it in force. `at` is the seller's time."""
    declared: CancellationRequest = CancellationRequest.objects.create(
        reference=reference("C"),
        door=CancellationRequest.Door.SELLER,
        kind=SELLER_CLOSING,
        payload={"contract": contract.reference, "end": when},
        received_at=at,
        created_at=at,
    )
    cancellation.put_in_force(declared, contract, when=when, at=at)


def take_back_all(workspace: Workspace, *, at: datetime) -> int:
    """The business goes on: every end that it declared and that hasn't come is taken back; returns how many."""
    now = clocks.seller_now(at)
    ours = Cancellation.objects.in_force().filter(request__kind=SELLER_CLOSING, effective_at__gt=now)
    going_on = list(workspace.subscriptions.filter(state__in=RUNNING, cancellations__in=ours).order_by("id").distinct())
    for contract in going_on:
        cancellation.undo(contract, by=cancellation.SELLER, at=now)
    return len(going_on)


def refunds_if_now(contracts: Iterable[Subscription], *, at: datetime) -> list[Money]:
    """What would go back if these contracts ended now, by currency. Five queries a contract; changes nothing."""
    now = clocks.seller_now(at)
    sums: dict[str, Money] = {}
    for contract in contracts:
        promise = cancellation.preview(contract, when="now", kind=SELLER_CLOSING, at=now)
        sums[promise.currency] = sums.get(promise.currency, Money.zero(promise.currency)) + promise.refund
    return [sums[currency] for currency in sorted(sums)]


def running(workspace: Workspace) -> QuerySet[Subscription]:
    """Contracts that have not ended, in the open workspace."""
    found: QuerySet[Subscription] = workspace.subscriptions.filter(state__in=RUNNING).select_related("account")
    return found.order_by("id")
