"""What contacts are grouped by: tags, lists and segments, for programs."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.shortcuts import get_object_or_404

from plainsail.contacts import models
from plainsail.contacts.api.routing import router
from plainsail.contacts.services import lists
from plainsail.kernel import rest
from plainsail.kernel.http import Request
from plainsail.kernel.rest import Cursor, Field, Limit, Output, Page, Status, allows


class Tag(Output):
    """A word that groups contacts."""

    id: UUID
    name: str
    slug: str

    @classmethod
    def of(cls, found: models.Tag) -> Tag:
        return cls(id=found.id, name=found.name, slug=found.slug)


class Topic(Output):
    """A list that people join."""

    id: UUID
    name: str
    slug: str
    description: str
    archived_at: datetime | None = Field(
        description="Since when nobody is put on it, offered it or written to about it."
    )

    @classmethod
    def of(cls, found: models.List) -> Topic:
        return cls(**{name: getattr(found, name) for name in cls.model_fields})


@router.get("/tags", response=Page[Tag], summary="List tags")
@allows("contacts.view")
def list_tags(request: Request, cursor: Cursor = None, limit: Limit = rest.USUAL) -> Page[Tag]:
    """Every tag, newest first."""
    rows = request.workspace.tags.all()
    return rest.page(request, rows, Tag.of, into=Page[Tag], by="-id", cursor=cursor, limit=limit)


@router.get("/lists", response=Page[Topic], summary="List lists")
@allows("contacts.view")
def list_lists(
    request: Request, *, archived: bool = False, cursor: Cursor = None, limit: Limit = rest.USUAL
) -> Page[Topic]:
    """Lists in use, newest first; with `archived=true` those that are put away."""
    rows = request.workspace.lists.filter(archived_at__isnull=not archived)
    return rest.page(request, rows, Topic.of, into=Page[Topic], by="-id", cursor=cursor, limit=limit)


@router.get("/lists/{uuid:list_id}", response=Topic, summary="Read a list")
@allows("contacts.view")
def read_list(request: Request, list_id: UUID) -> Topic:
    """One list, also one that is put away."""
    return Topic.of(_list(request, list_id))


@router.post("/lists/{uuid:list_id}/archiving", response=Topic, summary="Put a list away")
@allows("contacts.change")
def archive_list(request: Request, list_id: UUID) -> Topic:
    """Nobody is put on it, offered it or written to about it any more; who agreed to it stays on record. Refused (`in_use`)
    while a form, an automation, a broadcast or an import needs it."""
    found = _list(request, list_id)
    if found.archived_at is None:
        lists.archive(found, at=request.now)
    return Topic.of(_list(request, list_id))


@router.post("/lists/{uuid:list_id}/restoration", response=Topic, summary="Bring a list back")
@allows("contacts.change")
def restore_list(request: Request, list_id: UUID) -> Topic:
    """With everybody who agreed to it: they can be written to again."""
    lists.restore(_list(request, list_id))
    return Topic.of(_list(request, list_id))


@router.delete("/lists/{uuid:list_id}", response={204: None}, summary="Delete a list")
@allows("contacts.change")
def delete_list(request: Request, list_id: UUID) -> Status[None]:
    """Only a list that nobody was ever on (`list_has_members`) and that nothing names (`in_use`): what people agreed to is
    kept as proof. Put others away."""
    lists.delete(_list(request, list_id))
    return Status(204, None)


def _list(request: Request, list_id: UUID) -> models.List:
    found: models.List = get_object_or_404(request.workspace.lists, id=list_id)
    return found


class Segment(Output):
    """A question about contacts that is asked anew each time it is used."""

    id: UUID
    name: str
    counted: int | None = Field(description="How many answered it when it was last counted.")
    counted_at: datetime | None

    @classmethod
    def of(cls, found: models.Segment) -> Segment:
        return cls(id=found.id, name=found.name, counted=found.counted, counted_at=found.counted_at)


@router.get("/segments", response=Page[Segment], summary="List segments")
@allows("contacts.view")
def list_segments(request: Request, cursor: Cursor = None, limit: Limit = rest.USUAL) -> Page[Segment]:
    """Every segment, newest first. `GET /contacts?segment=…` reads who is in one."""
    rows = request.workspace.segments.all()
    return rest.page(request, rows, Segment.of, into=Page[Segment], by="-id", cursor=cursor, limit=limit)
