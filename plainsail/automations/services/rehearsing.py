"""A test run: how somebody would go through a flow, step by step with its time, while nothing is sent and nothing changes.

The same functions decide and act as in earnest, so that a question sees what earlier steps did; but in a savepoint that is rolled
back, with every message, event and job that they wrote. Nothing talks to the network inside a transaction, so nothing leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from plainsail.automations.services import flows, places, stepping, timing
from plainsail.automations.services.flows import Flow, Step
from plainsail.automations.sockets import ACTIONS, CONDITIONS, Done
from plainsail.contacts.models import Contact, FieldValue
from plainsail.kernel.jobs import attempt
from plainsail.kernel.models import Workspace

LAST = ("fault", "exit", "held")
"""Outcomes behind which nothing follows: a step fails, somebody leaves early, or a goal holds them until they reach it."""


@dataclass(frozen=True)
class Foreseen:
    """A step that would be taken at a moment. `outcome` as in the log; `note` says why, or why nothing would be done."""

    step: Step
    at: datetime
    outcome: str
    note: str = ""
    until: datetime | None = None
    to: str = ""
    """Id of the goal that is skipped to."""


@dataclass(frozen=True)
class Rehearsal:
    """The steps in order, and when somebody would be through."""

    steps: list[Foreseen]
    ends_at: datetime

    @property
    def ids(self) -> set[str]:
        return {each.step["id"] for each in self.steps}

    @property
    def is_through(self) -> bool:
        """Whether they would come to the end: nothing fails, takes them out or holds them."""
        return not self.steps or self.steps[-1].outcome not in LAST


def rehearse(flow: Flow, contact: Contact, *, at: datetime) -> Rehearsal:
    """What would happen to a contact who entered now. Questions are answered by what is known now; later it may be otherwise.

    A step with a fault stops the run there: its note says what is missing, or what went wrong. As in earnest, whoever an exit or
    a goal ahead is meant for takes no other step.
    """
    business = Workspace.objects.get(id=contact.workspace_id)
    zone, moment = contact.timezone or business.timezone, at
    found: list[Foreseen] = []
    with taken_back():
        faults = flows.faults(flow, business)
        current = flows.first(flow["steps"])
        while current:
            step = flows.find(flow, current)
            if fault := faults.get(current):
                found.append(Foreseen(step, moment, "fault", fault))
                break
            taken = leave_early(flow, step, contact, at=moment, faults=faults)
            taken = taken or foresee(step, contact, at=moment, zone=zone)
            found.append(taken)
            if taken.outcome in LAST:
                break
            moment = taken.until or moment
            current = taken.to or following(flow, taken)
    return Rehearsal(found, moment)


def leave_early(
    flow: Flow, step: Step, contact: Contact, *, at: datetime, faults: Mapping[str, str]
) -> Foreseen | None:
    """Who leaves for good, or for the furthest goal that is reached, instead of taking a step. Unfinished questions ask nobody."""
    business = Workspace.objects.get(id=contact.workspace_id)
    for question in flow.get("exits", ()):
        if flows.is_whole(question, business) and is_so(question, contact, at=at):
            return Foreseen(step, at, "exit", _("Leaves early: %(question)s") % {"question": in_words(question)})
    for goal in reversed(flows.ahead(flow, step["id"])):
        if not goal.get("off") and goal["id"] not in faults and is_so(goal, contact, at=at):
            named = {"goal": goal.get("name") or in_words(goal)}
            return Foreseen(step, at, "jumped", _("Skips ahead to the goal: %(goal)s") % named, to=goal["id"])
    return None


def in_words(question: Mapping[str, Any]) -> str:
    return CONDITIONS[question["condition"]].sentence(question["config"])


def foresee(step: Step, contact: Contact, *, at: datetime, zone: str) -> Foreseen:
    """What one step would do with a contact at a moment."""
    if step.get("off"):
        return Foreseen(step, at, "skipped", _("Left out."))
    return FORESEEN[step["type"]](step, contact, at, zone)


def _wait(step: Step, contact: Contact, at: datetime, zone: str) -> Foreseen:
    if step.get("mode") != "until":
        return _for_a_while(step, contact, at, zone)
    if is_so(step, contact, at=at):
        return Foreseen(step, at, "met", _("It is so already."))
    return Foreseen(
        step, at, "late", _("It isn’t so yet: waits as long as it may."), timing.ends_at(step, at=at, zone=zone)
    )


def _for_a_while(step: Step, contact: Contact, at: datetime, zone: str) -> Foreseen:
    day = None
    if step.get("mode") == "field":
        said = FieldValue.objects.filter(field__key=step["field"], contact=contact, date__isnull=False)
        day = said.values_list("date", flat=True).first()
    until = timing.ends_at(step, at=at, zone=zone, day=day)
    note = "" if until else _("The field says nothing: there is nothing to wait for.")
    return Foreseen(step, at, "waiting", note, until)


def _act(step: Step, contact: Contact, at: datetime, zone: str) -> Foreseen:
    kind, done = ACTIONS[step["action"]], Done()

    def perform() -> None:
        nonlocal done
        done = kind.perform(contact, kind.freeze(step["config"]), f"rehearsal.{step['id']}", at) or done

    if error := attempt(perform, what="automations.rehearsal"):
        return Foreseen(step, at, "fault", error.strip().splitlines()[-1])
    return Foreseen(step, at, "skipped" if done.skipped else "done", done.note)


def _ask(step: Step, contact: Contact, at: datetime, zone: str) -> Foreseen:
    return Foreseen(step, at, "yes" if is_so(step, contact, at=at) else "no")


def _paths(step: Step, contact: Contact, at: datetime, zone: str) -> Foreseen:
    way = next((way for way in step["ways"] if "condition" in way and is_so(way, contact, at=at)), step["ways"][-1])
    return Foreseen(step, at, way["id"])


def _split(step: Step, contact: Contact, at: datetime, zone: str) -> Foreseen:
    """Chance gives each person the same way whenever they come: this is theirs."""
    return Foreseen(step, at, stepping.way_of(step, contact.id), _("The way that chance has for them, each time."))


def _goal(step: Step, contact: Contact, at: datetime, zone: str) -> Foreseen:
    if is_so(step, contact, at=at):
        return Foreseen(step, at, "met", _("The goal is reached already."))
    if step["otherwise"] == "end":
        return Foreseen(step, at, "end", _("The goal isn’t reached: it ends here."))
    if step["otherwise"] == "wait":
        return Foreseen(step, at, "held", _("The goal isn’t reached: waits here until it is."))
    return Foreseen(step, at, "done", _("The goal isn’t reached yet."))


def _end(step: Step, contact: Contact, at: datetime, zone: str) -> Foreseen:
    return Foreseen(step, at, "end", _("Whoever comes here is through."))


FORESEEN: dict[str, Callable[[Step, Contact, datetime, str], Foreseen]] = {
    "wait": _wait,
    "action": _act,
    "condition": _ask,
    "paths": _paths,
    "split": _split,
    "goal": _goal,
    "end": _end,
}


def is_so(question: Mapping[str, Any], contact: Contact, *, at: datetime) -> bool:
    """What a question is answered with about a contact."""
    asked = CONDITIONS[question["condition"]].holds_for(question["config"], at)
    return bool(Contact.objects.filter(asked, id=contact.id).exists())


def following(flow: Flow, taken: Foreseen) -> str:
    """Id of the step behind one that was taken; empty where the way is over."""
    if taken.outcome == "end":
        return ""
    if taken.outcome in dict(flows.branches(taken.step)):
        return places.into(flow, taken.step, taken.outcome)
    return flows.after(flow, taken.step["id"])


@contextmanager
def taken_back() -> Iterator[None]:
    """A savepoint of which nothing stays."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
