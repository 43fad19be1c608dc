"""Sequences: automations of mails with waits between them and nothing else, which can be put in another order as a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from plainsail.automations.models import Automation
from plainsail.automations.services import editing, flows
from plainsail.automations.services.flows import Flow, Step
from plainsail.automations.sockets import ACTIONS
from plainsail.kernel.errors import Refusal


class NoSequence(Refusal):
    """There are other steps than mails and waits in it, or the order names other mails than it has."""

    code = "no_sequence"
    message = _("This automation is more than a sequence of mails: change it on its map.")
    status = 422


@dataclass(frozen=True)
class Letter:
    """A mail of a sequence with the waits before it."""

    step: Step
    waits: tuple[Step, ...]

    @property
    def id(self) -> str:
        return str(self.step["id"])

    @property
    def is_off(self) -> bool:
        """It is skipped, and the waits before it are not."""
        return bool(self.step.get("off"))


def is_sequence(flow: Flow) -> bool:
    """Whether there are only mails and waits for a time, in one row."""
    return all(_is_mail(step) or _is_wait(step) for step in flow["steps"])


def letters(flow: Flow) -> list[Letter]:
    """The mails in their order; waits behind the last one belong to none. Raises NoSequence."""
    if not is_sequence(flow):
        raise NoSequence
    found: list[Letter] = []
    waits: list[Step] = []
    for step in flow["steps"]:
        if _is_mail(step):
            found.append(Letter(step, tuple(waits)))
            waits = []
        else:
            waits.append(step)
    return found


def build(trigger: str, config: Mapping[str, Any], mails: Sequence[tuple[Step, Step | None]]) -> Flow:
    """A sequence from its mails, each with the wait before it, or None for at once."""
    return flows.build(trigger, config, [step for mail, wait in mails for step in (wait, mail) if step is not None])


def arrange(automation: Automation, order: Sequence[str], *, revision: int, at: datetime) -> Automation:
    """Put the mails in another order, by their steps' ids; each takes its waits along. Raises Stale, NoSequence."""

    def arranged(flow: Flow) -> Flow:
        known = {letter.id: letter for letter in letters(flow)}
        if sorted(order) != sorted(known):
            raise NoSequence
        moved = [step for key in order for step in (*known[key].waits, known[key].step)]
        return flow | {"steps": [*moved, *flow["steps"][len(moved) :]]}

    return editing.rearrange(automation, arranged, revision=revision, at=at)


def switch(automation: Automation, step_id: str, *, off: bool, revision: int, at: datetime) -> Automation:
    """Leave a step out, or take it in again. Raises Stale, NoSuchStep."""
    return editing.change(automation, step_id, {"off": off}, revision=revision, at=at)


def _is_mail(step: Step) -> bool:
    kind = ACTIONS.get(step["action"]) if step["type"] == "action" else None
    return kind is not None and kind.is_mail


def _is_wait(step: Step) -> bool:
    return bool(step["type"] == "wait" and step.get("mode", "for") == "for")
