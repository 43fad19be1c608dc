"""Pipelines and their stages: made, changed, put away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.services import uses
from plainsail.deals.models import Pipeline, Stage
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace

MOST_STAGES = 12


class PipelineTaken(Refusal):
    """Another pipeline is called that."""

    code = "pipeline_taken"
    message = _("Another pipeline has this name.")


class StageInUse(Refusal):
    """Deals stand in the stage."""

    code = "stage_in_use"
    message = _("Deals stand in this stage. Move them first.")


class NeedsAStage(Refusal):
    """A pipeline without an open stage takes no deals."""

    code = "needs_a_stage"
    message = _("A pipeline needs a stage before won and lost.")


class TooManyStages(Refusal):
    """More stages than a board can show."""

    code = "too_many_stages"
    message = _("A pipeline has up to twelve stages.")


@transaction.atomic
def create(workspace: Workspace, *, name: str, at: datetime) -> Pipeline:
    """A pipeline with three stages to begin with, and won and lost. Raises PipelineTaken."""
    _refuse_taken(workspace, name)
    made: Pipeline = Pipeline.objects.create(
        name=name,
        position=_next(workspace.pipelines),
        lost_reasons=[_text("Too dear"), _text("Chose somebody else"), _text("No answer")],
        created_at=at,
    )
    kinds = Stage.Kind
    begin = [
        (_text("New"), kinds.OPEN, 10),
        (_text("Talking"), kinds.OPEN, 40),
        (_text("Offer made"), kinds.OPEN, 70),
        (_text("Won"), kinds.WON, 100),
        (_text("Lost"), kinds.LOST, 0),
    ]
    Stage.objects.bulk_create(
        Stage(pipeline=made, name=label, kind=kind, probability=percent, position=index, created_at=at)
        for index, (label, kind, percent) in enumerate(begin)
    )
    return made


def _refuse_taken(workspace: Workspace, name: str) -> None:
    if workspace.pipelines.filter(name=name).exists():
        raise PipelineTaken(field="name")


def _next(rows: object) -> int:
    last: int | None = rows.aggregate(last=Max("position"))["last"]  # type: ignore[attr-defined]  # a related manager
    return 0 if last is None else last + 1


@transaction.atomic
def change(pipeline: Pipeline, *, name: str, lost_reasons: Sequence[str]) -> None:
    """Rename a pipeline, and say which reasons for losing may be chosen. Raises PipelineTaken."""
    if name != pipeline.name:
        _refuse_taken(pipeline.workspace, name)
    pipeline.name, pipeline.lost_reasons = name, list(lost_reasons)
    pipeline.save(update_fields=["name", "lost_reasons"])


def archive(pipeline: Pipeline, *, at: datetime) -> None:
    """Put a pipeline away with all that is in it. Raises InUse, which says what needs it or one of its stages."""
    for key in (
        pipeline.pk,
        *pipeline.stages.filter(archived_at=None).order_by("position").values_list("id", flat=True),
    ):
        uses.refuse(str(key))
    Pipeline.objects.filter(pk=pipeline.pk, archived_at=None).update(archived_at=at)


def restore(pipeline: Pipeline) -> None:
    """Undo `archive`."""
    Pipeline.objects.filter(pk=pipeline.pk).update(archived_at=None)


@transaction.atomic
def add_stage(pipeline: Pipeline, *, name: str, probability: int, at: datetime) -> Stage:
    """A new stage, the last before won and lost. Raises TooManyStages."""
    stages = list(pipeline.stages.select_for_update().filter(archived_at=None).order_by("position", "id"))
    if len(stages) >= MOST_STAGES:
        raise TooManyStages(field="name")
    made = Stage(pipeline=pipeline, name=name, probability=probability, created_at=at)
    made.save()
    opened, ends = [one for one in stages if one.is_open], [one for one in stages if not one.is_open]
    _number([*opened, made, *ends])
    return made


def _number(stages: Sequence[Stage]) -> None:
    for index, stage in enumerate(stages):
        stage.position = index
    Stage.objects.bulk_update(stages, ["position"])


def change_stage(stage: Stage, *, name: str, probability: int) -> None:
    """Rename a stage and say how likely a deal in it is won. Won stays at 100 per cent, lost at none."""
    stage.name = name
    if stage.is_open:
        stage.probability = probability
    stage.save(update_fields=["name", "probability"])


@transaction.atomic
def move_stage_up(stage: Stage) -> None:
    """One place towards the beginning. Won and lost stay at the end."""
    stages = list(stage.pipeline.stages.select_for_update().filter(archived_at=None).order_by("position", "id"))
    index = next((number for number, one in enumerate(stages) if one.pk == stage.pk), 0)
    if index == 0 or not stage.is_open:
        return
    stages[index - 1], stages[index] = stages[index], stages[index - 1]
    _number(stages)


@transaction.atomic
def remove_stage(stage: Stage, *, at: datetime) -> None:
    """Take a stage out of its pipeline; its history stays. Raises StageInUse, NeedsAStage, InUse."""
    stages = list(stage.pipeline.stages.select_for_update().filter(archived_at=None).order_by("position", "id"))
    if not stage.is_open or sum(one.is_open for one in stages) < 2:
        raise NeedsAStage
    if stage.deals.filter(deleted_at=None).exists():
        raise StageInUse
    uses.refuse(str(stage.id))
    Stage.objects.filter(pk=stage.pk).update(archived_at=at)
