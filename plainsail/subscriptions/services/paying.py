"""By what a contract is charged."""

from __future__ import annotations

from django.db import transaction

from plainsail.payments.models import PaymentMethod
from plainsail.payments.services.charging import MethodUnusable
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services.cancellation import AlreadyEnded


@transaction.atomic
def change_method(subscription: Subscription, method: PaymentMethod) -> None:
    """From now on, and for what is still unpaid, the contract is charged to another method of the same customer.

    Raises AlreadyEnded, MethodUnusable (also for somebody else's).
    """
    locked = Subscription.objects.select_for_update().get(pk=subscription.pk)
    if locked.is_ended:
        raise AlreadyEnded
    if not method.is_usable or method.payer_key != locked.account_id:
        raise MethodUnusable
    locked.payment_method_id = method.id
    locked.save(update_fields=["payment_method_id"])
    subscription.refresh_from_db()
