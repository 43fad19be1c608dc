"""Changing the map: steps put in, chosen for, moved and taken out. Where visitors go follows at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.funnels.models import Funnel, FunnelStep
from plainsail.kernel.errors import Refusal

MOST_STEPS = 60


class TooManySteps(Refusal):
    """A map that nobody could read any more."""

    code = "too_many_steps"
    message = _("This funnel is as long as one can be. Go on in another one.")
    status = 422


@transaction.atomic
def create(*, name: str, at: datetime) -> Funnel:
    """A funnel without steps that leads nobody yet."""
    made: Funnel = Funnel.objects.create(name=name, edited_at=at, created_at=at)
    return made


@transaction.atomic
def rename(funnel: Funnel, *, name: str, at: datetime) -> None:
    funnel.name = name
    _touched(funnel, at=at)


@transaction.atomic
def insert(funnel: Funnel, *, position: int, kind: str, name: str, at: datetime, **values: Any) -> FunnelStep:
    """A step at a position; those from there on move down. Raises TooManySteps."""
    _lock(funnel)
    steps = list(funnel.steps.order_by("position"))
    if len(steps) >= MOST_STEPS:
        raise TooManySteps
    at_place = max(0, min(position, len(steps)))
    made: FunnelStep = FunnelStep(funnel=funnel, position=at_place, kind=kind, name=name, created_at=at, **values)
    _number([*steps[:at_place], made, *steps[at_place:]])
    made.save(force_insert=True)
    _touched(funnel, at=at)
    return made


@transaction.atomic
def change(step: FunnelStep, values: Mapping[str, Any], *, at: datetime) -> FunnelStep:
    """Other settings for a step, by field."""
    for name, value in values.items():
        setattr(step, name, value)
    step.save(update_fields=[*values])
    _touched(step.funnel, at=at)
    return step


@transaction.atomic
def move(step: FunnelStep, *, by: int, at: datetime) -> None:
    """A step one place up (-1) or down (1); at the ends it stays."""
    _lock(step.funnel)
    steps = list(step.funnel.steps.order_by("position"))
    index = next(number for number, each in enumerate(steps) if each.id == step.id)
    to = index + by
    if 0 <= to < len(steps):
        steps.insert(to, steps.pop(index))
        _number(steps)
        _touched(step.funnel, at=at)


@transaction.atomic
def remove(step: FunnelStep, *, at: datetime) -> None:
    """A step less. Its page, offer and mail stay what they are."""
    funnel = step.funnel
    _lock(funnel)
    step.delete()
    _number(list(funnel.steps.order_by("position")))
    _touched(funnel, at=at)


@transaction.atomic
def delete(funnel: Funnel) -> None:
    """Throw a funnel away. Pages, offers, mails and automations stay."""
    funnel.delete()


def _lock(funnel: Funnel) -> None:
    Funnel.objects.select_for_update().get(id=funnel.id)


def _number(steps: list[FunnelStep]) -> None:
    moved = []
    for number, step in enumerate(steps):
        if step.position != number:
            step.position = number
            moved.append(step)
    FunnelStep.objects.bulk_update([step for step in moved if not step._state.adding], ["position"])


def _touched(funnel: Funnel, *, at: datetime) -> None:
    funnel.edited_at, funnel.is_changed = at, True
    funnel.save(update_fields=["name", "edited_at", "is_changed"])
