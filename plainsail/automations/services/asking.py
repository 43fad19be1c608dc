"""People under way who have to go on before their time: an exit, a goal ahead, or a wait until something is so.

Each minute those are asked about of whom something was told since; everybody under way is asked where time or something that
nobody tells of may have changed the answer. One statement for each step with a wait, whatever the number of people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.expressions import RawSQL

from plainsail.automations.models import Automation, AutomationVersion, Run
from plainsail.automations.services import flows, stepping
from plainsail.automations.services.entering import LOOKS, RUNS
from plainsail.automations.sockets import CONDITIONS
from plainsail.contacts.models import Contact
from plainsail.contacts.services.membership import TOLD
from plainsail.kernel import due
from plainsail.kernel.ids import new_id
from plainsail.kernel.jobs import attempt
from plainsail.kernel.tenancy import current_workspace_id, outside_transaction, workspace

EVERY = timedelta(minutes=1)
UNTOLD = timedelta(minutes=5)
"""How often everybody is asked where the answer depends on what nobody tells of, or on the time."""
ANYWAY = timedelta(hours=6)
OVERLAP = timedelta(minutes=5)
"""How far before the last look events are read again: what was committed late."""
SET = 5000

TOLD_OF = "SELECT contact_id FROM kernel_eventrow WHERE workspace_id = %s AND id >= %s AND contact_id IS NOT NULL"


@due.runs(LOOKS)
@outside_transaction
def look(*, workspace_id: UUID, at: datetime) -> datetime | None:
    """Ask about everybody under way in versions that ask; returns when to look again: None where nobody is."""
    with workspace(workspace_id):
        under_way = Run.objects.filter(version_id=OuterRef("id"), automation_id=OuterRef("automation_id"))
        asking = AutomationVersion.objects.filter(is_asking=True, automation__state=Automation.State.LIVE)
        found = asking.filter(Exists(under_way.filter(state=Run.State.WAITING))).select_related("workspace")
        versions = list(found.order_by("id"))
    for version in versions:
        _ask_about(version, at=at)
    return at + EVERY if versions else None


def _ask_about(version: AutomationVersion, *, at: datetime) -> None:
    told_until = _just_before_now()
    asks_all = version.asked_all_at is None or at - version.asked_all_at >= _pause(version.document)
    since = None if asks_all else version.asked_after
    for step_id, asked in questions(version.document).items():
        stop = stepping.Stop(version, step_id, version.workspace, at)
        while _some(stop, asked, since=since) == SET:
            pass
    with workspace(version.workspace_id):
        reached = {"asked_after": told_until} | ({"asked_all_at": at} if asks_all else {})
        AutomationVersion.objects.filter(id=version.id).update(**reached)


def questions(flow: flows.Flow) -> dict[str, list[dict[str, Any]]]:
    """For each step where people wait, what may let them go on before their time."""
    return {step["id"]: asked for step in flows.walk(flow["steps"]) if (asked := list(_of_step(flow, step)))}


def _of_step(flow: flows.Flow, step: flows.Step) -> Iterator[dict[str, Any]]:
    if step["type"] not in ("wait", "goal"):
        return
    yield from flow.get("exits", ())
    yield from (goal for goal in flows.ahead(flow, step["id"]) if not goal.get("off"))
    if "condition" in step and not step.get("off"):
        yield step


def _pause(flow: flows.Flow) -> timedelta:
    """How long until everybody is asked again."""
    for question in flows.questions(flow):
        reads = CONDITIONS[question["condition"]].reads(question["config"])
        if reads is None or any(name not in TOLD and not name.startswith("field:") for name in reads):
            return UNTOLD
    return ANYWAY


def _some(stop: stepping.Stop, asked: Sequence[Mapping[str, Any]], *, since: UUID | None) -> int:
    """Up to SET people at a step whom a question is meant for; returns how many went on. A question that can't be understood
    any more moves nobody: whoever comes to it is held up there, visibly."""
    moved: list[int] = []

    def pull() -> None:
        ids = list(_meant(stop, asked, since=since).values_list("id", flat=True)[:SET])
        moved.append(stepping.pull(stop, ids) if ids else 0)

    with workspace(stop.version.workspace_id):
        attempt(pull, what="automations.look")
        if any(moved):
            due.schedule(RUNS, stop.at)
    return sum(moved)


def _meant(stop: stepping.Stop, asked: Sequence[Mapping[str, Any]], *, since: UUID | None) -> QuerySet[Run]:
    conditions = [CONDITIONS[one["condition"]].holds_for(one["config"], stop.at) for one in asked]
    people = Contact.objects.filter(reduce(or_, conditions), deleted_at=None)
    if since is not None:
        people = people.filter(id__in=RawSQL(TOLD_OF, [current_workspace_id(), since]))  # noqa: S611  # parameters
    waiting: QuerySet[Run] = Run.objects.filter(
        automation_id=stop.version.automation_id,
        version=stop.version,
        state=Run.State.WAITING,
        step=stop.step_id,
        is_in_wait=True,
        due_at__gt=stop.at,
        contact__in=people.values("id"),
    )
    return waiting


def _just_before_now() -> UUID:
    """The least id that an event may have had which was committed while this looked: UUIDv7s begin with milliseconds."""
    milliseconds = (new_id().int >> 80) - OVERLAP // timedelta(milliseconds=1)
    return UUID(int=milliseconds << 80)
