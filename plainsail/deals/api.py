"""Pipelines and deals, for programs. The same services as the board's."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _

from plainsail.accounts import queries as accounts
from plainsail.accounts.models import User
from plainsail.deals import models, queries
from plainsail.deals.services import deals
from plainsail.kernel import rest
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request
from plainsail.kernel.money import BadMoney, Money, exponent
from plainsail.kernel.rest import Amount, Cursor, Field, Input, Limit, Output, Page, Status, allows

router = rest.router("Deals")


class NotOfTheTeam(Refusal):
    """The owner of a deal is somebody who works here."""

    code = "not_of_the_team"
    message = _("Nobody of the team has this id.")
    status = 422


class BadAmount(Refusal):
    """No amount of a currency that there is."""

    code = "bad_amount"
    message = _("There is no such currency.")
    status = 422


class StageOut(Output):
    """A step of a pipeline."""

    id: UUID
    name: str
    kind: models.Stage.Kind
    probability: int


class PipelineOut(Output):
    """A way that deals go, with its stages in order."""

    id: UUID
    name: str
    stages: list[StageOut]


class Pipelines(Output):
    """Every pipeline in use."""

    data: list[PipelineOut]


class Deal(Output):
    """Something that a contact may buy, and where it stands."""

    id: UUID
    title: str
    contact_id: UUID
    pipeline_id: UUID
    stage_id: UUID
    value: Amount
    owner_id: UUID | None
    expected_on: date | None
    lost_reason: str
    entered_at: datetime
    closed_at: datetime | None
    created_at: datetime
    deleted_at: datetime | None

    @classmethod
    def of(cls, row: models.Deal) -> Deal:
        names = [name for name in cls.model_fields if name != "value"]
        return cls(value=Amount.of(row.value), **{name: getattr(row, name) for name in names})


class Worth(Input):
    """An amount in minor units: 2900 and EUR are €29.00."""

    minor: int = Field(ge=0, le=10**15)
    currency: str = Field(min_length=3, max_length=3)

    def money(self) -> Money:
        try:
            exponent(self.currency)
        except BadMoney:
            raise BadAmount(field="value") from None
        return Money(self.minor, self.currency)


class NewDeal(Input):
    """A deal comes to the first stage of its pipeline."""

    title: str = Field(min_length=1, max_length=150)
    contact_id: UUID
    pipeline_id: UUID
    value: Worth
    owner_id: UUID | None = None
    expected_on: date | None = None


class DealChange(Input):
    """What is left out stays as it is."""

    title: str | None = Field(default=None, min_length=1, max_length=150)
    value: Worth | None = None
    owner_id: UUID | None = None
    expected_on: date | None = None


class Move(Input):
    """Where a deal goes; `reason` is why it was lost."""

    stage_id: UUID
    reason: str = Field(default="", max_length=200)


@router.get("/pipelines", response=Pipelines, summary="List pipelines and their stages")
@allows("deals.view")
def list_pipelines(request: Request) -> Pipelines:
    """Pipelines in use, in their order, each with its stages in theirs; won and lost at the end."""
    rows = queries.pipelines(request.workspace)
    return Pipelines(data=[_pipeline(one) for one in rows])


def _pipeline(row: models.Pipeline) -> PipelineOut:
    stages = [
        StageOut(id=one.id, name=one.name, kind=models.Stage.Kind(one.kind), probability=one.probability)
        for one in queries.stages_of(row)
    ]
    return PipelineOut(id=row.id, name=row.name, stages=stages)


@router.get("/deals", response=Page[Deal], summary="List deals")
@allows("deals.view")
def list_deals(
    request: Request,
    *,
    contact_id: UUID | None = None,
    pipeline_id: UUID | None = None,
    stage_id: UUID | None = None,
    cursor: Cursor = None,
    limit: Limit = rest.USUAL,
) -> Page[Deal]:
    """Newest first, without deleted ones; of a contact, a pipeline or a stage where one is named."""
    rows: QuerySet[models.Deal] = request.workspace.deals.filter(deleted_at=None)
    asked = {"contact_id": contact_id, "pipeline_id": pipeline_id, "stage_id": stage_id}
    rows = rows.filter(**{name: value for name, value in asked.items() if value is not None})
    return rest.page(request, rows, Deal.of, into=Page[Deal], by="-created_at", cursor=cursor, limit=limit)


@router.post("/deals", response={201: Deal}, summary="Add a deal")
@allows("deals.change")
def add_deal(request: Request, body: NewDeal, response: HttpResponse) -> Deal:
    """It comes to the first stage of its pipeline."""
    made = deals.create(
        get_object_or_404(queries.pipelines(request.workspace), id=body.pipeline_id),
        get_object_or_404(request.workspace.contacts.filter(deleted_at=None), id=body.contact_id),
        title=body.title,
        value=body.value.money(),
        owner=_owner(request, body.owner_id),
        expected_on=body.expected_on,
        at=request.now,
    )
    response["Location"] = f"{rest.API_PATH}deals/{made.id}"
    return Deal.of(made)


@router.get("/deals/{uuid:deal_id}", response=Deal, summary="Read a deal")
@allows("deals.view")
def read_deal(request: Request, deal_id: UUID) -> Deal:
    """One deal, also one that was deleted: `deleted_at` says so."""
    return Deal.of(_find(request, deal_id))


@router.patch("/deals/{uuid:deal_id}", response=Deal, summary="Change a deal")
@allows("deals.change")
def change_deal(request: Request, deal_id: UUID, body: DealChange) -> Deal:
    """What is left out stays as it is; it is moved by itself. With `If-Match`, only if nothing changed since it was read."""
    found, given = _find(request, deal_id), body.model_fields_set
    rest.require_match(request, Deal.of(found))
    deals.change(
        found,
        title=body.title or found.title,
        value=body.value.money() if body.value is not None else found.value,
        owner=_owner(request, body.owner_id) if "owner_id" in given else found.owner,
        expected_on=body.expected_on if "expected_on" in given else found.expected_on,
    )
    return Deal.of(_find(request, deal_id))


@router.post("/deals/{uuid:deal_id}/moves", response=Deal, summary="Move a deal to another stage")
@allows("deals.change")
def move_deal(request: Request, deal_id: UUID, body: Move) -> Deal:
    """To a stage of its own pipeline. Moving it where it stands changes nothing."""
    found = _find(request, deal_id)
    stage: models.Stage = get_object_or_404(request.workspace.stages, id=body.stage_id)
    deals.move(found, stage, by=_user(request), at=request.now, reason=body.reason)
    return Deal.of(_find(request, deal_id))


@router.delete("/deals/{uuid:deal_id}", response={204: None}, summary="Delete a deal")
@allows("deals.change")
def delete_deal(request: Request, deal_id: UUID) -> Status[None]:
    """Takes it off every board; it can be restored there. Deleting once more changes nothing."""
    deals.delete(_find(request, deal_id), at=request.now)
    return Status(204, None)


def _find(request: Request, deal_id: UUID) -> models.Deal:
    found: models.Deal = get_object_or_404(request.workspace.deals.select_related("owner"), id=deal_id)
    return found


def _owner(request: Request, owner_id: UUID | None) -> User | None:
    if owner_id is None:
        return None
    found: Any = next((one.user for one in accounts.team(request.workspace) if one.user_id == owner_id), None)
    if found is None:
        raise NotOfTheTeam(field="owner_id")
    return found if isinstance(found, User) else None


def _user(request: Request) -> User | None:
    return request.user if isinstance(request.user, User) else None
