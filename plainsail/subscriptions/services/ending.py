"""The last moment of a contract, whoever or whatever brought it about."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from plainsail.kernel.events import publish
from plainsail.kernel.periods import local_date
from plainsail.subscriptions.events import SubscriptionEnded
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import access, letters, planning

CONTRACTS = "subscriptions.contracts"
"""Kind of due work: a contract of the workspace ends, renews or is charged again."""


@transaction.atomic
def end(subscription: Subscription, *, reason: Subscription.EndReason, at: datetime) -> None:
    """The contract is over: nothing renews, access bound to it ends, the customer is told. Does nothing if it is over."""
    locked = close(subscription, reason=reason, at=at)
    if locked is None:
        return
    access.end(locked, at=at)
    letters.final_notice(locked, at=at)
    subscription.refresh_from_db()


@transaction.atomic
def close(subscription: Subscription, *, reason: Subscription.EndReason, at: datetime) -> Subscription | None:
    """Nothing of the contract is to come any more; what it opened and who is told is the caller's. None if it is over."""
    locked = Subscription.objects.select_for_update().get(pk=subscription.pk)
    if locked.is_ended:
        return None
    locked.state = Subscription.State.ENDED
    locked.ended_at = at
    locked.end_reason = reason
    locked.renews_at = locked.resumes_at = None
    locked.save(update_fields=["state", "ended_at", "end_reason", "renews_at", "resumes_at"])
    locked.pauses.filter(ended_at=None).update(ended_at=at)
    locked.items.filter(ends_on=None).update(ends_on=local_date(at, locked.timezone))
    planning.drop_all(locked, at=at)
    publish(SubscriptionEnded(subscription_id=locked.id, reason=reason, contact_id=locked.account.contact_id, at=at))
    found: Subscription = locked
    return found
