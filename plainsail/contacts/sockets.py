"""What areas above plug into contacts: fields of segments, sources of the timeline, words for events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.db.models import Q
from django.utils.functional import Promise

from plainsail.contacts.models import Contact
from plainsail.kernel.models import EventRow, Workspace
from plainsail.kernel.registry import Registry

Words = str | Promise
Kinds = frozenset[str]


@dataclass(frozen=True)
class TimelineEntry:
    """One thing that happened to a contact."""

    at: datetime
    icon: str
    title: str
    text: str = ""
    url: str = ""
    kind: str = ""


@dataclass(frozen=True, kw_only=True)
class TimelineSource:
    """Where a part of the timeline comes from: entries before a moment, newest first, at most `limit`.

    The last argument names the kinds that are asked for; None asks for all.
    """

    fetch: Callable[[Contact, datetime, int, Kinds | None], Sequence[TimelineEntry]]
    order: int = 0


@dataclass(frozen=True, kw_only=True)
class TimelineGroup:
    """What a reader may ask to see alone: the kinds of entries that belong together."""

    label: Words
    kinds: Kinds
    order: int = 0


@dataclass(frozen=True, kw_only=True)
class EventWording:
    """How an event reads on a contact's timeline."""

    icon: str
    say: Callable[[EventRow], str]
    link: Callable[[EventRow], str] | None = None


@dataclass(frozen=True, kw_only=True)
class SegmentField:
    """A question that a segment may ask. `compile` turns operator and value into a condition on Contact.

    `choices` lists (value, label) of the workspace for kind `choice`.
    """

    label: Words
    kind: Literal["choice", "text", "number", "days"]
    operators: dict[str, Words]
    compile: Callable[[str, Any], Q]
    choices: Callable[[Workspace], Sequence[tuple[str, str]]] | None = None
    order: int = 0
    reads: tuple[str, ...] = field(default=())


TIMELINE: Registry[TimelineSource] = Registry("contacts.timeline")
TIMELINE_GROUPS: Registry[TimelineGroup] = Registry("contacts.timeline_groups")
EVENT_WORDING: Registry[EventWording] = Registry("contacts.event_wording")
SEGMENT_FIELDS: Registry[SegmentField] = Registry("contacts.segment_fields")
STAYS_WHEN_MERGED: Registry[str] = Registry("contacts.stays_when_merged")
"""Tables (`app.model`) whose rows stay with a contact that becomes part of another, and why; all others move."""


@dataclass(frozen=True, kw_only=True)
class ContactSection:
    """A card of another area on a contact's page: `template` is drawn with `contact` and what `read` gives.

    Only for roles that reach `can`.
    """

    template: str
    read: Callable[[Contact], dict[str, Any]]
    can: str
    order: int = 0


CONTACT_SECTIONS: Registry[ContactSection] = Registry("contacts.contact_sections")


@dataclass(frozen=True, kw_only=True)
class Scorable:
    """An event that a rule may give points for, registered under the event's name.

    `field` is the column of the event that a rule may look at: one of `choices`, or where there are none, text that it holds.
    """

    label: Words
    field: str = ""
    field_label: Words = ""
    choices: Callable[[Workspace], Sequence[tuple[str, str]]] | None = None
    order: int = 0


SCORABLE: Registry[Scorable] = Registry("contacts.scorable")
