"""While a bank decides about a payment, nothing is charged by itself for its contract, and for no other one.

The contract runs on and its periods are invoiced; their cases wait without a next try. Once the bank has decided they are
tried again. A card that a payment was taken from which the bank gave back isn't charged by itself any more: that counts as
a declined try, so the customer is asked for another one.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from plainsail.commerce.services import clocks
from plainsail.kernel import due
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import DunningCase, Subscription
from plainsail.subscriptions.services.ending import CONTRACTS


@transaction.atomic
def hold(subscription: Subscription) -> None:
    """Every further try of the contract waits for the bank. Those that wait for staff go on doing so."""
    if queries.disputes_of_one(subscription).is_open:
        _open(subscription).filter(next_try_at__isnull=False).update(next_try_at=None)


@transaction.atomic
def go_on(subscription: Subscription, *, at: datetime) -> None:
    """The bank has decided: what waited for it is due now. Nothing happens while another decision is awaited."""
    if queries.disputes_of_one(subscription).is_open:
        return
    if _open(subscription).filter(next_try_at=None, late_for=None).update(next_try_at=at):
        due.schedule(CONTRACTS, clocks.wall(at))


def _open(subscription: Subscription) -> QuerySet[DunningCase]:
    # Locked first: whoever is about to charge has it, and moves the next try by itself.
    ids = DunningCase.objects.select_for_update().filter(subscription=subscription, closed_at=None)
    found: QuerySet[DunningCase] = DunningCase.objects.filter(id__in=list(ids.values_list("id", flat=True)))
    return found
