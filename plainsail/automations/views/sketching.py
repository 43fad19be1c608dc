"""A flow in small, to look at only: icons and sentences in a row that branches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from plainsail.automations.services import flows
from plainsail.automations.services.flows import Flow, Step
from plainsail.automations.sockets import TRIGGERS, Words
from plainsail.automations.views import drawing


@dataclass(frozen=True)
class Stroke:
    """One box of a sketch, and the rows of its ways as (label, row)."""

    icon: str
    tone: str
    says: Words
    ways: Sequence[tuple[Words, Sequence[Stroke]]] = field(default_factory=tuple)


def of_flow(flow: Flow) -> list[Stroke]:
    """A flow with what starts it."""
    kind = TRIGGERS.get(flow["trigger"]["kind"])
    says = kind.sentence(flow["trigger"]["config"]) if kind else _("Nothing starts it yet")
    return [Stroke(kind.icon if kind else "zap", "accent", says), *of_row(flow["steps"])]


def of_row(steps: Sequence[Step]) -> list[Stroke]:
    found = []
    for step in steps:
        icon, tone, title, _text = drawing.look_of(step)
        ways = [(drawing.way_label(step, key), of_row(row)) for key, row in flows.branches(step)]
        found.append(Stroke(icon, tone, title, ways))
    return found
