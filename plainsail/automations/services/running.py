"""The engine: takes each due run one step further, one transaction a step. A step that fails holds up its own run only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from plainsail.automations.events import AutomationFinished, RunParked
from plainsail.automations.models import Automation, Run, StepLog
from plainsail.automations.services import flows, timing
from plainsail.automations.services.entering import RUNS
from plainsail.automations.sockets import ACTIONS, CONDITIONS
from plainsail.kernel import clock, due
from plainsail.kernel.events import publish
from plainsail.kernel.jobs import attempt
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import outside_transaction, workspace

SLICE = timedelta(seconds=30)
"""After this long other work gets its turn; what is left is due at once."""
BATCH = 100
MOST_STEPS_A_DAY = 100
"""Steps that one run may take in a day: a guard against flows that go round in circles through others."""
MOST_FAILURES = 5

State = Run.State


@due.runs(RUNS)
@outside_transaction
def advance(*, workspace_id: UUID, at: datetime) -> datetime | None:
    """Take every due run as far as it goes; returns when the next one is due.

    Many workers may do this at once: they pass over each other's runs.
    """
    until = clock.now() + SLICE
    while clock.now() < until:
        if not _batch(workspace_id, at=at):
            with workspace(workspace_id):
                return _next_due(at=at)
    return at


def _batch(workspace_id: UUID, *, at: datetime) -> int:
    """Up to BATCH runs one step further, each in a transaction of its own; returns how many."""
    with workspace(workspace_id):
        due_now = Run.objects.filter(state=State.WAITING, due_at__lte=at, automation__state=Automation.State.LIVE)
        ids = list(due_now.order_by("due_at", "id").values_list("id", flat=True)[:BATCH])
    taken = 0
    for run_id in ids:
        with workspace(workspace_id):
            taken += _step_if_free(run_id, at=at)
    return taken


def _step_if_free(run_id: UUID, *, at: datetime) -> bool:
    """One step of a run, unless another worker has it or took it meanwhile."""
    run = (
        Run.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("automation", "version", "contact")
        .filter(id=run_id, state=State.WAITING, due_at__lte=at)
        .first()
    )
    if run is None:
        return False
    if error := attempt(partial(step, run, at=at), what="automations.step"):
        run.refresh_from_db()
        _failed(run, error, at=at)
    return True


def step(run: Run, *, at: datetime) -> None:
    """Take the step that comes next, log it, and say when the one after it is due."""
    if run.contact.is_deleted:
        _end(run, State.STOPPED, at=at)
        return
    if not run.step:
        _finish(run, at=at)
        return
    if _has_walked_too_far(run, at=at):
        _park(
            run,
            _("It took more steps in one day than any flow needs. Look for automations that start each other."),
            at=at,
        )
        return
    current = flows.find(run.version.document, run.step)
    STEPS[current["type"]](run, current, at)


def _wait(run: Run, current: flows.Step, at: datetime) -> None:
    """Begin to wait here, or go on if this wait is over."""
    if run.is_in_wait:
        _go_on(run, flows.after(run.version.document, current["id"]), at=at)
        return
    business = Workspace.objects.get(id=run.workspace_id)
    until = timing.ends_at(current, at=at, zone=run.contact.timezone or business.timezone)
    _log(run, current, "waiting", at=at)
    run.is_in_wait, run.due_at = True, until
    run.save(update_fields=["is_in_wait", "due_at", "failures", "error", "counted_on", "steps_that_day"])


def _act(run: Run, current: flows.Step, at: datetime) -> None:
    kind = ACTIONS[current["action"]]
    visit = _visit(run, current)
    done = kind.perform(run.contact, current["config"], run_key(run, current["id"], visit), at)
    outcome = "skipped" if done is not None and done.skipped else "done"
    _log(run, current, outcome, at=at, note=done.note if done else "", visit=visit)
    _go_on(run, flows.after(run.version.document, current["id"]), at=at)


def _ask(run: Run, current: flows.Step, at: datetime) -> None:
    holds = CONDITIONS[current["condition"]].holds(run.contact, current["config"], at)
    branch = "yes" if holds else "no"
    _log(run, current, branch, at=at)
    _go_on(run, flows.first(current[branch]), at=at)


def _stop(run: Run, current: flows.Step, at: datetime) -> None:
    _log(run, current, "end", at=at)
    _finish(run, at=at)


STEPS: dict[str, Callable[[Run, flows.Step, datetime], None]] = {
    "wait": _wait,
    "action": _act,
    "condition": _ask,
    "end": _stop,
}


def run_key(run: Run, step_id: str, visit: int) -> str:
    """What makes an action's work on one step the same work: run, step and visit."""
    return f"{run.id.hex}.{step_id}.{visit}"


def _visit(run: Run, current: flows.Step) -> int:
    """How often this run has come to this step, this time included; more than once only after it was moved."""
    return int(StepLog.objects.filter(run=run, step=current["id"]).count()) + 1


def _log(
    run: Run, current: flows.Step, outcome: str, *, at: datetime, note: str = "", visit: int | None = None
) -> None:
    StepLog.objects.create(
        run=run,
        automation_id=run.automation_id,
        step=current["id"],
        visit=visit if visit is not None else _visit(run, current),
        outcome=outcome,
        note=note[:300],
        at=at,
        created_at=at,
    )


def _go_on(run: Run, step_id: str, *, at: datetime) -> None:
    run.step, run.is_in_wait, run.due_at, run.failures, run.error = step_id, False, at, 0, ""
    run.save(update_fields=["step", "is_in_wait", "due_at", "failures", "error", "counted_on", "steps_that_day"])


def _has_walked_too_far(run: Run, *, at: datetime) -> bool:
    today = at.date()
    run.steps_that_day = run.steps_that_day + 1 if run.counted_on == today else 1
    run.counted_on = today
    return run.steps_that_day > MOST_STEPS_A_DAY


def _finish(run: Run, *, at: datetime) -> None:
    _end(run, State.DONE, at=at)
    publish(AutomationFinished(automation_id=run.automation_id, run_id=run.id, contact_id=run.contact_id, at=at))


def _end(run: Run, state: Run.State, *, at: datetime) -> None:
    run.state, run.step, run.ended_at = state, "", at
    run.save(update_fields=["state", "step", "ended_at"])


def _failed(run: Run, error: str, *, at: datetime) -> None:
    """Try again later, ever less often; after MOST_FAILURES a person has to look."""
    run.failures += 1
    if run.failures >= MOST_FAILURES:
        _park(run, error, at=at)
        return
    run.error, run.due_at = error[:2000], at + timedelta(minutes=4**run.failures)
    run.save(update_fields=["failures", "error", "due_at"])


def _park(run: Run, error: str, *, at: datetime) -> None:
    run.state, run.error = State.PARKED, error[:2000]
    run.save(update_fields=["state", "error", "failures"])
    publish(RunParked(automation_id=run.automation_id, run_id=run.id, contact_id=run.contact_id, at=at))


def retry(run: Run, *, at: datetime) -> None:
    """Try a held-up run again, after its cause was mended."""
    _revive(run, step_id=run.step, at=at)


def skip(run: Run, *, at: datetime) -> None:
    """Leave out the step that holds a run up and go on behind it. Raises NoSuchStep."""
    current = flows.find(run.version.document, run.step)
    _log(run, current, "skipped", at=at, note=run.error.splitlines()[-1] if run.error else "")
    _revive(run, step_id=flows.after(run.version.document, run.step), at=at)


def _revive(run: Run, *, step_id: str, at: datetime) -> None:
    Run.objects.filter(id=run.id, state=State.PARKED).update(
        state=State.WAITING, step=step_id, is_in_wait=False, due_at=at, failures=0, error="", steps_that_day=0
    )
    due.schedule(RUNS, at)


def take_out(run: Run, *, at: datetime) -> None:
    """End somebody's way through an automation here."""
    Run.objects.filter(id=run.id, ended_at=None).update(state=State.STOPPED, ended_at=at, step="")


def _next_due(*, at: datetime) -> datetime | None:
    waiting: Any = Run.objects.filter(state=State.WAITING, due_at__gt=at, automation__state=Automation.State.LIVE)
    following: datetime | None = waiting.order_by("due_at").values_list("due_at", flat=True).first()
    return following
