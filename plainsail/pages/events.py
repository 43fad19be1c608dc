"""What pages tell the world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from plainsail.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class PagePublished(Event):
    """A page went live at its address, or its newer version did."""

    name: ClassVar[str] = "pages.page_published"
    page_id: UUID
    path: str
    kind: str = "page"


@dataclass(frozen=True, kw_only=True)
class PageUnpublished(Event):
    """A page was taken off the site."""

    name: ClassVar[str] = "pages.page_unpublished"
    page_id: UUID
    path: str
    kind: str = "page"


@dataclass(frozen=True, kw_only=True)
class FormSubmitted(Event):
    """A visitor sent a form, and the post was accepted."""

    name: ClassVar[str] = "pages.form_submitted"
    form_id: UUID
    submission_id: UUID
    page_id: UUID | None
