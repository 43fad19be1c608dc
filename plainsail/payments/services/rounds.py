"""A round of charges: many are written down and committed at once, asked for one by one, and written down again at once.

The same loop as `charging`, and the same rows. A round that is killed leaves charges in flight, which are asked about.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from plainsail.kernel import clock, due
from plainsail.kernel.events import publish_many
from plainsail.kernel.money import Money
from plainsail.kernel.sets import update_each
from plainsail.kernel.tenancy import workspace
from plainsail.payments.gateways.base import ChargeOutcome
from plainsail.payments.models import Charge, PaymentMethod
from plainsail.payments.services import charging
from plainsail.payments.services.accounts import gateway_of

NOT_SENT = ChargeOutcome(state="declined", decline_class="soft", decline_code=charging.NEVER_ARRIVED)
SEND_WITHIN = timedelta(minutes=1)
"""A charge that wasn't sent by then isn't sent at all: after two minutes somebody else takes it for interrupted and asks."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """An amount (above zero) to be taken, as `charging.begin` takes it; the method has its account loaded."""

    method: PaymentMethod
    subject_id: UUID
    amount: Money
    descriptor: str


@transaction.atomic
def begin(wanted: Sequence[Wanted], *, initiator: Charge.Initiator, at: datetime) -> list[Charge]:
    """Write down that amounts are about to be taken for subjects that nobody charges yet, from methods that are usable.

    Commit before `submit`. Two statements. Raises IntegrityError where a subject has an open charge.
    """
    if not wanted:
        return []
    made = [
        charging.written(
            one.method,
            subject_id=one.subject_id,
            amount=one.amount,
            initiator=initiator,
            descriptor=one.descriptor,
            at=at,
        )
        for one in wanted
    ]
    for one, charge in zip(wanted, made, strict=True):
        charge.account = one.method.account
    Charge.objects.bulk_create(made)
    due.schedule(charging.UNRESOLVED, at + charging.INTERRUPTED_AFTER)
    return made


def submit(workspace_id: UUID, charges: Sequence[Charge], *, at: datetime) -> list[Charge]:
    """Ask the gateways for charges of a round, just begun at a moment, and write down their answers. Outside any transaction.

    As many at a time as each gateway takes (`capabilities.at_once`). Returns them as they stand then.
    """
    moment = clock.ticking(at)
    outcomes = {
        charge_id: outcome
        for part in _by_pace(charges)
        for charge_id, outcome in _ask(part, begun_at=at, moment=moment)
    }
    return _record(workspace_id, outcomes, at=moment())


def _by_pace(charges: Sequence[Charge]) -> Iterator[tuple[int, Sequence[Charge]]]:
    """The charges by how many of them may be on their way at a time."""
    paces = {charge.id: gateway_of(charge.account).capabilities.at_once for charge in charges}
    for pace in sorted(set(paces.values())):
        yield pace, [charge for charge in charges if paces[charge.id] == pace]


def _ask(
    part: tuple[int, Sequence[Charge]], *, begun_at: datetime, moment: Callable[[], datetime]
) -> Iterator[tuple[UUID, ChargeOutcome]]:
    pace, charges = part

    def ask(charge: Charge) -> ChargeOutcome:
        at = moment()
        if at >= begun_at + SEND_WITHIN:
            return NOT_SENT
        return gateway_of(charge.account).charge(charge.account, charging.request_for(charge, at=at))

    if pace == 1:
        for charge in charges:
            yield charge.id, ask(charge)
        return
    with ThreadPoolExecutor(pace) as pool:
        # A fixed clock is a matter of the context: each call has a copy of ours, since one can't be entered twice at a time.
        asked = [(charge.id, pool.submit(contextvars.copy_context().run, ask, charge)) for charge in charges]
        for charge_id, answer in asked:
            yield charge_id, answer.result()


def _record(workspace_id: UUID, outcomes: dict[UUID, ChargeOutcome], *, at: datetime) -> list[Charge]:
    with workspace(workspace_id):
        locked = Charge.objects.select_for_update(of=("self",)).select_related("method", "account")
        charges = list(locked.filter(id__in=outcomes).order_by("id"))
        paid = [one for one in charges if outcomes[one.id].state == "succeeded" and not one.has_succeeded]
        _succeed(paid, outcomes, at=at)
        plain = {one.id for one in paid}
        for charge in charges:
            # What is said besides a success (disputes), and all that is no success, is written down one by one.
            if charge.id not in plain or outcomes[charge.id].disputes:
                charging.merge(charge, outcomes[charge.id], at=at)
        return charges


def _succeed(charges: Sequence[Charge], outcomes: dict[UUID, ChargeOutcome], *, at: datetime) -> None:
    for charge in charges:
        charging.mark_paid(charge, outcomes[charge.id], at=at)
    update_each(charges, fields=charging.PAID)
    if charges:
        due.schedule(charging.CHANGES, at + charging.NEWS_AFTER)
    publish_many(charging.succeeded(charge, at=at) for charge in charges)
