"""What banks are asked to decide about contracts' payments."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from plainsail.commerce.models import InvoiceLine
from plainsail.payments.models import Dispute
from plainsail.subscriptions.models import Subscription, SubscriptionItem


@dataclass(frozen=True)
class Disputed:
    """Of a contract whose payments somebody disputes."""

    is_open: bool
    """Whether a bank is still to decide about one of them."""
    lost: frozenset[UUID]
    """Methods that a payment was taken from which the bank gave back."""


UNDISPUTED = Disputed(is_open=False, lost=frozenset())


def disputes_of(subscriptions: Collection[Subscription]) -> dict[UUID, Disputed]:
    """Contracts with a dispute that isn't won, by their ids. One query where there are none at all, else four."""
    standing = Dispute.objects.exclude(state=Dispute.State.WON)
    if not standing.exists():
        return {}
    items = dict(SubscriptionItem.objects.filter(subscription__in=subscriptions).values_list("id", "subscription_id"))
    lines = InvoiceLine.objects.filter(item_id__in=list(items), invoice_id__in=standing.values("charge__subject_id"))
    billed = set(lines.values_list("invoice_id", "item_id"))
    rows = standing.filter(charge__subject_id__in=[invoice_id for invoice_id, _item in billed])
    found: dict[UUID, Disputed] = {}
    for invoice_id, state, method_id in rows.values_list("charge__subject_id", "state", "charge__method_id"):
        for contract_id in {items[item_id] for billed_id, item_id in billed if billed_id == invoice_id}:
            one = found.get(contract_id, UNDISPUTED)
            is_lost = state == Dispute.State.LOST
            found[contract_id] = Disputed(
                is_open=one.is_open or not is_lost, lost=one.lost | {method_id} if is_lost else one.lost
            )
    return found


def disputes_of_one(subscription: Subscription) -> Disputed:
    """The same of one contract; `UNDISPUTED` where there is none."""
    return disputes_of([subscription]).get(subscription.id, UNDISPUTED)
