"""What falls due for contracts: ends, renewals, further tries of a declined charge, letters. One step at a time, in order.

The clock's worker and a seller's test clock take the same steps: `upcoming` names the next one, `perform` does it.
Order at one instant: ends, then ends of pauses, then renewals, then tries (so a contract that ends at a moment is never
renewed at it), then letters.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from plainsail.commerce.models import Invoice
from plainsail.commerce.services import clocks, sellers
from plainsail.commerce.sockets import ClockStep
from plainsail.kernel import clock, due
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import DunningCase, PlanChange, Subscription
from plainsail.subscriptions.queries import RUNNING
from plainsail.subscriptions.services import (
    cancellation,
    catching_up,
    changing,
    charging,
    dunning,
    ending,
    noticing,
    pausing,
    reminding,
    renewing,
)
from plainsail.subscriptions.services.ending import CONTRACTS

ENDS, RESUMPTIONS, RENEWALS, TRIES, NOTICES = 10, 15, 20, 30, 40


def upcoming(until: datetime) -> ClockStep | None:
    """The first thing due at or before a moment of the seller's time. Eight index look-ups.

    Contracts that are new or have moved get their next letter worked out first, whoever moved them.
    """
    noticing.plan_new()
    running = Subscription.objects.filter(state__in=RUNNING)
    ends = running.filter(scheduled_end_at__lte=until).order_by("scheduled_end_at", "id").first()
    renews = renewing.renewable().filter(renews_at__lte=until, charge_from=None).order_by("renews_at", "id").first()
    waits = (
        renewing.renewable().filter(renews_at__lte=until, charge_from__lte=until).order_by("charge_from", "id").first()
    )
    resumes = _resting(running).filter(resumes_at__lte=until).order_by("resumes_at", "id").first()
    tries = DunningCase.objects.filter(closed_at=None, next_try_at__lte=until).order_by("next_try_at", "id").first()
    writes = renewing.renewable().filter(notice_at__lte=until).order_by("notice_at", "id").first()
    lapses = _unpaid_changes().filter(lapses_at__lte=until).order_by("lapses_at", "id").first()
    steps = [
        ClockStep(ends.scheduled_end_at, ENDS, f"end:{ends.id}") if ends and ends.scheduled_end_at else None,
        ClockStep(resumes.resumes_at, RESUMPTIONS, f"resume:{resumes.id}") if resumes and resumes.resumes_at else None,
        ClockStep(renews.renews_at, RENEWALS, f"renew:{renews.id}") if renews and renews.renews_at else None,
        ClockStep(renewing.charge_at(waits), RENEWALS, f"renew:{waits.id}") if waits else None,
        ClockStep(tries.next_try_at, TRIES, f"try:{tries.id}") if tries and tries.next_try_at else None,
        ClockStep(lapses.lapses_at, TRIES, f"lapse:{lapses.id}") if lapses and lapses.lapses_at else None,
        ClockStep(writes.notice_at, NOTICES, f"notice:{writes.id}") if writes and writes.notice_at else None,
    ]
    return min((step for step in steps if step), key=lambda step: (step.due_at, step.priority, step.key), default=None)


def _unpaid_changes() -> QuerySet[PlanChange]:
    """Changes of a plan that wait for a bank transfer."""
    found: QuerySet[PlanChange] = PlanChange.objects.filter(state=PlanChange.State.OPEN)
    return found


def _resting(running: QuerySet[Subscription]) -> QuerySet[Subscription]:
    return running.filter(state=Subscription.State.PAUSED, scheduled_end_at=None)


def perform(workspace_id: UUID, step: ClockStep, at: datetime) -> None:
    """Do one step. Opens its own transactions; talks to the gateway between them."""
    kind, _, key = step.key.partition(":")
    if kind == "end":
        _end(workspace_id, UUID(key), at=at)
    elif kind == "renew":
        renew(workspace_id, UUID(key), at=at)
    elif kind == "resume":
        with workspace(workspace_id):
            pausing.resume_by_itself(Subscription.objects.get(id=UUID(key)), at=at)
    elif kind == "lapse":
        with workspace(workspace_id):
            changing.lapse(UUID(key), at=at)
    elif kind == "notice":
        with workspace(workspace_id):
            noticing.send_next(UUID(key), at=at)
    else:
        try_again(workspace_id, UUID(key), at=at)


@due.runs(CONTRACTS)
@outside_transaction
def run(*, workspace_id: UUID, at: datetime) -> datetime | None:
    """Take everything that is due in a workspace; returns when the next step is.

    Renewals go in sets (`renewing.ready`), all else step by step. For a seller whose test clock was moved everything goes
    step by step, so that what is watched there happens in its order, across all contracts. What takes minutes is written
    down at the moment at which it happens, not at that of the beginning: a charge that looks old is taken for interrupted.
    """
    wall = clock.ticking(at)
    is_mail_open = _look_after_letters(workspace_id, at=at)
    while True:
        with workspace(workspace_id):
            now = clocks.seller_now(wall())
            noticing.plan_new()
            many = [] if clocks.ahead() else renewing.ready(now)
        if many and renewing.renew_all(workspace_id, many, at=now):
            continue
        # None of them was free: the next step waits for whoever holds its contract.
        with workspace(workspace_id):
            step = upcoming(now)
            if step is None:
                return _next_due(wall() + noticing.LOOK_AGAIN if is_mail_open else None)
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
    running, renewable = Subscription.objects.filter(state__in=RUNNING), renewing.renewable()
    moments = [
        _first(running, "scheduled_end_at"),
        _first(_resting(running), "resumes_at"),
        _first(renewable.filter(charge_from=None), "renews_at"),
        _first(renewable.filter(renews_at__isnull=False), "charge_from"),
        _first(renewable, "notice_at"),
        _first(DunningCase.objects.filter(closed_at=None), "next_try_at"),
        _first(_unpaid_changes(), "lapses_at"),
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
            dunning.stop(subscription, at=at)
            ending.end(subscription, reason=cancellation.reason_of(subscription), at=at)


def renew(workspace_id: UUID, subscription_id: UUID, *, at: datetime) -> None:
    """Renew one contract, if it is due by now: a set of one. Outside any transaction. Raises AlreadyBilled, BadMoney."""
    renewing.renew(workspace_id, subscription_id, at=at)


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
        disputed = queries.disputes_of_one(case.subscription)
        if _is_put_off(case, disputed, at=at):
            return
        # Moved on before the charge: whatever happens to it, this step is not taken twice.
        case.next_try_at = at + dunning.UNSETTLED
        case.save(update_fields=["next_try_at"])
        subscription = case.subscription
        method_id = subscription.payment_method_id
    _charge(
        workspace_id, subscription, case.invoice_id, method_id=None if method_id in disputed.lost else method_id, at=at
    )


def _is_put_off(case: DunningCase, disputed: queries.Disputed, *, at: datetime) -> bool:
    """Whether a try waits: for staff, for a bank, or for a card that was declined too often lately. Doesn't count as one."""
    assert case.next_try_at is not None
    if reminding.is_by_transfer(case.subscription):
        return False
    if catching_up.is_late(case.next_try_at, at=at):
        catching_up.put_off(case, at=at)
    elif disputed.is_open:
        case.next_try_at = None
        case.save(update_fields=["next_try_at"])
    elif catching_up.is_worn(case.subscription.payment_method_id, at=at):
        case.next_try_at = at + dunning.UNSETTLED
        case.save(update_fields=["next_try_at"])
    else:
        return False
    return True


def _charge(
    workspace_id: UUID, subscription: Subscription, invoice_id: UUID, *, method_id: UUID | None, at: datetime
) -> None:
    with workspace(workspace_id):
        is_by_transfer = reminding.is_by_transfer(subscription)
    if is_by_transfer:
        reminding.chase(workspace_id, invoice_id, at=at)
        return
    if method_id is not None:
        charging.charge(workspace_id, subscription.id, invoice_id, method_id=method_id, at=at)
        return
    with workspace(workspace_id):
        dunning.miss(invoice_id, at=at)
