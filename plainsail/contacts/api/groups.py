"""What contacts are grouped by: tags, lists and segments, for programs."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from plainsail.contacts import models
from plainsail.contacts.api.routing import router
from plainsail.kernel import rest
from plainsail.kernel.http import Request
from plainsail.kernel.rest import Cursor, Field, Limit, Output, Page, allows


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

    @classmethod
    def of(cls, found: models.List) -> Topic:
        return cls(id=found.id, name=found.name, slug=found.slug, description=found.description)


@router.get("/tags", response=Page[Tag], summary="List tags")
@allows("contacts.view")
def list_tags(request: Request, cursor: Cursor = None, limit: Limit = rest.USUAL) -> Page[Tag]:
    """Every tag, newest first."""
    rows = request.workspace.tags.all()
    return rest.page(request, rows, Tag.of, into=Page[Tag], by="-id", cursor=cursor, limit=limit)


@router.get("/lists", response=Page[Topic], summary="List lists")
@allows("contacts.view")
def list_lists(request: Request, cursor: Cursor = None, limit: Limit = rest.USUAL) -> Page[Topic]:
    """Every list, newest first."""
    rows = request.workspace.lists.all()
    return rest.page(request, rows, Topic.of, into=Page[Topic], by="-id", cursor=cursor, limit=limit)


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
