"""Counts of who is where in an automation."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast

from plainsail.automations.models import Automation, AutomationVersion, Call, Run, StepLog
from plainsail.contacts.models import CustomField
from plainsail.kernel.models import Workspace


@dataclass
class Traffic:
    """People in an automation: how many entered, are under way, through, held up."""

    entered: int = 0
    waiting: int = 0
    done: int = 0
    parked: int = 0


def listed(workspace: Workspace) -> QuerySet[Automation]:
    """Automations by name."""
    found: QuerySet[Automation] = Automation.objects.filter(workspace=workspace).order_by("name", "id")
    return found


def traffic(workspace: Workspace) -> dict[UUID, Traffic]:
    """For each automation how many people it has seen. One grouped statement over the index of runs."""
    found: dict[UUID, Traffic] = {}
    rows = (
        Run.objects.filter(workspace=workspace)
        .order_by()
        .values_list("automation_id", "state")
        .annotate(people=Count("id"))
    )
    for automation_id, state, people in rows:
        one = found.setdefault(automation_id, Traffic())
        one.entered += people
        if hasattr(one, state):
            setattr(one, state, people)
    return found


@dataclass
class StepCounts:
    """What happened at each step: people there now, and how it went for those who have passed."""

    here: Counter[str] = field(default_factory=Counter)
    parked: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    people: Counter[str] = field(default_factory=Counter)
    """As `passed`, each person once however often they were there."""
    entered: int = 0
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)


def step_counts(automation: Automation) -> StepCounts:
    """Per step id. Three statements over an index each; the log is read once."""
    counts = StepCounts(entered=Run.objects.filter(automation=automation).count())
    under_way = Run.objects.filter(automation=automation, ended_at=None).order_by()
    for step, state, people in under_way.values_list("step", "state").annotate(people=Count("id")):
        (counts.parked if state == Run.State.PARKED else counts.here)[step] += people
    taken = StepLog.objects.filter(automation=automation).order_by()
    first = Count("id", filter=Q(visit=1))
    for step, outcome, people, firsts in taken.values_list("step", "outcome").annotate(
        people=Count("id"), firsts=first
    ):
        counts.passed[step] += people
        counts.people[step] += firsts
        counts.outcomes.setdefault(step, Counter())[outcome] = people
    return counts


def entered_since(automation: Automation, since: datetime) -> int:
    """How many people began since a moment."""
    return int(Run.objects.filter(automation=automation, entered_at__gte=since).count())


def held_up(automation: Automation, *, limit: int = 50) -> list[Run]:
    """Runs that wait for a person to look, with their contacts, newest first."""
    parked = automation.runs.filter(state=Run.State.PARKED).select_related("contact", "version")
    return list(parked.order_by("-entered_at", "-id")[:limit])


def standing(automation: Automation, *, step_id: str = "", state: str = "") -> QuerySet[Run]:
    """Runs with their contacts, those who go on first; of one step, or in one state. Others are under way or held up."""
    found: QuerySet[Run] = automation.runs.select_related("contact", "version")
    found = found.filter(state=state) if state else found.filter(ended_at=None)
    if step_id:
        found = found.filter(step=step_id)
    ended = state in (Run.State.DONE, Run.State.STOPPED)
    return found.order_by("-ended_at", "-id") if ended else found.order_by("due_at", "id")


def versions_of(automation: Automation) -> QuerySet[AutomationVersion]:
    """Its versions, newest first, each with how many of its people are under way (`people`)."""
    under_way = Count("runs", filter=Q(runs__ended_at=None))
    found: QuerySet[AutomationVersion] = automation.versions.annotate(people=under_way).order_by("-number")
    return found


def waiting_at(automation: Automation) -> Counter[str]:
    """How many are under way at each step. One grouped statement."""
    under_way = automation.runs.filter(ended_at=None).order_by()
    return Counter(dict(under_way.values_list("step").annotate(people=Count("id"))))


def skipped_at(automation: Automation, step_id: str, *, limit: int = 5) -> list[tuple[str, int]]:
    """Why nothing was done for those whom a step passed over, with how many they were, the most first. One range of the log's
    index."""
    passed_over = StepLog.objects.filter(automation=automation, step=step_id, outcome="skipped").order_by()
    counted = passed_over.values_list("note").annotate(people=Count("id")).order_by("-people", "note")
    return list(counted[:limit])


def people_at(automation: Automation, step_id: str, *, limit: int = 20) -> list[Run]:
    """Who stands at a step now, those who go on first, with their contacts."""
    there = automation.runs.filter(ended_at=None, step=step_id).select_related("contact")
    return list(there.order_by("due_at", "id")[:limit])


def calls(workspace: Workspace, *, state: str = "") -> QuerySet[Call]:
    """Calls that were not taken or are tried again, newest first, with their contacts; in one state, or both."""
    troubled = Q(state=Call.State.FAILED) | Q(state=Call.State.WAITING, attempts__gt=0)
    asked = Q(state=state) & troubled if state else troubled
    found: QuerySet[Call] = Call.objects.filter(asked, workspace=workspace).select_related("contact")
    return found.order_by("-created_at", "-id")


def failed_calls(workspace: Workspace) -> int:
    """How many calls were given up. An index holds those alone."""
    return int(Call.objects.filter(workspace=workspace, state=Call.State.FAILED).count())


def caller(call: Call) -> Automation | None:
    """The automation whose step owes a call: its key begins with the run. None where the run is gone."""
    run, _dot, _rest = call.key.partition(".")
    try:
        key = UUID(run)
    except ValueError:
        return None
    found: Automation | None = Automation.objects.filter(runs__id=key).first()
    return found


def label_of(key: str) -> str:
    """What an own field of contacts is called; empty for one that is gone."""
    found = CustomField.objects.filter(key=key).values_list("label", flat=True).first() if key else None
    return found or ""


def needing(text: str) -> list[Automation]:
    """Automations with a text as one of their settings, by name: in the draft, in what is live, or where people are under way.

    An id or an address, which stands there whole, or `field:` and the key of an own field. Reads the documents of all automations.
    """
    said = _saying(text)
    under_way = Run.objects.filter(version_id=OuterRef("id"), automation_id=OuterRef("automation_id"), ended_at=None)
    versions = AutomationVersion.objects.annotate(said=Cast("document", TextField())).filter(said)
    needed = versions.filter(Q(automation__version_id=F("id")) | Q(Exists(under_way)))
    found = Automation.objects.annotate(said=Cast("draft", TextField())).filter(
        said | Q(id__in=needed.values("automation_id"))
    )
    return list(found.select_related("workspace").order_by("name", "id"))


def _saying(text: str) -> Q:
    """Documents that hold a text. Conditions name an own field with `field:` before its key, waits and actions by the key alone."""
    said = Q(said__contains=json.dumps(text, ensure_ascii=False))
    key = text.removeprefix("field:")
    return said if key == text else said | Q(said__contains=f'"field": {json.dumps(key, ensure_ascii=False)}')
