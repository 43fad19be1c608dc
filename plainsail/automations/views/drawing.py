"""A flow as its screen shows it: rows of nodes, each a sentence with its numbers; where a step may be put in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils import formats
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from plainsail.automations import queries
from plainsail.automations.queries import StepCounts
from plainsail.automations.services import flows
from plainsail.automations.services.flows import Flow, Place, Step
from plainsail.automations.sockets import ACTIONS, CONDITIONS, TRIGGERS, Condition

TRIGGER = "trigger"
WORKING_WEEK = [0, 1, 2, 3, 4]


@dataclass
class Branch:
    """One way on behind a step. `left` and `right` say on which sides of it the line runs to where the ways meet."""

    key: str
    label: str
    row: Row
    ends: bool = False
    left: bool = True
    right: bool = True


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
    share: int | None = None
    """Percent of all who entered that came through here; None before anybody did."""
    is_chosen: bool = False
    is_off: bool = False
    is_walked: bool = False
    """The test run came through here."""
    before: Place | None = None
    branches: Sequence[Branch] = ()

    @property
    def meets(self) -> bool:
        """Whether people from its ways go on together."""
        return any(not branch.ends for branch in self.branches)


@dataclass
class Row:
    """Nodes one below the other; `end` is the place behind the last, where something may follow."""

    nodes: list[Node] = field(default_factory=list)
    end: Place | None = None

    @property
    def is_closed(self) -> bool:
        """Whether nobody comes out of it."""
        return self.end is None


@dataclass(frozen=True)
class Drawing:
    """What drawing needs to know beside the flow."""

    counts: StepCounts
    faults: Mapping[str, str]
    chosen: str
    walked: Set[str] = frozenset()


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
    row, is_over = Row(), False
    for index, step in enumerate(steps):
        node = node_of(step, drawing)
        node.before = Place(index, parent, branch)
        node.branches = joined(
            [
                Branch(key, way_label(step, key), draw(below, drawing, parent=step["id"], branch=key))
                for key, below in flows.branches(step)
            ]
        )
        row.nodes.append(node)
        is_over = step["type"] == "end" or (bool(node.branches) and not node.meets)
    if not is_over:
        row.end = Place(len(steps), parent, branch)
    return row


def joined(branches: list[Branch]) -> list[Branch]:
    """The ways with the lines to where they meet, in the middle below them: a line runs from each way that is open."""
    middle = (len(branches) - 1) / 2
    for branch in branches:
        branch.ends = branch.row.is_closed
    is_open = [number for number, branch in enumerate(branches) if not branch.ends]
    first, last = min([*is_open, middle]), max([*is_open, middle])
    for number, branch in enumerate(branches):
        branch.left = bool(is_open) and first < number <= last
        branch.right = bool(is_open) and first <= number < last
    return branches


def way_label(step: Step, key: str) -> str:
    """What a way is called."""
    words = {"yes": _("Yes"), "no": _("No"), flows.ELSE: _("Everybody else")}
    way: Mapping[str, Any] = next((way for way in step.get("ways", ()) if way["id"] == key), {})
    if "share" in way:
        return _("%(name)s · %(share)s %%") % {"name": key.upper(), "share": way["share"]}
    return words.get(key) or asked(way)


def asked(question: Mapping[str, Any]) -> str:
    """A question in words."""
    kind = CONDITIONS.get(question.get("condition", ""))
    return kind.sentence(question["config"]) if kind else _("Something that is gone")


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
        share=share(counts.people[step["id"]], counts.entered),
        is_chosen=drawing.chosen == step["id"],
        is_off=bool(step.get("off")),
        is_walked=step["id"] in drawing.walked,
    )


def share(part: int, whole: int) -> int | None:
    """Percent, rounded; None of nothing."""
    return round(100 * part / whole) if whole else None


def sentence(step: Step) -> str:
    """What a step says, without its numbers."""
    return str(look_of(step)[2])


def look_of(step: Step) -> Look:
    """Icon, tone, title and second line of a step that nobody has come to."""
    found: Look = LOOKS[step["type"]]({"id": "", **step}, StepCounts())
    return found


def live(flow: Flow, drawing: Drawing) -> dict[str, dict[str, Any]]:
    """What changes by itself at each step: its second line, who stands there, the share of those who entered."""
    nodes = {step["id"]: node_of(step, drawing) for step in flows.walk(flow["steps"])}
    return {
        key: {"text": node.fault or node.text, "here": node.here, "parked": node.parked, "share": said(node.share)}
        for key, node in nodes.items()
    }


def said(percent: int | None) -> str:
    return "" if percent is None else f"{percent}\N{NO-BREAK SPACE}%"


Look = tuple[str, str, str, str]
"""Icon, tone, title, second line."""


def _action(step: Step, counts: StepCounts) -> Look:
    kind = ACTIONS.get(step["action"])
    if kind is None:
        return "ban", "neutral", _("Something that is gone"), ""
    told = [kind.detail(step["config"]) or people(counts.passed[step["id"]])]
    if number := counts.outcomes.get(step["id"], Counter[str]())["skipped"]:
        told.append(ngettext("%(people)s skipped", "%(people)s skipped", number) % {"people": f"{number:,}"})
    return kind.icon, "accent", kind.sentence(step["config"]), " · ".join(told)


def _condition(step: Step, counts: StepCounts) -> Look:
    kind = CONDITIONS.get(step["condition"])
    outcomes = counts.outcomes.get(step["id"], Counter[str]())
    text = _("%(yes)s yes · %(no)s no") % {"yes": outcomes.get("yes", 0), "no": outcomes.get("no", 0)}
    return "split", "info", kind.sentence(step["config"]) if kind else _("Something that is gone"), text


def _wait(step: Step, counts: StepCounts) -> Look:
    mode = step.get("mode", "for")
    if mode in ("date", "field"):
        day = {"day": their_day(step) if mode == "field" else _day(step)}
        return "calendar", "warn", _("Wait until %(day)s") % day, hours(step) or people(counts.passed[step["id"]])
    if mode == "until":
        most = [
            _("At most %(time)s") % {"time": duration(step)},
            ended(counts.outcomes.get(step["id"], Counter[str]())),
        ]
        return (
            "timer",
            "warn",
            _("Wait until: %(question)s") % {"question": asked(step)},
            " · ".join(filter(None, most)),
        )
    return (
        "clock",
        "warn",
        _("Wait %(time)s") % {"time": duration(step)},
        hours(step) or people(counts.passed[step["id"]]),
    )


def ended(outcomes: Counter[str]) -> str:
    """How it went for those who waited until something is so; nothing before anybody did."""
    if not (outcomes["met"] or outcomes["late"]):
        return ""
    return _("%(met)s in time · %(late)s too late") % {"met": f"{outcomes['met']:,}", "late": f"{outcomes['late']:,}"}


def _day(step: Step) -> str:
    """`1 December 2026, 09:00`, in the reader's way of writing it."""
    if not step.get("on"):
        return "…"
    day = formats.date_format(date.fromisoformat(step["on"]), "DATE_FORMAT")
    return f"{day}, {step['time']}" if step.get("time") else day


def their_day(step: Step) -> str:
    """`“Birthday”`, or so many days before or after it."""
    offset = int(step.get("offset") or 0)
    words = {"field": queries.label_of(step.get("field", "")) or "…", "count": abs(offset)}
    if not offset:
        return _("“%(field)s”") % words
    if offset < 0:
        return ngettext("%(count)s day before “%(field)s”", "%(count)s days before “%(field)s”", -offset) % words
    return ngettext("%(count)s day after “%(field)s”", "%(count)s days after “%(field)s”", offset) % words


def _split(step: Step, counts: StepCounts) -> Look:
    outcomes = counts.outcomes.get(step["id"], Counter[str]())
    text = " · ".join(f"{way['id'].upper()} {outcomes.get(way['id'], 0):,}" for way in step["ways"])
    return "percent", "info", _("Split by chance"), text


def _paths(step: Step, counts: StepCounts) -> Look:
    outcomes = counts.outcomes.get(step["id"], Counter[str]())
    text = " · ".join(f"{outcomes[way['id']]:,}" for way in step["ways"]) if outcomes else people(0)
    return "list-filter", "info", _("Several ways"), text


def _goal(step: Step, counts: StepCounts) -> Look:
    met = counts.outcomes.get(step["id"], Counter[str]()).get("yes", 0)
    title = _("Goal: %(goal)s") % {"goal": step.get("name") or asked(step)}
    return (
        "flag",
        "good",
        title,
        ngettext("%(people)s reached it", "%(people)s reached it", met) % {"people": f"{met:,}"},
    )


def _end(step: Step, counts: StepCounts) -> Look:
    return "square", "neutral", _("End"), people(counts.passed[step["id"]])


LOOKS: dict[str, Any] = {
    "action": _action,
    "condition": _condition,
    "wait": _wait,
    "split": _split,
    "paths": _paths,
    "goal": _goal,
    "end": _end,
}


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
    days = sorted(step.get("days") or ())
    is_working_week = bool(step.get("weekdays")) or days == WORKING_WEEK
    parts = [_("Weekdays")] if is_working_week else [", ".join(str(WEEKDAYS_ABBR[day]) for day in days)]
    if step.get("from_hour") is not None and not step.get("from"):
        parts.append(_("%(from)s to %(to)s") % {"from": step["from_hour"], "to": step["to_hour"]})
    elif step.get("from") and step.get("to"):
        parts.append(_("%(from)s to %(to)s") % {"from": step["from"], "to": step["to"]})
    elif step.get("from"):
        parts.append(_("from %(time)s on") % {"time": step["from"]})
    return ", ".join(filter(None, parts))


def choices() -> list[tuple[str, list[tuple[str, str, str]]]]:
    """What may be put in: headings, each with (key, icon, label)."""
    asked = [(f"condition:{key}", "split", str(kind.label)) for key, kind in CONDITIONS.items() if has_settings(kind)]
    return [
        (_("Do something"), [(f"action:{key}", kind.icon, str(kind.label)) for key, kind in ACTIONS.items()]),
        (
            _("Wait"),
            [
                ("wait", "clock", _("Wait a while")),
                ("day", "calendar", _("Wait until a day")),
                ("until", "timer", _("Wait until something is so")),
            ],
        ),
        (
            _("Decide"),
            [*asked, ("paths", "list-filter", _("Several ways")), ("split", "percent", _("Split by chance"))],
        ),
        (_("End"), [("goal", "flag", _("A goal that skips ahead")), ("end", "square", _("End here"))]),
    ]


def has_settings(kind: Condition) -> bool:
    """Whether a panel can set it: one whose settings are all hidden, and which draws none itself, is drawn elsewhere."""
    fields = kind.form.base_fields.values()
    return bool(kind.form.template) or not fields or any(not field.widget.is_hidden for field in fields)


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
