"""Drawing an automation: every change is made on a revision of the draft, and can be undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.automations.models import Automation
from plainsail.automations.services import flows
from plainsail.automations.services.flows import Flow, Place
from plainsail.kernel.errors import Refusal

REMEMBERED = 30
"""Drafts that Undo can go back."""


class Stale(Refusal):
    """The change was made on a revision that is no longer the newest."""

    code = "stale"
    message = _("This automation was changed somewhere else in the meantime. Here is the newest version.")


class NothingToRedo(Refusal):
    """Nothing was taken back since the newest change."""

    code = "nothing_to_redo"
    message = _("There is nothing to bring back.")


class NothingToUndo(Refusal):
    """There is no change to take back."""

    code = "nothing_to_undo"
    message = _("There is nothing to undo.")


@transaction.atomic
def create(*, name: str, flow: Flow, at: datetime) -> Automation:
    """A new automation that nobody is in yet."""
    made: Automation = Automation.objects.create(name=name, draft=flow, edited_at=at)
    return made


@transaction.atomic
def rename(automation: Automation, *, name: str) -> None:
    Automation.objects.filter(id=automation.id).update(name=name)
    automation.name = name


@transaction.atomic
def insert(automation: Automation, place: Place, step: flows.Step, *, revision: int, at: datetime) -> str:
    """Put a step in; returns its id. Raises Stale, NoSuchStep, TooManySteps."""
    locked = _locked(automation, revision)
    flow, step_id = flows.insert(locked.draft, place, step)
    _write(locked, flow, at=at)
    return step_id


def change(
    automation: Automation, step_id: str, values: Mapping[str, Any], *, revision: int, at: datetime
) -> Automation:
    """Change a step's settings. Raises Stale, NoSuchStep."""
    return _edit(automation, lambda flow: flows.change(flow, step_id, values), revision=revision, at=at)


def remove(automation: Automation, step_id: str, *, revision: int, at: datetime) -> Automation:
    """Take a step out; of a condition, what stands under Yes stays. Raises Stale, NoSuchStep."""
    return _edit(automation, lambda flow: flows.remove(flow, step_id), revision=revision, at=at)


def move(automation: Automation, step_id: str, *, by: int, revision: int, at: datetime) -> Automation:
    """Put a step one place up (-1) or down (1). Raises Stale, NoSuchStep."""
    return _edit(automation, lambda flow: flows.move(flow, step_id, by), revision=revision, at=at)


def start_with(
    automation: Automation, *, kind: str, config: Mapping[str, Any], policy: str, days: int, revision: int, at: datetime
) -> Automation:
    """Choose what lets people in, and how often. Raises Stale."""
    values = {"trigger": {"kind": kind, "config": dict(config)}, "entry": {"policy": policy, "days": days}}
    return _edit(automation, lambda flow: flow | values, revision=revision, at=at)


def edit(automation: Automation, change: Callable[[Flow], Flow], *, revision: int, at: datetime) -> Automation:
    """Change the flow by a function that gives the changed one. Raises Stale, and what the function raises."""
    return _edit(automation, change, revision=revision, at=at)


def replace(automation: Automation, flow: Flow, *, revision: int, at: datetime) -> Automation:
    """Draw another flow in the place of this one, such as an earlier version. Raises Stale."""
    return _edit(automation, lambda drawn: flow, revision=revision, at=at)


def rearrange(automation: Automation, change: Callable[[Flow], Flow], *, revision: int, at: datetime) -> Automation:
    """Change the flow as a whole. Raises Stale, and whatever the change raises."""
    return _edit(automation, change, revision=revision, at=at)


@transaction.atomic
def undo(automation: Automation, *, revision: int, at: datetime) -> Automation:
    """Take the newest change back. Raises Stale, NothingToUndo."""
    locked = _locked(automation, revision)
    done, undone = locked.changes
    if not done:
        raise NothingToUndo
    return _turn(locked, done[-1], [*done[:-1], *_as_undone([locked.draft, *undone])], at=at)


@transaction.atomic
def redo(automation: Automation, *, revision: int, at: datetime) -> Automation:
    """Bring back what was taken back last. Raises Stale, NothingToRedo."""
    locked = _locked(automation, revision)
    done, undone = locked.changes
    if not undone:
        raise NothingToRedo
    return _turn(locked, undone[0], [*done, locked.draft, *_as_undone(undone[1:])], at=at)


def _as_undone(drafts: list[Flow]) -> list[dict[str, Flow]]:
    return [{"undone": draft} for draft in drafts]


def _turn(locked: Automation, draft: Flow, history: list[Any], *, at: datetime) -> Automation:
    locked.draft, locked.history, locked.revision, locked.edited_at = draft, history, locked.revision + 1, at
    locked.save(update_fields=["draft", "history", "revision", "edited_at"])
    return locked


@transaction.atomic
def _edit(automation: Automation, change: Callable[[Flow], Flow], *, revision: int, at: datetime) -> Automation:
    locked = _locked(automation, revision)
    return _write(locked, change(locked.draft), at=at)


def _locked(automation: Automation, revision: int) -> Automation:
    locked: Automation = Automation.objects.select_for_update().get(id=automation.id)
    if locked.revision != revision:
        raise Stale
    return locked


def _write(automation: Automation, flow: Flow, *, at: datetime) -> Automation:
    if flow == automation.draft:
        return automation
    automation.history = [*automation.changes[0], automation.draft][-REMEMBERED:]
    automation.draft, automation.revision, automation.edited_at = flow, automation.revision + 1, at
    automation.save(update_fields=["draft", "history", "revision", "edited_at"])
    return automation
