"""What tracking tells the world: only what somebody listens to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from plainsail.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class LinkClicked(Event):
    """A person followed a link in a mail. Told only where an area listens."""

    name: ClassVar[str] = "tracking.link_clicked"
    delivery_id: UUID
    url: str


@dataclass(frozen=True, kw_only=True)
class PageVisited(Event):
    """Somebody known looked at a page. Told only while a rule gives points for it, or somebody wants it: visits are many."""

    name: ClassVar[str] = "tracking.page_visited"
    path: str


@dataclass(frozen=True, kw_only=True)
class MailOpened(Event):
    """A person opened a mail: no program that fetches pictures ahead. Told only while somebody wants it."""

    name: ClassVar[str] = "tracking.mail_opened"
    delivery_id: UUID
