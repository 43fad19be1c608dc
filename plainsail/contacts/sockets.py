"""What areas above plug into contacts: fields of segments, sources of the timeline, words for events."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from plainsail.contacts.models import Contact, Engagement, List, Segment
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
    label: Words = ""
    """What it is called where segments ask for it; they can't where it is empty."""


Kind = Literal["row", "choice", "text", "number", "decimal", "money", "days", "date", "none"]
"""What a condition's value is: the id of a row, one of given words, a text, a whole or decimal number, an amount of money,
a number of days, a day, or nothing at all."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a condition asks, ready to be compiled.

    `value` is a UUID, str, int (days too), Decimal, date or None, by the kind; money is in minor units. `count` is how often
    at least, `since` from when on, None for ever.
    """

    op: str
    value: Any = None
    count: int = 1
    since: datetime | None = None
    at: datetime

    @property
    def earliest(self) -> datetime:
        """The moment that lies `value` days before now, for operators that take days."""
        return self.at - timedelta(days=int(self.value))


@dataclass(frozen=True, kw_only=True)
class SegmentField:
    """A question that a segment may ask. `compile` turns what is asked into a condition on Contact;
    `segment` instead says that the value is a segment, and means what that one means.

    `kinds` names operators whose value is of another kind than the field's. `choices` lists (value, label) of the workspace.
    `says` words a condition by operator, with `%(value)s` in it; others are worded by their labels. `anything` is the label
    of an empty value, where one is allowed. `inputs` are further questions: how often, within how many days.
    `reads` names what of a contact the answer depends on, as ContactChanged does. `turns` says when time alone next changes
    the answer for somebody: a moment, or None where it doesn't.
    """

    label: Words
    kind: Kind
    operators: Mapping[str, Words]
    compile: Callable[[Asked], Q] | Literal["segment"]
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    choices: Callable[[Workspace], Sequence[tuple[str, Words]]] | None = None
    says: Mapping[str, Words] = field(default_factory=dict)
    anything: Words = ""
    inputs: tuple[Literal["count", "days"], ...] = ()
    currency: str = ""
    group: Words = ""
    order: int = 0
    reads: tuple[str, ...] = field(default=())
    turns: Callable[[Asked], datetime | None] | None = None

    def kind_of(self, op: str) -> Kind:
        return self.kinds.get(op, self.kind)


@dataclass(frozen=True, kw_only=True)
class SegmentFamily:
    """Fields that a business brings itself: their keys are the family's, a colon and a name.

    `listed` gives those that are offered, `find` also one that is offered no more.
    """

    listed: Callable[[Workspace], Sequence[tuple[str, SegmentField]]]
    find: Callable[[str], SegmentField | None]
    order: int = 0


@dataclass(frozen=True)
class SegmentUse:
    """Something that asks a segment, and so keeps it from being deleted."""

    label: str
    url: str


@dataclass(frozen=True)
class ListUse(SegmentUse):
    """Something that names a list, and so keeps it from being deleted.

    What puts people on it or writes to them about it (`is_at_work`) keeps it from being put away, too.
    """

    is_at_work: bool = False


def having(rows: QuerySet[Any], *, by: str = "contact_id", at_least: int = 1) -> Q:
    """Contacts with at least so many of these rows; `by` is the column with the contact's id.

    Both it and its opposite are joins to the planner, never a list that has to fit into memory.
    """
    if at_least <= 1:
        return Q(Exists(rows.order_by().filter(**{by: OuterRef("id")})))
    enough = rows.order_by().values(by).annotate(times=Count("pk", distinct=True)).filter(times__gte=at_least)
    return Q(Exists(Contact.objects.filter(id=OuterRef("id"), id__in=enough.values(by))))


WHAT_THEY_DID = gettext_lazy("What they did")
WHEN_LAST: Mapping[str, Words] = {
    "within": gettext_lazy("in the last … days"),
    "not_within": gettext_lazy("not in the last … days"),
    "ever": gettext_lazy("at some time"),
    "never": gettext_lazy("never"),
}


def when_last(deed: str, *, label: Words, says: Mapping[str, Words], order: int) -> SegmentField:
    """A field that asks when somebody last was `sent` a mail, `opened` or `clicked` one, or `visited`.

    Answered from the contact's own row of it: no event is read.
    """

    def compiled(asked: Asked) -> Q:
        if asked.op in {"ever", "never"}:
            rows = Engagement.objects.filter(**{f"{deed}_at__isnull": False})
        else:
            rows = Engagement.objects.filter(**{f"{deed}_at__gte": asked.earliest})
        return ~having(rows) if asked.op in {"never", "not_within"} else having(rows)

    return SegmentField(
        label=label,
        kind="days",
        operators=WHEN_LAST,
        kinds={"ever": "none", "never": "none"},
        compile=compiled,
        says=says,
        group=WHAT_THEY_DID,
        order=order,
        reads=("engagement",),
    )


@dataclass(frozen=True, kw_only=True)
class ExportedTable:
    """Rows about contacts that belong in an export of them: orders, say, by the area that has them.

    `rows` gives, for ids of contacts, dicts of plain values (text, numbers, dates) with the same keys; `contact_id` is one.
    """

    columns: tuple[str, ...]
    rows: Callable[[Sequence[UUID]], Iterable[dict[str, Any]]]
    order: int = 0


TIMELINE: Registry[TimelineSource] = Registry("contacts.timeline")
TIMELINE_GROUPS: Registry[TimelineGroup] = Registry("contacts.timeline_groups")
EVENT_WORDING: Registry[EventWording] = Registry("contacts.event_wording")
SEGMENT_FIELDS: Registry[SegmentField] = Registry("contacts.segment_fields")
SEGMENT_FAMILIES: Registry[SegmentFamily] = Registry("contacts.segment_families")
SEGMENT_LISTENERS: Registry[Callable[[], Collection[UUID]]] = Registry("contacts.segment_listeners")
"""Which segments of the open workspace somebody wants to hear of, who comes into them and who leaves."""
SEGMENT_USES: Registry[Callable[[Segment], Sequence[SegmentUse]]] = Registry("contacts.segment_uses")
SETTINGS_USES: Registry[Callable[[str], Sequence[SegmentUse]]] = Registry("contacts.settings_uses")
"""What holds a text in its settings: a row's id, a page's address. It keeps what is meant from being deleted."""
SOURCES: Registry[Callable[[Workspace], Sequence[tuple[str, Words]]]] = Registry("contacts.sources")
"""Where contacts may come from, as their `source` says it and in words."""
LIST_USES: Registry[Callable[[List], Sequence[ListUse]]] = Registry("contacts.list_uses")
EXPORTED: Registry[ExportedTable] = Registry("contacts.exported")
"""By the name of the file that they come in, such as `orders`."""
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
    is_kept: bool = True
    """Whether it is in the event log before any rule asks for it: what happened before counts then too."""
    order: int = 0


SCORABLE: Registry[Scorable] = Registry("contacts.scorable")


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who is erased: `ids` of their contacts (those merged into them too), addresses, and words that name them."""

    ids: tuple[UUID, ...]
    addresses: tuple[str, ...]
    words: tuple[str, ...]
    """Addresses, full names and phone numbers, longest first: what free text about somebody may hold."""

    def mentioned_in(self, *columns: str) -> Q:
        """Rows with one of the addresses in one of these columns, in any case of letters; JSON is read as text."""
        found = Q()
        for column in columns:
            for address in self.addresses:
                found |= Q(**{f"{column}__icontains": address})
        return found

    def scrubbed(self, text: str) -> str:
        """A text without what names the person."""
        for word in self.words:
            text = re.sub(re.escape(word), "…", text, flags=re.IGNORECASE)
        return text


@dataclass(frozen=True)
class Keeping:
    """What an erasure leaves: what it is, why it stays, how many rows, and until when (None: as long as the business is here)."""

    label: Words
    ground: Words
    rows: int
    until: datetime | None = None


TAKEN_OUT: Registry[Callable[[Person], int]] = Registry("contacts.taken_out")
"""By table (`app.model`): what takes a person out of it, beyond deleting the rows that belong to their contact; tells how many rows.

Every table whose classification says `anonymise` is here, and every one that is to be deleted from but bears no contact.
"""
KEPT_OF_PEOPLE: Registry[Callable[[Person, datetime], Sequence[Keeping]]] = Registry("contacts.kept_of_people")
"""What an area keeps of a person who is erased at a moment."""
ERASURE_OBSTACLES: Registry[Callable[[Person], Sequence[Words]]] = Registry("contacts.erasure_obstacles")
"""What has to be settled first, in sentences: a contract that runs, money that is owed."""
