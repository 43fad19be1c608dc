"""Contacts in the menu, their own events on their timeline, the fields they offer to segments, and what of them is personal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.accounts.sockets import API_SCOPES, AUDIT_ACTIONS, ApiScope, AuditAction
from plainsail.contacts import queries, segment_fields
from plainsail.contacts.models import Contact, List, ScoreLevel, Segment, Tag
from plainsail.contacts.services import erasing_again, forgetting, list_uses
from plainsail.contacts.sockets import (
    EVENT_WORDING,
    LIST_USES,
    SCORABLE,
    SEGMENT_FAMILIES,
    SEGMENT_FIELDS,
    SEGMENT_USES,
    STAYS_WHEN_MERGED,
    TAKEN_OUT,
    TIMELINE,
    TIMELINE_GROUPS,
    EventWording,
    Kinds,
    Scorable,
    SegmentUse,
    TimelineEntry,
    TimelineGroup,
    TimelineSource,
)
from plainsail.kernel.http import workspace_url
from plainsail.kernel.models import EventRow
from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData
from plainsail.kernel.upkeep import AFTER_MIGRATE
from plainsail.ui.sockets import CREATE, MENU, CreateItem, MenuItem

MENU.register(
    "contacts", MenuItem(label=gettext_lazy("Contacts"), icon="users", url="contacts:contacts", order=50, on_phone=True)
)
CREATE.register(
    "contact",
    CreateItem(label=gettext_lazy("Contact"), icon="user-plus", url="contacts:new", order=50, can="contacts.change"),
)


def from_events(contact: Contact, before: datetime, limit: int, kinds: Kinds | None) -> Sequence[TimelineEntry]:
    """Events about a contact that somebody has words for. The area that tells one is its kind."""
    names = [name for name in EVENT_WORDING.keys() if kinds is None or _kind(name) in kinds]  # noqa: SIM118  # no dict
    return [_entry(row) for row in queries.events_of(contact, before, limit, names=names)] if names else []


def _kind(event_name: str) -> str:
    return event_name.split(".", maxsplit=1)[0]


def _entry(row: EventRow) -> TimelineEntry:
    wording = EVENT_WORDING[row.name]
    url = wording.link(row) if wording.link else ""
    return TimelineEntry(row.at, wording.icon, wording.say(row), url=url, kind=_kind(row.name))


def from_work(contact: Contact, before: datetime, limit: int, kinds: Kinds | None) -> Sequence[TimelineEntry]:
    """Notes as they read now, and tasks that were done."""
    if kinds is not None and "work" not in kinds:
        return []
    notes = queries.notes_of(contact).filter(at__lt=before)[:limit]
    done = queries.done_tasks(contact.workspace).filter(contact=contact, done_at__lt=before)[:limit]
    return [
        *(
            TimelineEntry(one.at, "message-square", str(one.author or _("Note")), one.text, kind="work")
            for one in notes
        ),
        *(
            TimelineEntry(one.done_at, "check", _("Done: %(task)s") % {"task": one.what}, kind="work")
            for one in done
            if one.done_at
        ),
    ]


TIMELINE.register("events", TimelineSource(fetch=from_events, order=10))
TIMELINE.register("work", TimelineSource(fetch=from_work, order=20))
TIMELINE_GROUPS.register(
    "work", TimelineGroup(label=gettext_lazy("Notes and tasks"), kinds=frozenset({"work"}), order=20)
)
TIMELINE_GROUPS.register(
    "profile",
    TimelineGroup(label=gettext_lazy("Profile"), kinds=frozenset({"contacts", "pages", "portal"}), order=90),
)


def _list_name(row: EventRow) -> str:
    found = List.objects.filter(id=row.payload["list_id"]).first()
    return found.name if found else _("a deleted list")


EVENT_WORDING.register(
    "contacts.contact_created",
    EventWording(label=gettext_lazy("Became a contact"), icon="user-plus", say=lambda row: _("Became a contact")),
)
EVENT_WORDING.register(
    "contacts.opt_in_requested",
    EventWording(
        label=gettext_lazy("Asked to join a list"),
        icon="clipboard-list",
        say=lambda row: _("Asked to join “%(list)s”") % {"list": _list_name(row)},
    ),
)
EVENT_WORDING.register(
    "contacts.list_joined",
    EventWording(
        label=gettext_lazy("Joined a list"),
        icon="circle-check",
        say=lambda row: _("Joined “%(list)s”") % {"list": _list_name(row)},
    ),
)
EVENT_WORDING.register(
    "contacts.list_left",
    EventWording(
        label=gettext_lazy("Left a list"),
        icon="user-minus",
        say=lambda row: (
            (_("Left “%(list)s”") if row.payload.get("is_own_word", True) else _("Taken off “%(list)s”"))
            % {"list": _list_name(row)}
        ),
    ),
)


def _tag_name(row: EventRow) -> str:
    found = Tag.objects.filter(id=row.payload["tag_id"]).first()
    return found.name if found else _("a deleted tag")


EVENT_WORDING.register(
    "contacts.tag_added",
    EventWording(
        label=gettext_lazy("Got a tag"),
        icon="tag",
        say=lambda row: _("Got the tag “%(tag)s”") % {"tag": _tag_name(row)},
    ),
)
EVENT_WORDING.register(
    "contacts.tag_removed",
    EventWording(
        label=gettext_lazy("Lost a tag"),
        icon="tag",
        say=lambda row: _("Lost the tag “%(tag)s”") % {"tag": _tag_name(row)},
    ),
)


def _segment_name(row: EventRow) -> str:
    found = Segment.objects.filter(id=row.payload["segment_id"]).first()
    return found.name if found else _("a deleted segment")


EVENT_WORDING.register(
    "contacts.segment_entered",
    EventWording(icon="users", say=lambda row: _("Came into segment “%(segment)s”") % {"segment": _segment_name(row)}),
)
EVENT_WORDING.register(
    "contacts.segment_left",
    EventWording(icon="users", say=lambda row: _("Left segment “%(segment)s”") % {"segment": _segment_name(row)}),
)
EVENT_WORDING.register("contacts.contact_deleted", EventWording(icon="trash-2", say=lambda row: _("Was deleted")))
EVENT_WORDING.register(
    "contacts.contact_restored",
    EventWording(label=gettext_lazy("Came back after being deleted"), icon="undo-2", say=lambda row: _("Came back")),
)
EVENT_WORDING.register(
    "contacts.contacts_merged",
    EventWording(
        label=gettext_lazy("Was merged with another contact"),
        icon="users",
        say=lambda row: _("Another contact was merged into this one"),
    ),
)

for key, field in segment_fields.FIELDS.items():
    SEGMENT_FIELDS.register(key, field)
SEGMENT_FAMILIES.register("field", segment_fields.CUSTOM)


def asked_by_segments(segment: Segment) -> list[SegmentUse]:
    """Other segments that ask this one."""
    return [
        SegmentUse(
            _("Segment “%(name)s”") % {"name": one.name}, workspace_url(one.workspace, "contacts:segment", one.id)
        )
        for one in queries.segments_that_ask(segment)
    ]


SEGMENT_USES.register("contacts", asked_by_segments)
LIST_USES.register("contacts", list_uses.found)


def _level_name(row: EventRow) -> str:
    found = ScoreLevel.objects.filter(id=row.payload["level_id"]).first()
    return found.name if found else str(row.payload["points"])


EVENT_WORDING.register(
    "contacts.score_reached",
    EventWording(icon="star", say=lambda row: _("Score: “%(level)s”") % {"level": _level_name(row)}),
)
SCORABLE.register(
    "contacts.tag_added",
    Scorable(
        label=gettext_lazy("Gets a tag"),
        field="tag_id",
        field_label=gettext_lazy("Tag"),
        choices=segment_fields.tags_of,
        order=10,
    ),
)
SCORABLE.register(
    "contacts.list_joined",
    Scorable(
        label=gettext_lazy("Joins a list"),
        field="list_id",
        field_label=gettext_lazy("List"),
        choices=segment_fields.lists_of,
        order=20,
    ),
)
SCORABLE.register(
    "contacts.list_left",
    Scorable(
        label=gettext_lazy("Leaves a list"),
        field="list_id",
        field_label=gettext_lazy("List"),
        choices=segment_fields.lists_of,
        order=30,
    ),
)

EVIDENCE = "proof of consent: kept as long as mail is sent, and three years on"
STAYS_WHEN_MERGED.register("contacts.lastchange", "each contact has its own")

for table, answer in {
    "contact": PersonalData(
        fields=("email", "first_name", "last_name", "phone", "company", "street", "notes"), erase="delete"
    ),
    "erasure": PersonalData(
        fields=("address_hash",), erase="keep", ground="proof that somebody was erased: a keyed hash only"
    ),
    "bulkaction": PersonalData(
        fields=("asked",), erase="anonymise", ground="what was done to how many; whom it names goes", portable=False
    ),
    "bulkchange": PersonalData(fields=("contact_id",), erase="delete", portable=False),
    "list": PersonalData(fields=(), erase="keep", ground="names no person"),
    "listmember": PersonalData(fields=("contact_id",), erase="delete"),
    "consententry": PersonalData(fields=("contact_id", "ip", "user_agent"), erase="anonymise", ground=EVIDENCE),
    "tag": PersonalData(fields=(), erase="keep", ground="names no person"),
    "contacttag": PersonalData(fields=("contact_id",), erase="delete"),
    "tally": PersonalData(fields=(), erase="keep", ground="numbers only", portable=False),
    "suppression": PersonalData(fields=("address_hash",), erase="keep", ground="never write again: a keyed hash only"),
    "segment": PersonalData(fields=(), erase="keep", ground="names no person"),
    "segmentmember": PersonalData(fields=("contact_id",), erase="delete"),
    "changedcontact": PersonalData(fields=("changed_id",), erase="delete", portable=False),
    "mailpause": PersonalData(fields=("contact_id",), erase="delete"),
    "erasurerequest": PersonalData(fields=("contact_id",), erase="delete"),
    "engagement": PersonalData(fields=("contact_id",), erase="delete"),
    "lastchange": PersonalData(fields=("contact_id",), erase="delete", portable=False),
    "customfield": PersonalData(fields=(), erase="keep", ground="names no person"),
    "scorerule": PersonalData(fields=(), erase="keep", ground="names no person"),
    "scorelevel": PersonalData(fields=(), erase="keep", ground="names no person"),
    "scoring": PersonalData(fields=(), erase="keep", ground="names no person"),
    "scoreentry": PersonalData(fields=("contact_id", "note"), erase="delete"),
    "note": PersonalData(fields=("text", "text_before"), erase="delete"),
    "task": PersonalData(fields=("what",), erase="delete"),
    "fieldvalue": PersonalData(fields=("text", "long_text", "number", "date"), erase="delete"),
    "import": PersonalData(fields=(), erase="keep", ground="names no contact"),
    "importfault": PersonalData(fields=("value",), erase="delete"),
    "importedcontact": PersonalData(fields=("contact_id", "before"), erase="delete"),
    "importmapping": PersonalData(fields=(), erase="keep", ground="names no person"),
    "contactexport": PersonalData(
        fields=("asked",), erase="anonymise", ground="that an archive was made; whom it names goes", portable=False
    ),
}.items():
    PERSONAL_DATA.register(f"contacts.{table}", answer)

TAKEN_OUT.register("kernel.eventrow", forgetting.events)
TAKEN_OUT.register("contacts.changedcontact", forgetting.marks)
TAKEN_OUT.register("contacts.importfault", forgetting.faults)
TAKEN_OUT.register("contacts.bulkaction", forgetting.bulk_actions)
TAKEN_OUT.register("contacts.contactexport", forgetting.exports)
TAKEN_OUT.register("contacts.consententry", forgetting.consents)
AUDIT_ACTIONS.register("contacts.erased", AuditAction(label=gettext_lazy("Erased a contact")))

API_SCOPES.register(
    "contacts",
    ApiScope(
        label=gettext_lazy("Contacts"),
        read=gettext_lazy("Read people, tags and lists"),
        write=gettext_lazy("Read, add, change and delete people; tag them; put them on lists with proof"),
        order=10,
    ),
)
AFTER_MIGRATE.register("contacts.erasures", erasing_again.replay)
