"""What falls due for contracts: ends, renewals, further tries of a declined charge, letters. One step at a time, in order.

The clock's worker and a seller's test clock take the same steps: `upcoming` names the next one, `perform` does it.
Order at one instant: ends, then renewals, then tries (so a contract that ends at a moment is never renewed at it), then
letters.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from plainsail.commerce.models import Invoice
from plainsail.commerce.services import clocks, invoicing, sellers
from plainsail.commerce.sockets import ClockStep
from plainsail.kernel import due
from plainsail.kernel.periods import local_date
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.payments.models import PaymentMethod
from plainsail.subscriptions.models import DunningCase, Subscription
from plainsail.subscriptions.queries import RUNNING
from plainsail.subscriptions.services import (
    billing,
    cancellation,
    charging,
    contracts,
    dunning,
    ending,
    noticing,
    pausing,
    price_rises,
    reminding,
    scheduling,
    swapping,
)
from plainsail.subscriptions.services.ending import CONTRACTS

ENDS, RENEWALS, TRIES, NOTICES = 10, 20, 30, 40


def upcoming(until: datetime) -> ClockStep | None:
    """The first thing due at or before a moment of the seller's time. Six index look-ups.

    Contracts that are new or have moved get their next letter worked out first, whoever moved them.
    """
    noticing.plan_new()
    running = Subscription.objects.filter(state__in=RUNNING)
    ends = running.filter(scheduled_end_at__lte=until).order_by("scheduled_end_at", "id").first()
    renews = _renewable(running).filter(renews_at__lte=until, charge_from=None).order_by("renews_at", "id").first()
    waits = (
        _renewable(running).filter(renews_at__lte=until, charge_from__lte=until).order_by("charge_from", "id").first()
    )
    tries = DunningCase.objects.filter(closed_at=None, next_try_at__lte=until).order_by("next_try_at", "id").first()
    writes = _renewable(running).filter(notice_at__lte=until).order_by("notice_at", "id").first()
    steps = [
        ClockStep(ends.scheduled_end_at, ENDS, f"end:{ends.id}") if ends and ends.scheduled_end_at else None,
        ClockStep(renews.renews_at, RENEWALS, f"renew:{renews.id}") if renews and renews.renews_at else None,
        ClockStep(_charge_at(waits), RENEWALS, f"renew:{waits.id}") if waits else None,
        ClockStep(tries.next_try_at, TRIES, f"try:{tries.id}") if tries and tries.next_try_at else None,
        ClockStep(writes.notice_at, NOTICES, f"notice:{writes.id}") if writes and writes.notice_at else None,
    ]
    return min((step for step in steps if step), key=lambda step: (step.due_at, step.priority, step.key), default=None)


def _charge_at(subscription: Subscription) -> datetime:
    assert subscription.renews_at is not None
    return max(subscription.renews_at, subscription.charge_from or subscription.renews_at)


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
    elif kind == "notice":
        with workspace(workspace_id):
            noticing.send_next(UUID(key), at=at)
    else:
        try_again(workspace_id, UUID(key), at=at)


@due.runs(CONTRACTS)
@outside_transaction
def run(*, workspace_id: UUID, at: datetime) -> datetime | None:
    """Take every step that is due in a workspace; returns when the next one is."""
    is_mail_open = _look_after_letters(workspace_id, at=at)
    while True:
        with workspace(workspace_id):
            now = clocks.seller_now(at)
            step = upcoming(now)
            if step is None:
                return _next_due(at + noticing.LOOK_AGAIN if is_mail_open else None)
        perform(workspace_id, step, now)
        is_mail_open = is_mail_open or step.priority == NOTICES


def _look_after_letters(workspace_id: UUID, *, at: datetime) -> bool:
    """Work out what is new, some contracts in a transaction, then see what became of the letters before."""
    while True:
        with workspace(workspace_id):
            if noticing.plan_new() < noticing.AT_ONCE:
                return noticing.follow_up(at=clocks.seller_now(at))


def look_again(*, at: datetime) -> None:
    """Something about a contract's days has changed: have what is due worked out again right away."""
    due.schedule(CONTRACTS, clocks.wall(at))


def _next_due(letters_at: datetime | None) -> datetime | None:
    """The wall's time of what comes next; `letters_at` is when to look after letters that haven't left."""
    running = Subscription.objects.filter(state__in=RUNNING)
    renewable = _renewable(running)
    moments = [
        _first(running, "scheduled_end_at"),
        _first(renewable.filter(charge_from=None), "renews_at"),
        _first(renewable.filter(renews_at__isnull=False), "charge_from"),
        _first(renewable, "notice_at"),
        _first(DunningCase.objects.filter(closed_at=None), "next_try_at"),
    ]
    walls = [clocks.wall(moment) for moment in moments if moment]
    return min([*walls, letters_at] if letters_at else walls, default=None)


def _first(rows: QuerySet[Any], name: str) -> datetime | None:
    found: datetime | None = (
        rows.filter(**{f"{name}__isnull": False}).order_by(name).values_list(name, flat=True).first()
    )
    return found


def _end(workspace_id: UUID, subscription_id: UUID, *, at: datetime) -> None:
    with workspace(workspace_id):
        subscription = Subscription.objects.get(id=subscription_id)
        if subscription.scheduled_end_at is not None and subscription.scheduled_end_at <= at:
            ending.end(subscription, reason=cancellation.reason_of(subscription), at=at)


def renew(workspace_id: UUID, subscription_id: UUID, *, at: datetime) -> None:
    """Invoice the period that begins, move the contract on, then charge the saved method.

    The invoice and the move are one transaction, and a period can be invoiced once only, so a crash between invoice
    and charge leaves an open invoice that dunning takes up.
    """
    with workspace(workspace_id):
        subscription = Subscription.objects.select_for_update().get(id=subscription_id)
        if not _is_due(subscription, at=at):
            return
        if not sellers.may_sell(sellers.of_workspace(at=at)):
            # Whoever closes charges nobody, and so owes nobody an invoice: what is paid for has been served by now.
            ending.end(subscription, reason=Subscription.EndReason.SELLER_CLOSED, at=at)
            return
        if subscription.state == Subscription.State.PAUSED:
            pausing.rest(subscription, at=at)
            return
        if subscription.state == Subscription.State.TRIALING and not _can_be_charged(subscription):
            ending.end(subscription, reason=Subscription.EndReason.PAYMENT_FAILED, at=at)
            return
        if noticing.holds(subscription, at=at):
            return
        noticing.run_on(subscription)
        swapping.before_renewal(subscription, at=at)
        if price_rises.before_renewal(subscription, at=at):
            return
        invoice = _invoice_due_items(subscription, at=at)
        dunning.open_case(subscription, invoice.id, at=at)
    if invoice.due:
        _charge(workspace_id, subscription, invoice.id, at=at)


def _is_due(subscription: Subscription, *, at: datetime) -> bool:
    if subscription.is_ended or subscription.renews_at is None or subscription.scheduled_end_at is not None:
        return False
    return _charge_at(subscription) <= at


def _can_be_charged(subscription: Subscription) -> bool:
    found = PaymentMethod.objects.filter(id=subscription.payment_method_id, state=PaymentMethod.State.USABLE)
    return bool(found.exists())


def _charge(workspace_id: UUID, subscription: Subscription, invoice_id: UUID, *, at: datetime) -> None:
    with workspace(workspace_id):
        is_by_transfer = reminding.is_by_transfer(subscription)
    if is_by_transfer:
        reminding.chase(workspace_id, invoice_id, at=at)
        return
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
    lines = [billing.line(subscription, item) for item in items]
    reference, due_on = reminding.terms(subscription, at=at)
    invoice = invoicing.issue(
        subscription.account,
        lines=lines,
        named=billing.named(subscription),
        payment_reference=reference,
        due_on=due_on,
        at=at,
    )
    for item in items:
        item.charged_through = scheduling.next_due(item, anchor=subscription.anchor_on).period.end
        item.save(update_fields=["charged_through"])
    subscription.renews_at = contracts.renewal_moment(subscription)
    subscription.charge_from = None
    subscription.state = Subscription.State.ACTIVE
    subscription.save(update_fields=["renews_at", "charge_from", "state"])
    due.schedule(CONTRACTS, clocks.wall(subscription.renews_at))
    return invoice


def try_again(workspace_id: UUID, case_id: UUID, *, at: datetime) -> None:
    """Charge a declined renewal once more."""
    with workspace(workspace_id):
        case = DunningCase.objects.select_for_update().select_related("subscription").get(id=case_id)
        if case.closed_at is not None or case.next_try_at is None or case.next_try_at > at:
            return
        invoice = Invoice.objects.get(id=case.invoice_id)
        if invoice.is_paid or not (invoice.is_waiting or invoice.state == Invoice.State.OPEN):
            dunning.close(case, at=at)
            return
        if not sellers.may_sell(sellers.of_workspace(at=at)):
            dunning.stop(case.subscription, at=at)
            return
        # Moved on before the charge: whatever happens to it, this step is not taken twice.
        case.next_try_at = at + dunning.UNSETTLED
        case.save(update_fields=["next_try_at"])
        subscription = case.subscription
    _charge(workspace_id, subscription, case.invoice_id, at=at)
