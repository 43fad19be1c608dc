"""Changing the map: steps put in, chosen for, moved and taken out. Where visitors go follows at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.funnels.models import Funnel, FunnelStep, SplitPage
from plainsail.kernel.errors import Refusal
from plainsail.pages.models import Form, Page
from plainsail.pages.services import publishing as page_publishing

MOST_STEPS = 60
LEAST_PAGES, MOST_PAGES = 2, 5
"""Of a split."""
WHOLE = 100


class BadShares(Refusal):
    """Not two to five pages, or shares that make no hundred."""

    code = "bad_shares"
    message = _("A split shows two to five pages, and their shares make 100 per cent.")
    status = 422


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
    """A step at a position; those from there on move down. A split begins with two places for pages. Raises TooManySteps."""
    _lock(funnel)
    steps = list(funnel.steps.order_by("position"))
    if len(steps) >= MOST_STEPS:
        raise TooManySteps
    at_place = max(0, min(position, len(steps)))
    made: FunnelStep = FunnelStep(funnel=funnel, position=at_place, kind=kind, name=name, created_at=at, **values)
    _number([*steps[:at_place], made, *steps[at_place:]])
    made.save(force_insert=True)
    if kind == FunnelStep.Kind.SPLIT:
        part(made, [(None, share) for share in evenly(LEAST_PAGES)], at=at)
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
def part(step: FunnelStep, pages: Sequence[tuple[Page | None, int]], *, at: datetime) -> None:
    """Which pages a split shows, in this order, each with its per cent; None is a place for one. Raises BadShares."""
    shares = [share for _page, share in pages]
    if not LEAST_PAGES <= len(shares) <= MOST_PAGES or min(shares) < 1 or sum(shares) != WHOLE:
        raise BadShares
    step.split_pages.all().delete()
    made = [
        SplitPage(step=step, position=number, page=page, share=share, created_at=at)
        for number, (page, share) in enumerate(pages)
    ]
    SplitPage.objects.bulk_create(made)
    _touched(step.funnel, at=at)


def one_more_page(step: FunnelStep, *, at: datetime) -> None:
    """A place more for a page of a split, and equal shares for all. Raises BadShares where there are five."""
    there = [one.page for one in step.split_pages.select_related("page").order_by("position")]
    part(step, list(zip([*there, None], evenly(len(there) + 1), strict=True)), at=at)


@transaction.atomic
def fill(place: SplitPage, page: Page, *, at: datetime) -> FunnelStep:
    """Put a page into a place of a split."""
    place.page = page
    place.save(update_fields=["page"])
    step: FunnelStep = place.step
    _touched(step.funnel, at=at)
    return step


def evenly(number: int) -> list[int]:
    """A hundred in so many shares as equal as can be."""
    return [WHOLE // number + (place < WHOLE % number) for place in range(number)]


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
    """A step less. Its page, offer and mail stay what they are; a form that led on from it leads nobody there any more."""
    funnel, form = step.funnel, step.form
    _lock(funnel)
    step.delete()
    _number(list(funnel.steps.order_by("position")))
    _touched(funnel, at=at)
    if form is not None and funnel.is_live:
        page_publishing.refresh_with_form(form, at=at)


@transaction.atomic
def delete(funnel: Funnel, *, at: datetime) -> None:
    """Throw a funnel away. Pages, offers, mails and automations stay; its forms thank by themselves again."""
    forms = list(Form.objects.filter(funnel_steps__funnel=funnel).distinct()) if funnel.is_live else []
    funnel.delete()
    for form in forms:
        page_publishing.refresh_with_form(form, at=at)


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
