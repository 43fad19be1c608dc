"""Staff move somebody on who waits in an automation, past what they stand at."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from plainsail.automations.models import Run, StepLog
from plainsail.automations.services import flows
from plainsail.automations.services.entering import RUNS
from plainsail.kernel import due


@transaction.atomic
def move_on(run: Run, *, at: datetime) -> bool:
    """Let somebody go on now behind the step where they stand: a wait is over, a failed step is left out.

    False for one that is through or was taken out. Raises NoSuchStep.
    """
    held = Run.objects.select_for_update().select_related("version").filter(id=run.id, ended_at=None).first()
    if held is None:
        return False
    if held.step:
        following = flows.after(held.version.document, held.step)
        _note(held, at=at)
        held.step = following
    held.state, held.is_in_wait, held.due_at, held.failures, held.error = Run.State.WAITING, False, at, 0, ""
    held.save(update_fields=["state", "step", "is_in_wait", "due_at", "failures", "error"])
    due.schedule(RUNS, at)
    due.hurry(RUNS)
    return True


def _note(run: Run, *, at: datetime) -> None:
    """A wait that began is in the log already; only what was left out altogether is written."""
    if run.is_in_wait:
        return
    StepLog.objects.create(
        run=run,
        automation_id=run.automation_id,
        step=run.step,
        visit=run.round,
        outcome="skipped",
        note=_("Moved on by staff."),
        at=at,
        created_at=at,
    )
