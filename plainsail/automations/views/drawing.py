"""A flow as its screen shows it: rows of nodes, each a sentence with its numbers; where a step may be put in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from plainsail.automations.queries import StepCounts
from plainsail.automations.services import flows
from plainsail.automations.services.flows import Flow, Place, Step
from plainsail.automations.sockets import ACTIONS, CONDITIONS, TRIGGERS

TRIGGER = "trigger"


@dataclass
class Branch:
    """One way on behind a condition."""

    key: str
    label: str
    row: Row


@dataclass
class Node:
    """A step as a box: what it says, how many people, what is wrong with it. `before` is the place above it."""

    id: str
    icon: str
    tone: str
    title: str
    text: str = ""
    here: int = 0
    parked: int = 0
    fault: str = ""
    is_chosen: bool = False
    before: Place | None = None
    branches: Sequence[Branch] = ()


@dataclass
class Row:
    """Nodes one below the other; `end` is the place behind the last, where something may follow."""

    nodes: list[Node] = field(default_factory=list)
    end: Place | None = None


@dataclass(frozen=True)
class Drawing:
    """What drawing needs to know beside the flow."""

    counts: StepCounts
    faults: Mapping[str, str]
    chosen: str
    details: bool = True


def trigger_node(flow: Flow, drawing: Drawing, *, entered: int) -> Node:
    """The box at the top."""
    kind = TRIGGERS.get(flow["trigger"]["kind"])
    this_month = ngettext("%(people)s person this month", "%(people)s people this month", entered)
    return Node(
        id=TRIGGER,
        icon=kind.icon if kind else "zap",
        tone="accent",
        title=kind.sentence(flow["trigger"]["config"]) if kind else _("Choose what starts it"),
        text=this_month % {"people": f"{entered:,}"},
        fault=drawing.faults.get("", ""),
        is_chosen=drawing.chosen == TRIGGER,
    )


def draw(steps: Sequence[Step], drawing: Drawing, *, parent: str = "", branch: str = "") -> Row:
    """A row of steps with everything below it."""
    row = Row()
    for index, step in enumerate(steps):
        node = node_of(step, drawing)
        node.before = Place(index, parent, branch)
        if step["type"] == "condition":
            node.branches = [
                Branch("yes", _("Yes"), draw(step["yes"], drawing, parent=step["id"], branch="yes")),
                Branch("no", _("No"), draw(step["no"], drawing, parent=step["id"], branch="no")),
            ]
        row.nodes.append(node)
    if not steps or steps[-1]["type"] not in ("condition", "end"):
        row.end = Place(len(steps), parent, branch)
    return row


def node_of(step: Step, drawing: Drawing) -> Node:
    """One step as a box."""
    counts = drawing.counts
    icon, tone, title, text = LOOKS[step["type"]](step, counts)
    return Node(
        id=step["id"],
        icon=icon,
        tone=tone,
        title=title,
        text=text,
        here=counts.here[step["id"]],
        parked=counts.parked[step["id"]],
        fault=drawing.faults.get(step["id"], ""),
        is_chosen=drawing.chosen == step["id"],
    )


Look = tuple[str, str, str, str]
"""Icon, tone, title, second line."""


def _action(step: Step, counts: StepCounts) -> Look:
    kind = ACTIONS.get(step["action"])
    if kind is None:
        return "ban", "neutral", _("Something that is gone"), ""
    return (
        kind.icon,
        "accent",
        kind.sentence(step["config"]),
        kind.detail(step["config"]) or people(counts.passed[step["id"]]),
    )


def _condition(step: Step, counts: StepCounts) -> Look:
    kind = CONDITIONS.get(step["condition"])
    outcomes = counts.outcomes.get(step["id"], Counter[str]())
    text = _("%(yes)s yes · %(no)s no") % {"yes": outcomes.get("yes", 0), "no": outcomes.get("no", 0)}
    return "split", "info", kind.sentence(step["config"]) if kind else _("Something that is gone"), text


def _wait(step: Step, counts: StepCounts) -> Look:
    return (
        "clock",
        "warn",
        _("Wait %(time)s") % {"time": duration(step)},
        hours(step) or people(counts.passed[step["id"]]),
    )


def _end(step: Step, counts: StepCounts) -> Look:
    return "square", "neutral", _("End"), people(counts.passed[step["id"]])


LOOKS: dict[str, Any] = {"action": _action, "condition": _condition, "wait": _wait, "end": _end}


def people(count: int) -> str:
    return ngettext("%(people)s person", "%(people)s people", count) % {"people": f"{count:,}"}


def duration(step: Step) -> str:
    """`2 days`, `1 hour`."""
    count = {"count": step["amount"]}
    words = {
        "minutes": ngettext("%(count)s minute", "%(count)s minutes", step["amount"]),
        "hours": ngettext("%(count)s hour", "%(count)s hours", step["amount"]),
        "days": ngettext("%(count)s day", "%(count)s days", step["amount"]),
        "weeks": ngettext("%(count)s week", "%(count)s weeks", step["amount"]),
    }
    return words[step["unit"]] % count


def hours(step: Step) -> str:
    """`Weekdays, 9 to 17`, as far as chosen."""
    parts = [_("Weekdays")] if step.get("weekdays") else []
    if step.get("from_hour") is not None:
        parts.append(_("%(from)s to %(to)s") % {"from": step["from_hour"], "to": step["to_hour"]})
    return ", ".join(parts)


def choices() -> list[tuple[str, list[tuple[str, str, str]]]]:
    """What may be put in: headings, each with (key, icon, label)."""
    return [
        (_("Do something"), [(f"action:{key}", kind.icon, str(kind.label)) for key, kind in ACTIONS.items()]),
        (_("Wait"), [("wait", "clock", _("Wait a while"))]),
        (_("Decide"), [(f"condition:{key}", "split", str(kind.label)) for key, kind in CONDITIONS.items()]),
        (_("End"), [("end", "square", _("End here"))]),
    ]


def read_place(text: str) -> Place | None:
    """A place from an address: `<parent>.<branch>.<index>`, the first two empty for the first row."""
    parent, _dot, rest = text.rpartition(".")
    parent, _dot, branch = parent.rpartition(".")
    return Place(int(rest), parent, branch) if rest.isdecimal() and len(rest) < 4 else None


def is_place(flow: Flow, place: Place) -> bool:
    """Whether something may be put there."""
    try:
        flows.insert(flow, place, flows.end())
    except (flows.NoSuchStep, flows.TooManySteps):
        return False
    return True
