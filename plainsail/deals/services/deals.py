"""Deals: written down, changed, moved from stage to stage, and moved back."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.contacts.models import Contact
from plainsail.deals.events import DealLost, DealMoved, DealOpened, DealWon
from plainsail.deals.models import Deal, DealMove, Pipeline, Stage
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.money import Money


class NoSuchStage(Refusal):
    """The stage is not one of the deal's pipeline, or was taken out of it."""

    code = "no_such_stage"
    message = _("This pipeline has no such stage any more.")


class MovedOn(Refusal):
    """Something happened to the deal since."""

    code = "moved_on"
    message = _("The deal was moved again since, so this can’t be undone.")


@transaction.atomic
def create(
    pipeline: Pipeline,
    contact: Contact,
    *,
    title: str,
    value: Money,
    owner: User | None,
    expected_on: date | None,
    at: datetime,
) -> Deal:
    """A deal in the first stage of a pipeline. Raises NoSuchStage."""
    stage = _first_stage(pipeline)
    made: Deal = Deal.objects.create(
        pipeline=pipeline,
        stage=stage,
        contact=contact,
        title=title,
        value_minor=value.minor,
        currency=value.currency,
        owner=owner,
        expected_on=expected_on,
        entered_at=at,
        created_at=at,
    )
    publish(DealOpened(deal_id=made.id, stage_id=stage.id, title=title, contact_id=contact.id, at=at))
    return made


def _first_stage(pipeline: Pipeline) -> Stage:
    found: Stage | None = (
        pipeline.stages.filter(archived_at=None, kind=Stage.Kind.OPEN).order_by("position", "id").first()
    )
    if found is None:
        raise NoSuchStage
    return found


def change(deal: Deal, *, title: str, value: Money, owner: User | None, expected_on: date | None) -> None:
    """Change what is known of a deal; not where it stands."""
    deal.title, deal.value_minor, deal.currency = title, value.minor, value.currency
    deal.owner, deal.expected_on = owner, expected_on
    deal.save(update_fields=["title", "value_minor", "currency", "owner", "expected_on"])


@transaction.atomic
def move(deal: Deal, stage: Stage, *, by: User | None, at: datetime, reason: str = "") -> DealMove | None:
    """Bring a deal to a stage of its pipeline; None where it stands there already. `reason` is why it was lost.

    Raises NoSuchStage.
    """
    deal = Deal.objects.select_for_update().get(pk=deal.pk)
    if stage.pipeline_id != deal.pipeline_id or stage.archived_at is not None or deal.deleted_at is not None:
        raise NoSuchStage
    if stage.pk == deal.stage_id:
        return None
    made: DealMove = DealMove.objects.create(
        deal=deal,
        source_id=deal.stage_id,
        target=stage,
        by=by,
        at=at,
        reason_before=deal.lost_reason,
        entered_before=deal.entered_at,
        closed_before=deal.closed_at,
    )
    _put(deal, stage, entered_at=at, closed_at=None if stage.is_open else at, reason=reason if stage.is_lost else "")
    _tell(deal, stage, made.source_id, at=at)
    return made


def _put(deal: Deal, stage: Stage, *, entered_at: datetime, closed_at: datetime | None, reason: str) -> None:
    deal.stage, deal.entered_at, deal.closed_at, deal.lost_reason = stage, entered_at, closed_at, reason[:200]
    deal.save(update_fields=["stage", "entered_at", "closed_at", "lost_reason"])


def _tell(deal: Deal, stage: Stage, source_id: Any, *, at: datetime) -> None:
    about: dict[str, Any] = {"deal_id": deal.id, "title": deal.title, "contact_id": deal.contact_id, "at": at}
    publish(DealMoved(stage_id=stage.id, from_stage_id=source_id, **about))
    if stage.kind == Stage.Kind.WON:
        publish(DealWon(pipeline_id=deal.pipeline_id, value_minor=deal.value_minor, currency=deal.currency, **about))
    elif stage.is_lost:
        publish(DealLost(pipeline_id=deal.pipeline_id, reason=deal.lost_reason, **about))


@transaction.atomic
def undo(move: DealMove, *, at: datetime) -> Deal:
    """Take a deal's last move back: it stands where it stood, since when it stood there. Raises MovedOn, NoSuchStage.

    What others did because of the move (an automation that began) stays done; they are told that it moved back.
    """
    deal: Deal = Deal.objects.select_for_update().get(pk=move.deal_id)
    last = deal.moves.filter(undone_at=None).order_by("-at", "-id").first()
    if last is None or last.pk != move.pk or deal.deleted_at is not None:
        raise MovedOn
    if last.source.archived_at is not None:
        raise NoSuchStage
    DealMove.objects.filter(pk=last.pk).update(undone_at=at)
    _put(deal, last.source, entered_at=last.entered_before, closed_at=last.closed_before, reason=last.reason_before)
    publish(
        DealMoved(
            deal_id=deal.id,
            stage_id=last.source_id,
            from_stage_id=last.target_id,
            title=deal.title,
            contact_id=deal.contact_id,
            at=at,
        )
    )
    return deal


def delete(deal: Deal, *, at: datetime) -> None:
    """Take a deal off every board. Can be restored."""
    Deal.objects.filter(pk=deal.pk, deleted_at=None).update(deleted_at=at)


@transaction.atomic
def restore(deal: Deal) -> None:
    """Undo `delete`. Where its stage is gone it comes to the pipeline's first one. Raises NoSuchStage."""
    stage = deal.stage if deal.stage.archived_at is None else _first_stage(deal.pipeline)
    Deal.objects.filter(pk=deal.pk).update(deleted_at=None, stage=stage)
