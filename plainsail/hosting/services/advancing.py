"""The way of a closing business, one step after the other, each as soon as it may be taken and safe to take again.

Winding down: its customers' contracts end, money goes back. Then the doors close: nothing is shown, sent, charged or
automated, and for the days of its policy all can be taken back. Then it is erased.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from plainsail.accounts.services import hosts
from plainsail.hosting.models import Closure, ClosureFact
from plainsail.hosting.services import (
    cancelling,
    certificates,
    closing,
    erasing,
    facts,
    inventory,
    notices,
    obstacles,
    retention,
)
from plainsail.hosting.services.obstacles import Obstacle
from plainsail.kernel import clock, due, environment, erasures
from plainsail.kernel.jobs import job
from plainsail.kernel.models import Workspace
from plainsail.kernel.periods import local_date
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.subscriptions.services import winding_down
from plainsail.subscriptions.services.quoting import When

logger = logging.getLogger("plainsail.hosting")

CONTRACTS_A_ROUND = 50
LOOK_AGAIN = timedelta(hours=1)
CONTRACTS_AGAIN = timedelta(hours=6)
ANSWERED_BEFORE = timedelta(days=3)
SOON = timedelta(minutes=1)


@job("hosting.advance", also_when_closed=True)
@outside_transaction
def advance_later(*, workspace_id: UUID) -> None:
    """Go on with a closing now, rather than with the next minute."""
    advance.function(workspace_id=workspace_id, at=clock.now())


def advance_soon(workspace_id: UUID) -> None:
    advance_later.once(f"closing:{workspace_id}", workspace_id=workspace_id)


@due.runs(closing.CLOSURE, also_when_closed=True)
@outside_transaction
def advance(*, workspace_id: UUID, at: datetime) -> datetime | None:
    """Take every step that a closing may take now; returns when to look again. Opens its own transactions."""
    while True:
        with workspace(workspace_id):
            closure = closing.in_force(Workspace.objects.get(id=workspace_id))
        if closure is None or closure.state == Closure.State.ERASED:
            return None
        step = STEPS[Closure.State(closure.state)]
        wait_until = step(closure, at=at)
        if wait_until is not None:
            return wait_until


def _wind_down(closure: Closure, *, at: datetime) -> datetime | None:
    business = closure.workspace
    _stop_the_plan(closure, at=at)
    with workspace(business):
        if not _hold(closure):
            return None
        _tell_once(closure, "winding_down", at=at)
        if winding_down.end_all(business, when=_when(closure), at=at, limit=CONTRACTS_A_ROUND) == CONTRACTS_A_ROUND:
            return at
        if found := obstacles.unsettled(business, closure, at=at):
            _answer_in_time(closure, found, at=at)
            return at + _pause(found, since=closure.asked_at, at=at)
        _shut_the_doors(closure, at=at)
    return None


def _hold(closure: Closure) -> bool:
    """Keep everybody else from moving the business until the commit; False where somebody has moved it meanwhile."""
    Workspace.objects.select_for_update(no_key=True).get(pk=closure.workspace_id)
    was = closure.state
    closure.refresh_from_db(fields=["state", "customers", "erase_asked_at"])
    return closure.state == was


def _pause(found: list[Obstacle], *, since: datetime, at: datetime) -> timedelta:
    """Contracts end on days that are known for months; all else is settled within minutes, as a rule."""
    if any(each.code == "contracts" for each in found):
        return CONTRACTS_AGAIN
    return SOON if at - since < LOOK_AGAIN else LOOK_AGAIN


def _when(closure: Closure) -> When:
    return "now" if closure.customers == Closure.Customers.REFUND else "period_end"


def _stop_the_plan(closure: Closure, *, at: datetime) -> None:
    """The business's own plan ends with the time it has paid for: whoever closes is charged no more."""
    made = cancelling.stop(closure.workspace, at=at)
    if made is not None:
        with workspace(closure.workspace_id):
            facts.note(closure, "plan_cancelled", at=at, cancellation=str(made))


def _shut_the_doors(closure: Closure, *, at: datetime) -> None:
    """In the open workspace, held."""
    business = closure.workspace
    closure.state, closure.closed_at = Closure.State.CLOSING, at
    closure.erase_at = retention.after(closure.policy, "grace", at, zone=business.timezone)
    closure.save(update_fields=["state", "closed_at", "erase_at"])
    business.state = Workspace.State.CLOSING
    business.save(update_fields=["state"])
    facts.note(closure, "doors_closed", at=at, hosts=hosts.close_sites(business))
    if closure.erase_asked_at is None:
        _tell_once(closure, "closed", at=at)


def _tell_once(closure: Closure, kind: notices.Kind, *, at: datetime) -> None:
    """Mail the owner, once for each kind."""
    if kind == "winding_down" and not winding_down.running(closure.workspace).exists():
        return
    if not facts.has(closure, f"told_{kind}"):
        notices.send(closure, kind)
        facts.note(closure, f"told_{kind}", at=at)


def _wait(closure: Closure, *, at: datetime) -> datetime | None:
    """The grace: warned a week before its end, erased at its end or when the owner asks, once nothing is in the way."""
    assert closure.erase_at is not None
    zone = closure.workspace.timezone
    warned_at = retention.warned_at(closure.policy, closure.erase_at, zone=zone)
    is_asked = closure.erase_asked_at is not None
    if not is_asked and at >= warned_at:
        with workspace(closure.workspace_id):
            _tell_once(closure, "erased_soon", at=at)
    if not is_asked and at < closure.erase_at:
        return closure.erase_at if at >= warned_at else warned_at
    cancelling.end_now(closure.workspace, at=at)
    if found := obstacles.in_the_way(closure.workspace, closure):
        with workspace(closure.workspace_id):
            _answer_in_time(closure, found, at=at)
        return at + _pause(found, since=closure.erase_asked_at or closure.erase_at, at=at)
    _begin_erasing(closure, at=at)
    return None


def _answer_in_time(closure: Closure, found: list[Obstacle], *, at: datetime) -> None:
    """Whoever asked to be erased hears within the month what it waits for (GDPR, art. 12(3) and (4)); once."""
    if closure.answer_by is None or local_date(at, closure.workspace.timezone) < closure.answer_by - ANSWERED_BEFORE:
        return
    if not facts.has(closure, "told_not_erased_yet"):
        logger.warning(
            "an erasure that was asked for waits",
            extra={"workspace_id": closure.workspace_id, "in_the_way": [each.code for each in found]},
        )
        notices.send(closure, "not_erased_yet", in_the_way=found)
        facts.note(closure, "told_not_erased_yet", at=at, in_the_way=[each.code for each in found])


def _begin_erasing(closure: Closure, *, at: datetime) -> None:
    """From here there is no way back: nobody can open the business any more."""
    with workspace(closure.workspace_id):
        if not _hold(closure):
            return
        rows = inventory.count(inventory.tables())
        closure.state = Closure.State.ERASING
        closure.save(update_fields=["state"])
        Workspace.objects.filter(id=closure.workspace_id).update(state=Workspace.State.CLOSED)
        facts.note(closure, erasing.BEGUN, at=at, rows=rows, business=closure.workspace.name)


def _erase(closure: Closure, *, at: datetime) -> datetime | None:
    with workspace(closure.workspace_id):
        began = facts.last(closure, erasing.BEGUN)
        assert began is not None
    # Before anything goes: should a backup be restored in between, it is erased there as well.
    erasures.add(environment.current().erasures, {closure.workspace_id: began.at})
    erasing.clear(closure.workspace_id, began=began, policy=closure.policy, zone=closure.workspace.timezone)
    _finish(closure, began, at=at)
    return None


def _finish(closure: Closure, began: ClosureFact, *, at: datetime) -> None:
    with workspace(closure.workspace_id):
        held = Closure.objects.select_for_update().select_related("workspace").get(pk=closure.pk)
        if held.state != Closure.State.ERASING:
            return
        held.state, held.erased_at = Closure.State.ERASED, at
        held.certificate = erasing.certify(held, began, name=began.details["business"], at=at)
        held.proof_until = retention.until(held.policy, "proof", since=at, erased_at=at, zone=held.workspace.timezone)
        if held.email:
            certificates.send(held)
        held.email, held.asked_by = "", None
        held.save(update_fields=["state", "erased_at", "certificate", "proof_until", "email", "asked_by"])
        erasing.forget_closures(but=held)
        facts.note(held, "erased", at=at)
        due.schedule(closing.KEPT, at)


STEPS = {
    Closure.State.WINDING_DOWN: _wind_down,
    Closure.State.CLOSING: _wait,
    Closure.State.ERASING: _erase,
}


def replay() -> None:
    """After a restore: erase again whoever is on the list and is there nevertheless. Nobody is told a second time."""
    at = clock.now()
    listed = erasures.listed(environment.current().erasures)
    back = Workspace.objects.filter(id__in=listed).exclude(name="", state=Workspace.State.CLOSED)
    for business in back.order_by("id"):
        _erase_again(business, erased_at=listed[business.id], at=at)


def _erase_again(business: Workspace, *, erased_at: datetime, at: datetime) -> None:
    logger.warning("a restored business is erased again", extra={"workspace_id": business.id})
    with workspace(business):
        Workspace.objects.filter(id=business.id).update(state=Workspace.State.CLOSED)
        closure = closing.in_force(business)
        if closure is None:
            closure = Closure.objects.create(
                asked_at=erased_at, policy=retention.POLICY, locale=business.locale, created_at=erased_at
            )
        Closure.objects.filter(pk=closure.pk).update(state=Closure.State.ERASING, email="")
        if not facts.has(closure, erasing.BEGUN):
            rows = inventory.count(inventory.tables())
            facts.note(closure, erasing.BEGUN, at=erased_at, rows=rows, business=business.name)
        due.schedule(closing.CLOSURE, at)
    advance.function(workspace_id=business.id, at=at)
