"""The seller's time: the wall's, or for a seller in test mode the wall's plus what the test clock was moved ahead.

It ticks on after it was moved. Everything that falls due in between happens one step after the other, in order, each
at its own moment.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from plainsail.commerce.models import Mode, SandboxClock, Seller
from plainsail.commerce.sockets import CLOCK_ACTIONS, ClockSource, ClockStep
from plainsail.kernel import clock
from plainsail.kernel.errors import Refusal
from plainsail.kernel.tenancy import workspace

FURTHEST = timedelta(days=5 * 366)
MAX_STEPS = 10_000


class NoTestClock(Refusal):
    """A seller in live mode has no clock to move."""

    code = "no_test_clock"
    message = _("The clock can only be moved in test mode.")


class ClockGoesForward(Refusal):
    """The clock can't go back, nor leap for ages."""

    code = "clock_goes_forward"
    message = _("The test clock can be moved ahead by up to five years at a time, never back.")


class ClockStuck(RuntimeError):
    """A step was still upcoming after it was done."""


def ahead() -> timedelta:
    """How far the open workspace's seller is ahead of the wall. One query."""
    found: timedelta | None = SandboxClock.objects.values_list("ahead", flat=True).first()
    return found or timedelta(0)


def seller_now(at: datetime) -> datetime:
    """The seller's time at a moment of the wall. In the workspace."""
    return at + ahead()


def wall(at: datetime) -> datetime:
    """The wall's time at a moment of the seller's, for mails and timers. In the workspace."""
    return at - ahead()


def advance(workspace_id: UUID, *, to: datetime, at: datetime) -> int:
    """Move the test clock to a moment of the seller's time; `at` is the wall's. Returns how many steps fell due.

    Outside any transaction, since steps talk to gateways: what is done stays done if a later step fails.
    Raises NoTestClock, ClockGoesForward, ClockStuck.
    """
    with workspace(workspace_id):
        if not Seller.objects.filter(mode=Mode.TEST).exists():
            raise NoTestClock
        now = seller_now(at)
    if not now <= to <= now + FURTHEST:
        raise ClockGoesForward
    steps = 0
    last: ClockStep | None = None
    while (found := _upcoming(workspace_id, to)) is not None:
        source, step = found
        if step == last or steps >= MAX_STEPS:
            raise ClockStuck(step.key)
        moment = max(now, step.due_at)
        _set(workspace_id, moment, at=at)
        # Work that asks for the wall's time meanwhile must not see minutes pass between two steps.
        with clock.fixed(at):
            source.run(workspace_id, step, moment)
        now, last, steps = moment, step, steps + 1
    _set(workspace_id, to, at=at)
    return steps


def _upcoming(workspace_id: UUID, until: datetime) -> tuple[ClockSource, ClockStep] | None:
    with workspace(workspace_id):
        found = [(step, source) for source in CLOCK_ACTIONS if (step := source.upcoming(until)) is not None]
    if not found:
        return None
    step, source = min(found, key=lambda pair: pair[0])
    return source, step


def _set(workspace_id: UUID, moment: datetime, *, at: datetime) -> None:
    with workspace(workspace_id):
        before, now = ahead(), max(moment - at, timedelta(0))
        SandboxClock.objects.update_or_create(defaults={"ahead": now})
        for source in CLOCK_ACTIONS:
            if source.moved is not None and now > before:
                source.moved(now - before, at)
