"""A contract whose renewal nobody paid rests, where its policy says so, instead of ending.

What nobody paid for is owed no more and closes; nothing is charged until its customer goes on, like after any pause.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from plainsail.kernel.events import publish
from plainsail.subscriptions.events import SubscriptionPaused
from plainsail.subscriptions.models import AskedBy, Pause, Subscription
from plainsail.subscriptions.services import date_letters, noticing, pausing, planning


def may_rest(subscription: Subscription) -> bool:
    """Whether it runs, wasn't cancelled, and all of it is paid until it is cancelled: what is paid in parts can't rest."""
    if subscription.state != Subscription.State.ACTIVE or subscription.scheduled_end_at is not None:
        return False
    return all(item.is_endless for item in subscription.items.filter(ends_on=None))


@transaction.atomic
def suspend(subscription: Subscription, *, at: datetime) -> Pause:
    """Let it rest from now on, and tell its customer how to go on. Its unpaid invoices must be taken back before."""
    locked = Subscription.objects.select_for_update(of=("self",)).select_related("account", "workspace")
    contract = locked.get(pk=subscription.pk)
    planning.drop_open(contract, at=at)
    made: Pause = Pause.objects.create(subscription=contract, by=AskedBy.POLICY, asked_at=at)
    contract.state, contract.resumes_at = Subscription.State.PAUSED, None
    contract.save(update_fields=["state", "resumes_at"])
    pausing.rest(contract, at=at, keeps_access=False)
    noticing.plan(contract)
    publish(SubscriptionPaused(subscription_id=contract.id, contact_id=contract.account.contact_id, at=at))
    date_letters.suspended(contract, pause=made, at=at)
    subscription.refresh_from_db()
    return made
