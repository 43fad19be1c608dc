"""Deals in the menu, on a contact's page and timeline, and what of them is personal."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.accounts.sockets import API_SCOPES, ApiScope
from plainsail.contacts.models import Contact
from plainsail.contacts.sockets import (
    CONTACT_SECTIONS,
    EVENT_WORDING,
    EXPORTED,
    SCORABLE,
    SEGMENT_FAMILIES,
    SEGMENT_FIELDS,
    TIMELINE_GROUPS,
    ContactSection,
    EventWording,
    ExportedTable,
    Scorable,
    TimelineGroup,
)
from plainsail.deals import queries, segment_fields
from plainsail.deals.models import Stage
from plainsail.kernel.http import workspace_url
from plainsail.kernel.models import EventRow
from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData
from plainsail.ui.sockets import CREATE, MENU, CreateItem, MenuItem

EXPORTED.register("deals", ExportedTable(columns=queries.DEAL_COLUMNS, rows=queries.deals_of_contacts, order=40))
MENU.register(
    "deals", MenuItem(label=gettext_lazy("Deals"), icon="columns-2", url="deals:deals", order=55, can="deals.view")
)
CREATE.register(
    "deal", CreateItem(label=gettext_lazy("Deal"), icon="columns-2", url="deals:new", order=55, can="deals.change")
)


def of_contact(contact: Contact) -> dict[str, Any]:
    """What the section on a contact's page is drawn from."""
    return {"deals": queries.of_contact(contact.id)[:20]}


CONTACT_SECTIONS.register(
    "deals", ContactSection(template="deals/of_contact.html", read=of_contact, can="deals.view", order=20)
)


def _stage_name(row: EventRow) -> str:
    found = Stage.objects.filter(id=row.payload["stage_id"]).first()
    return found.name if found is not None else str(_("a stage that is gone"))


def _lost(row: EventRow) -> str:
    title, reason = row.payload.get("title", ""), row.payload.get("reason", "")
    if reason:
        return _("Lost: “%(deal)s” (%(reason)s)") % {"deal": title, "reason": reason}
    return _("Lost: “%(deal)s”") % {"deal": title}


def _link(row: EventRow) -> str:
    return workspace_url(row.workspace, "deals:deal", row.payload["deal_id"])


TIMELINE_GROUPS.register("deals", TimelineGroup(label=gettext_lazy("Deals"), kinds=frozenset({"deals"}), order=25))
EVENT_WORDING.register(
    "deals.deal_opened",
    EventWording(
        icon="columns-2",
        say=lambda row: _("Deal: “%(deal)s”") % {"deal": row.payload.get("title", "")},
        link=_link,
    ),
)
EVENT_WORDING.register(
    "deals.deal_moved",
    EventWording(
        icon="arrow-right",
        say=lambda row: (
            _("“%(deal)s” came to “%(stage)s”") % {"deal": row.payload.get("title", ""), "stage": _stage_name(row)}
        ),
        link=_link,
    ),
)
EVENT_WORDING.register(
    "deals.deal_won",
    EventWording(
        icon="circle-check",
        say=lambda row: _("Won: “%(deal)s”") % {"deal": row.payload.get("title", "")},
        link=_link,
    ),
)
EVENT_WORDING.register("deals.deal_lost", EventWording(icon="circle-x", say=_lost, link=_link))

SEGMENT_FIELDS.register("deal", segment_fields.IN_STAGE)
SEGMENT_FAMILIES.register("deal_value", segment_fields.WORTH)
SCORABLE.register("deals.deal_opened", Scorable(label=gettext_lazy("A deal is written down"), order=50))
SCORABLE.register("deals.deal_won", Scorable(label=gettext_lazy("A deal is won"), order=60))

for table, answer in {
    "pipeline": PersonalData(fields=(), erase="keep", ground="names no person"),
    "stage": PersonalData(fields=(), erase="keep", ground="names no person"),
    "deal": PersonalData(fields=("contact_id", "title", "lost_reason"), erase="delete"),
    "dealmove": PersonalData(fields=("reason_before",), erase="delete"),
}.items():
    PERSONAL_DATA.register(f"deals.{table}", answer)

API_SCOPES.register(
    "deals",
    ApiScope(
        label=gettext_lazy("Deals"),
        read=gettext_lazy("Read pipelines and deals"),
        write=gettext_lazy("Read, add, change, move and delete deals"),
        order=15,
    ),
)
