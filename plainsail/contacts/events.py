"""What contacts tell the world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from plainsail.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class ContactCreated(Event):
    """Somebody became known: by a form, an order, an import or by hand."""

    name: ClassVar[str] = "contacts.contact_created"
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class ContactChanged(Event):
    """Something of a contact changed: the names of its fields, custom ones as `field:<key>`."""

    name: ClassVar[str] = "contacts.contact_changed"
    changed: list[str]


@dataclass(frozen=True, kw_only=True)
class ContactRestored(Event):
    """A deleted contact came back, by hand or because they wrote again."""

    name: ClassVar[str] = "contacts.contact_restored"


@dataclass(frozen=True, kw_only=True)
class ContactsMerged(Event):
    """Another contact became part of this one."""

    name: ClassVar[str] = "contacts.contacts_merged"
    merged_id: UUID


@dataclass(frozen=True, kw_only=True)
class OptInRequested(Event):
    """Somebody asked to join a list, and must still confirm."""

    name: ClassVar[str] = "contacts.opt_in_requested"
    list_id: UUID
    member_id: UUID


@dataclass(frozen=True, kw_only=True)
class ListJoined(Event):
    """Somebody confirmed to be on a list."""

    name: ClassVar[str] = "contacts.list_joined"
    list_id: UUID


@dataclass(frozen=True, kw_only=True)
class ListLeft(Event):
    """Somebody unsubscribed from a list."""

    name: ClassVar[str] = "contacts.list_left"
    list_id: UUID
    is_own_word: bool = True
    """False where the business took them off: then nobody unsubscribed."""


@dataclass(frozen=True, kw_only=True)
class TagAdded(Event):
    """A contact got a tag."""

    name: ClassVar[str] = "contacts.tag_added"
    tag_id: UUID


@dataclass(frozen=True, kw_only=True)
class TagRemoved(Event):
    """A contact lost a tag."""

    name: ClassVar[str] = "contacts.tag_removed"
    tag_id: UUID


@dataclass(frozen=True, kw_only=True)
class ContactDeleted(Event):
    """A contact was deleted; it can be restored until it is erased."""

    name: ClassVar[str] = "contacts.contact_deleted"


@dataclass(frozen=True, kw_only=True)
class SegmentEntered(Event):
    """A contact came to answer a segment that something listens to."""

    name: ClassVar[str] = "contacts.segment_entered"
    segment_id: UUID


@dataclass(frozen=True, kw_only=True)
class SegmentLeft(Event):
    """A contact answers a segment no more."""

    name: ClassVar[str] = "contacts.segment_left"
    segment_id: UUID


@dataclass(frozen=True, kw_only=True)
class ScoreReached(Event):
    """A contact's score came to a level for the first time."""

    name: ClassVar[str] = "contacts.score_reached"
    level_id: UUID
    points: int
    score: int
