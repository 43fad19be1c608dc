"""What falls due for contracts: ends, renewals, further tries of a declined charge. One step at a time, in order.

The clock's worker and a seller's test clock take the same steps: `upcoming` names the next one, `perform` does it.
Order at one instant: ends, then renewals, then tries (so a contract that ends at a moment is never renewed at it).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from plainsail.commerce.models import Invoice
from plainsail.commerce.services import clocks, invoicing
from plainsail.commerce.sockets import ClockStep
from plainsail.kernel import due
from plainsail.kernel.periods import local_date
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.payments.models import PaymentMethod
from plainsail.subscriptions.models import DunningCase, Subscription
from plainsail.subscriptions.queries import RUNNING
from plainsail.subscriptions.services import (
    billing,
    charging,
    contracts,
    dunning,
    ending,
    pausing,
    scheduling,
    swapping,
)
from plainsail.subscriptions.services.ending import CONTRACTS

ENDS, RENEWALS, TRIES = 10, 20, 30


def upcoming(until: datetime) -> ClockStep | None:
    """The first thing due at or before a moment of the seller's time. Three index look-ups."""
    running = Subscription.objects.filter(state__in=RUNNING)
    ends = running.filter(scheduled_end_at__lte=until).order_by("scheduled_end_at", "id").first()
    renews = _renewable(running).filter(renews_at__lte=until).order_by("renews_at", "id").first()
    tries = DunningCase.objects.filter(closed_at=None, next_try_at__lte=until).order_by("next_try_at", "id").first()
    steps = [
        ClockStep(ends.scheduled_end_at, ENDS, f"end:{ends.id}") if ends and ends.scheduled_end_at else None,
        ClockStep(renews.renews_at, RENEWALS, f"renew:{renews.id}") if renews and renews.renews_at else None,
        ClockStep(tries.next_try_at, TRIES, f"try:{tries.id}") if tries and tries.next_try_at else None,
    ]
    return min((step for step in steps if step), key=lambda step: (step.due_at, step.priority, step.key), default=None)


def _renewable(running: QuerySet[Subscription]) -> QuerySet[Subscription]:
    """A contract whose end is planned renews no more, even where one of its items runs out before that end."""
    return running.filter(scheduled_end_at=None)


def perform(workspace_id: UUID, step: ClockStep, at: datetime) -> None:
    """Do one step. Opens its own transactions; talks to the gateway between them."""
    kind, _, key = step.key.partition(":")
    if kind == "end":
        _end(workspace_id, UUID(key), at=at)
    elif kind == "renew":
        renew(workspace_id, UUID(key), at=at)
    else:
        try_again(workspace_id, UUID(key), at=at)


@due.runs(CONTRACTS)
@outside_transaction
def run(*, workspace_id: UUID, at: datetime) -> datetime | None:
    """Take every step that is due in a workspace; returns when the next one is."""
    while True:
        with workspace(workspace_id):
            now = clocks.seller_now(at)
            step = upcoming(now)
            if step is None:
                return _next_due()
        perform(workspace_id, step, now)


def _next_due() -> datetime | None:
    running = Subscription.objects.filter(state__in=RUNNING)
    moments = [
        running.filter(scheduled_end_at__isnull=False)
        .order_by("scheduled_end_at")
        .values_list("scheduled_end_at", flat=True)
        .first(),
        _renewable(running)
        .filter(renews_at__isnull=False)
        .order_by("renews_at")
        .values_list("renews_at", flat=True)
        .first(),
        DunningCase.objects.filter(closed_at=None, next_try_at__isnull=False)
        .order_by("next_try_at")
        .values_list("next_try_at", flat=True)
        .first(),
    ]
    return min((clocks.wall(moment) for moment in moments if moment), default=None)


def _end(workspace_id: UUID, subscription_id: UUID, *, at: datetime) -> None:
    with workspace(workspace_id):
        subscription = Subscription.objects.get(id=subscription_id)
        if subscription.scheduled_end_at is not None and subscription.scheduled_end_at <= at:
            ending.end(subscription, reason=Subscription.EndReason.CANCELLED, at=at)


def renew(workspace_id: UUID, subscription_id: UUID, *, at: datetime) -> None:
    """Invoice the period that begins, move the contract on, then charge the saved method.

    The invoice and the move are one transaction, and a period can be invoiced once only, so a crash between invoice
    and charge leaves an open invoice that dunning takes up.
    """
    with workspace(workspace_id):
        subscription = Subscription.objects.select_for_update().get(id=subscription_id)
        if not _is_due(subscription, at=at):
            return
        if subscription.state == Subscription.State.PAUSED:
            pausing.rest(subscription, at=at)
            return
        if subscription.state == Subscription.State.TRIALING and not _can_be_charged(subscription):
            ending.end(subscription, reason=Subscription.EndReason.PAYMENT_FAILED, at=at)
            return
        swapping.before_renewal(subscription, at=at)
        invoice = _invoice_due_items(subscription, at=at)
        dunning.open_case(subscription, invoice.id, at=at)
    if invoice.due:
        _charge(workspace_id, subscription, invoice.id, at=at)


def _is_due(subscription: Subscription, *, at: datetime) -> bool:
    if subscription.is_ended or subscription.renews_at is None or subscription.scheduled_end_at is not None:
        return False
    return subscription.renews_at <= at


def _can_be_charged(subscription: Subscription) -> bool:
    found = PaymentMethod.objects.filter(id=subscription.payment_method_id, state=PaymentMethod.State.USABLE)
    return bool(found.exists())


def _charge(workspace_id: UUID, subscription: Subscription, invoice_id: UUID, *, at: datetime) -> None:
    if subscription.payment_method_id is not None:
        method_id = subscription.payment_method_id
        charging.charge(workspace_id, subscription.id, invoice_id, method_id=method_id, at=at)
        return
    with workspace(workspace_id):
        dunning.miss(invoice_id, at=at)


def _invoice_due_items(subscription: Subscription, *, at: datetime) -> Invoice:
    assert subscription.renews_at is not None
    day = local_date(subscription.renews_at, subscription.timezone)
    running = subscription.items.select_for_update(of=("self",)).filter(ends_on=None).order_by("id")
    items = scheduling.due_on(list(running), day)
    invoice = invoicing.issue(subscription.account, lines=[billing.line(subscription, item) for item in items], at=at)
    for item in items:
        item.charged_through = scheduling.next_due(item, anchor=subscription.anchor_on).period.end
        item.save(update_fields=["charged_through"])
    subscription.renews_at = contracts.renewal_moment(subscription)
    subscription.state = Subscription.State.ACTIVE
    subscription.save(update_fields=["renews_at", "state"])
    due.schedule(CONTRACTS, clocks.wall(subscription.renews_at))
    return invoice


def try_again(workspace_id: UUID, case_id: UUID, *, at: datetime) -> None:
    """Charge a declined renewal once more."""
    with workspace(workspace_id):
        case = DunningCase.objects.select_for_update().select_related("subscription").get(id=case_id)
        if case.closed_at is not None or case.next_try_at is None or case.next_try_at > at:
            return
        if Invoice.objects.get(id=case.invoice_id).state != Invoice.State.OPEN:
            dunning.close(case, at=at)
            return
        # Moved on before the charge: whatever happens to it, this step is not taken twice.
        case.next_try_at = at + dunning.UNSETTLED
        case.save(update_fields=["next_try_at"])
        subscription = case.subscription
    _charge(workspace_id, subscription, case.invoice_id, at=at)
