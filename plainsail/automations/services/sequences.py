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


def add(automation: Automation, mail: Step, wait: Step | None, *, revision: int, at: datetime) -> str:
    """One mail more at the end, behind a wait; returns its step's id. Raises Stale, NoSequence, TooManySteps.

    Where waits stand behind the last mail, those are the new one's.
    """
    made = {"id": flows.new_step_id(), **mail}

    def longer(flow: Flow) -> Flow:
        follows_a_mail = bool(letters(flow)) and _is_mail(flow["steps"][-1])
        for step in (wait if follows_a_mail else None, made):
            if step is not None:
                flow, _id = flows.insert(flow, flows.Place(len(flow["steps"])), step)
        return flow

    editing.edit(automation, longer, revision=revision, at=at)
    return str(made["id"])


def remove(automation: Automation, step_id: str, *, revision: int, at: datetime) -> Automation:
    """Take a mail out with the waits before it. Raises Stale, NoSequence, NoSuchStep."""

    def shorter(flow: Flow) -> Flow:
        gone = _letter(flow, step_id)
        ids = {step["id"] for step in (gone.step, *gone.waits)}
        return flow | {"steps": [step for step in flow["steps"] if step["id"] not in ids]}

    return editing.edit(automation, shorter, revision=revision, at=at)


def delay(automation: Automation, step_id: str, wait: Step | None, *, revision: int, at: datetime) -> Automation:
    """Another wait before a mail, in the place of those there are; None for at once. Raises Stale, NoSequence, NoSuchStep."""

    def later(flow: Flow) -> Flow:
        kept = _letter(flow, step_id)
        old = {step["id"] for step in kept.waits}
        # The same step as before as far as there is one: whoever stands at it goes on there.
        new = [] if wait is None else [{"id": kept.waits[0]["id"] if kept.waits else flows.new_step_id(), **wait}]
        steps: list[Step] = []
        for step in flow["steps"]:
            if step["id"] == step_id:
                steps += new
            if step["id"] not in old:
                steps.append(step)
        return flow | {"steps": steps}

    return editing.edit(automation, later, revision=revision, at=at)


def switch(automation: Automation, step_id: str, *, off: bool, revision: int, at: datetime) -> Automation:
    """Leave a step out, or take it in again. Raises Stale, NoSuchStep."""
    return editing.change(automation, step_id, {"off": off}, revision=revision, at=at)


def _letter(flow: Flow, step_id: str) -> Letter:
    found = next((letter for letter in letters(flow) if letter.id == step_id), None)
    if found is None:
        raise flows.NoSuchStep
    return found


def _is_mail(step: Step) -> bool:
    kind = ACTIONS.get(step["action"]) if step["type"] == "action" else None
    return kind is not None and kind.is_mail


def _is_wait(step: Step) -> bool:
    return bool(step["type"] == "wait" and step.get("mode", "for") == "for")
