"""The test clock moves ahead, step by step in order, and only in test mode."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.commerce import sockets
from plainsail.commerce.models import Seller
from plainsail.commerce.services import clocks
from plainsail.commerce.services.clocks import ClockGoesForward, ClockStuck, NoTestClock
from plainsail.commerce.sockets import ClockSource, ClockStep
from plainsail.commerce.tests.factories import NOON, bought, seller
from plainsail.contacts.models import Contact
from plainsail.kernel import tenancy
from plainsail.kernel.registry import Registry
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.portal.services import grants

DAY = timedelta(days=1)


@pytest.fixture
def selling(juniper):
    with workspace(juniper):
        seller()
    return juniper


@pytest.fixture
def diary(monkeypatch):
    """Two sources of steps, and a list of what was done when, by the seller's clock."""
    todo = {"letters": [], "charges": []}
    done: list[tuple[str, object]] = []
    registry: Registry[ClockSource] = Registry("commerce.clock_actions")

    def source(name: str) -> ClockSource:
        def run(workspace_id, step, at):
            assert not tenancy.has_workspace()
            with workspace(workspace_id):
                assert clocks.seller_now(NOON) == at
            todo[name].remove(step)
            done.append((step.key, at))

        def upcoming(until):
            return min((step for step in todo[name] if step.due_at <= until), default=None)

        return ClockSource(upcoming=upcoming, run=run)

    for name in todo:
        registry.register(name, source(name))
    monkeypatch.setattr(clocks, "CLOCK_ACTIONS", registry)
    return todo, done


def test_at_first_the_seller_s_time_is_the_wall_s(selling):
    with workspace(selling):
        assert (clocks.seller_now(NOON), clocks.wall(NOON)) == (NOON, NOON)


def test_moved_ahead_it_ticks_on_from_there(selling):
    clocks.advance(selling.pk, to=NOON + 30 * DAY, at=NOON)
    with workspace(selling):
        assert clocks.seller_now(NOON + timedelta(seconds=5)) == NOON + 30 * DAY + timedelta(seconds=5)
        assert clocks.wall(NOON + 31 * DAY) == NOON + DAY


def test_steps_run_in_order_each_at_its_own_moment(selling, diary):
    todo, done = diary
    todo["letters"] += [ClockStep(NOON + 3 * DAY, 5, "reminder"), ClockStep(NOON + 9 * DAY, 0, "later")]
    todo["charges"] += [ClockStep(NOON + 3 * DAY, 1, "renewal"), ClockStep(NOON - DAY, 0, "overdue")]
    assert clocks.advance(selling.pk, to=NOON + 5 * DAY, at=NOON) == 3
    assert done == [("overdue", NOON), ("renewal", NOON + 3 * DAY), ("reminder", NOON + 3 * DAY)]
    with workspace(selling):
        assert clocks.seller_now(NOON) == NOON + 5 * DAY


def test_a_step_may_make_another(selling, diary):
    todo, done = diary
    todo["charges"].append(ClockStep(NOON + DAY, 0, "renewal"))
    source = clocks.CLOCK_ACTIONS["charges"]

    def renew(workspace_id, step, at):
        source.run(workspace_id, step, at)
        if len(done) < 3:
            todo["charges"].append(ClockStep(at + DAY, 0, "renewal"))

    clocks.CLOCK_ACTIONS.register("chain", ClockSource(upcoming=source.upcoming, run=renew))
    clocks.CLOCK_ACTIONS._entries.pop("charges")
    assert clocks.advance(selling.pk, to=NOON + 10 * DAY, at=NOON) == 3
    assert [at for _key, at in done] == [NOON + DAY, NOON + 2 * DAY, NOON + 3 * DAY]


def test_a_step_that_stays_is_a_mistake_and_not_an_endless_loop(selling, monkeypatch):
    step = ClockStep(NOON + DAY, 0, "stuck")
    registry: Registry[ClockSource] = Registry("commerce.clock_actions")
    registry.register("x", ClockSource(upcoming=lambda until: step, run=lambda workspace_id, step, at: None))
    monkeypatch.setattr(clocks, "CLOCK_ACTIONS", registry)
    with pytest.raises(ClockStuck):
        clocks.advance(selling.pk, to=NOON + 2 * DAY, at=NOON)


@pytest.mark.parametrize("to", [NOON - DAY, NOON + 6 * 366 * DAY])
def test_never_back_and_never_for_ages(selling, to):
    with pytest.raises(ClockGoesForward):
        clocks.advance(selling.pk, to=to, at=NOON)


def test_a_live_seller_has_no_clock_to_move(selling):
    with workspace(selling):
        Seller.objects.update(mode="live")
    with pytest.raises(NoTestClock):
        clocks.advance(selling.pk, to=NOON + DAY, at=NOON)


def test_a_purchase_a_month_ahead_is_dated_then_and_works_now(selling):
    clocks.advance(selling.pk, to=NOON + 30 * DAY, at=NOON)
    order = bought(selling, at=NOON + 30 * DAY)
    run_jobs(at=NOON)
    with workspace(selling):
        assert order.paid_at == NOON + 30 * DAY
        assert order.invoices.get().issued_at == NOON + 30 * DAY
        assert grants.has_access(Contact.objects.get(), order.lines.get().product.resource_key, at=NOON)
    assert sockets.CLOCK_ACTIONS.name == "commerce.clock_actions"
