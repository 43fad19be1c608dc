"""Charges that came due while nobody was there to take them: made as invoices in their order, charged only once staff say so.

A server that sleeps for weeks would otherwise take several periods at once from people who expect none of it. The customer
can pay by the link meanwhile. A test clock moves to each moment in turn, so with it nothing is ever late.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Count

from plainsail.commerce.services import clocks, sellers
from plainsail.kernel import due
from plainsail.kernel.sets import update_each
from plainsail.payments.models import Charge
from plainsail.subscriptions.models import DunningCase, Subscription
from plainsail.subscriptions.services.ending import CONTRACTS

GRACE = timedelta(days=3)
"""A charge that is this late, and no later, is still taken without asking."""
MOST_A_FORTNIGHT = 8
"""Charges of a card within 14 days: far below Visa's 20 in 30 days and Mastercard's 10 in 24 hours."""
FORTNIGHT = timedelta(days=14)


def is_late(due_at: datetime, *, at: datetime) -> bool:
    """Whether a charge that was due at a moment may not be taken unasked any more."""
    return at - due_at > GRACE


@transaction.atomic
def leave(billed: Sequence[tuple[Subscription, UUID, datetime]], *, at: datetime) -> None:
    """Watch renewal invoices (contract, invoice, when it was to be charged) that nobody charges before staff say so. One statement."""
    cases = [
        DunningCase(subscription=subscription, invoice_id=invoice_id, opened_at=at, late_for=due_at)
        for subscription, invoice_id, due_at in billed
    ]
    DunningCase.objects.bulk_create(cases, ignore_conflicts=True)


def put_off(case: DunningCase, *, at: datetime) -> None:
    """A further try that is late waits for staff like any late charge. In the transaction that holds the case."""
    case.late_for, case.next_try_at = case.next_try_at, None
    case.save(update_fields=["late_for", "next_try_at"])


@transaction.atomic
def charge_all(*, at: datetime) -> tuple[int, int]:
    """Have all late charges of the open workspace taken by the worker, the oldest first: (how many, how many stay).

    Of a card no more than is wise at once: the others stay. Twice is once. Four statements.
    """
    waiting = DunningCase.objects.select_for_update(of=("self",)).select_related("subscription")
    found = list(waiting.filter(closed_at=None, late_for__isnull=False).order_by("late_for", "id"))
    taken = _lately([case.subscription.payment_method_id for case in found], at=at)
    chosen: list[DunningCase] = []
    for case in found:
        card = case.subscription.payment_method_id
        if card is None or taken[card] < MOST_A_FORTNIGHT:
            taken[card] += 1
            chosen.append(case)
    release(chosen, at=at)
    return len(chosen), len(found) - len(chosen)


def release(cases: Sequence[DunningCase], *, at: datetime) -> None:
    """Late charges are due now. Tries that were to follow come later by as much, so that they don't all come at once."""
    for case in cases:
        assert case.late_for is not None
        case.opened_at = case.opened_at + (at - case.late_for) if case.tries else at
        case.late_for, case.next_try_at = None, at
    update_each(cases, fields=["opened_at", "late_for", "next_try_at"])
    if cases:
        due.schedule(CONTRACTS, clocks.wall(at))


def is_worn(card: UUID | None, *, at: datetime) -> bool:
    """Whether a card was declined as often within the last fortnight as is wise. Card networks know nothing of test charges.

    However many contracts it pays for: their tries add up. Two queries.
    """
    declined = Charge.objects.filter(
        method_id=card,
        state=Charge.State.DECLINED,
        initiator=Charge.Initiator.MERCHANT,
        created_at__gt=clocks.wall(at) - FORTNIGHT,
    )
    return declined.count() >= MOST_A_FORTNIGHT and not sellers.of_workspace(at=at).is_test


def _lately(cards: Sequence[UUID | None], *, at: datetime) -> Counter[UUID | None]:
    """How often the business charged some cards within the last fortnight. One query."""
    by_us = Charge.objects.filter(initiator=Charge.Initiator.MERCHANT, method_id__in=[card for card in cards if card])
    rows = by_us.filter(created_at__gt=clocks.wall(at) - FORTNIGHT).order_by().values_list("method_id")
    return Counter(dict(rows.annotate(number=Count("id"))))
