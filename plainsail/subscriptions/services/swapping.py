"""One plan takes another's place in a contract, on paper before and in fact here."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from plainsail.commerce.models import Invoice
from plainsail.commerce.services import clocks
from plainsail.kernel import due
from plainsail.kernel.events import publish
from plainsail.kernel.periods import local_date
from plainsail.subscriptions.events import PlanChanged
from plainsail.subscriptions.models import PlanChange, Subscription, SubscriptionItem
from plainsail.subscriptions.services import access, change_letters, contracts, planning
from plainsail.subscriptions.services.ending import CONTRACTS
from plainsail.subscriptions.services.switching import Quote

State = PlanChange.State


@transaction.atomic
def before_renewal(subscription: Subscription, *, at: datetime) -> None:
    """A period begins: a planned change whose day has come is carried out, and one still unpaid is too late.

    The contract's row is locked by the caller, and nothing of the new period is invoiced yet.
    """
    assert subscription.renews_at is not None
    day = local_date(subscription.renews_at, subscription.timezone)
    late = planning.underway(subscription)
    if late is not None and late.old_item.charged_through <= day:
        planning.drop_open(subscription, at=at)
        change_letters.not_changed(late, at=at)
    waiting = planning.planned(subscription)
    if waiting is not None and waiting.old_item.charged_through <= day:
        begins_on = waiting.old_item.charged_through
        _put_in_place(subscription, waiting, starts_on=begins_on, charged_through=begins_on, ends_on=begins_on, at=at)
        _told(subscription, waiting, at=at)


@transaction.atomic
def swap_now(subscription: Subscription, change: PlanChange, quote: Quote, *, at: datetime) -> None:
    """The change is paid for, or free: from its first day on the new plan runs, paid until the day that the quote says.

    The contract's row is locked by the caller.
    """
    today = local_date(change.asked_at, subscription.timezone)
    ends_on = today if quote.when == "trial" else quote.starts_on
    through = quote.paid_until if quote.when == "now" else quote.starts_on
    _put_in_place(subscription, change, starts_on=quote.starts_on, charged_through=through, ends_on=ends_on, at=at)
    if change.payment_method_id is not None:
        subscription.payment_method_id = change.payment_method_id
    subscription.renews_at = contracts.renewal_moment(subscription)
    subscription.save(update_fields=["payment_method_id", "renews_at"])
    assert subscription.renews_at is not None  # another plan is one that goes on
    due.schedule(CONTRACTS, clocks.wall(subscription.renews_at))
    _told(subscription, change, at=at)


def _put_in_place(
    subscription: Subscription,
    change: PlanChange,
    *,
    starts_on: date,
    charged_through: date,
    ends_on: date,
    at: datetime,
) -> None:
    old = SubscriptionItem.objects.select_related("subscription", "product").get(id=change.old_item_id)
    made = planning.successor(change, old, starts_on=starts_on)
    made.charged_through = charged_through
    made.save(force_insert=True)
    old.ends_on = ends_on
    old.save(update_fields=["ends_on"])
    change.state, change.settled_at = State.DONE, at
    change.save(update_fields=["state", "settled_at"])
    # What was planned for the old plan has nothing left to replace.
    PlanChange.objects.filter(subscription=subscription, state=State.PLANNED).update(
        state=State.TAKEN_BACK, settled_at=at
    )
    access.give(subscription, at=at)
    access.close_replaced(subscription, old, at=at)


def _told(subscription: Subscription, change: PlanChange, *, at: datetime) -> None:
    publish(
        PlanChanged(
            subscription_id=subscription.id,
            change_id=change.id,
            from_product_id=change.old_item.product_id,
            to_product_id=change.price.product_id,
            contact_id=subscription.account.contact_id,
            at=at,
        )
    )
    invoice = Invoice.objects.filter(id=change.invoice_id).first() if change.invoice_id else None
    change_letters.changed(change, invoice=invoice, at=at)
