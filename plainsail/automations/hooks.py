"""Automations in the menu, their own vocabulary, their words on a contact's timeline, and what of them is personal."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.automations import segment_fields
from plainsail.automations.models import Automation
from plainsail.automations.services import entering, watching
from plainsail.automations.sockets import ACTIONS, CONDITIONS, STARTERS, TRIGGERS
from plainsail.automations.vocabulary import (
    actions,
    clock,
    conditions,
    deals,
    others,
    programs,
    starters,
    team,
    triggers,
    visits,
)
from plainsail.contacts.sockets import (
    EVENT_WORDING,
    LIST_USES,
    SEGMENT_FIELDS,
    SEGMENT_LISTENERS,
    SEGMENT_USES,
    SETTINGS_USES,
    TIMELINE_GROUPS,
    EventWording,
    TimelineGroup,
)
from plainsail.kernel.models import EventRow
from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData
from plainsail.tracking.sockets import WANTED
from plainsail.ui.sockets import CREATE, MENU, CreateItem, MenuItem

MENU.register(
    "automations",
    MenuItem(
        label=gettext_lazy("Automations"),
        icon="network",
        url="automations:automations",
        order=40,
        can="automations.view",
    ),
)
CREATE.register(
    "automation",
    CreateItem(
        label=gettext_lazy("Automation"), icon="network", url="automations:new", order=40, can="automations.change"
    ),
)

TRIGGERS.hear, TRIGGERS.is_wanted = entering.hear, entering.is_listening
TRIGGERS.register("contacts.list_joined", triggers.LIST_JOINED)
TRIGGERS.register("contacts.list_left", triggers.LIST_LEFT)
TRIGGERS.register("contacts.tag_added", triggers.TAG_ADDED)
TRIGGERS.register("contacts.tag_removed", triggers.TAG_REMOVED)
TRIGGERS.register("contacts.contact_created", triggers.CONTACT_CREATED)
TRIGGERS.register("contacts.score_reached", triggers.SCORE_REACHED)
TRIGGERS.register("deals.deal_moved", triggers.DEAL_MOVED)
TRIGGERS.register("deals.deal_won", triggers.DEAL_WON)
TRIGGERS.register("deals.deal_lost", triggers.DEAL_LOST)

TRIGGERS.register("contacts.segment_entered", triggers.SEGMENT_ENTERED)
TRIGGERS.register("contacts.segment_left", triggers.SEGMENT_LEFT)
TRIGGERS.register("contacts.their_day", clock.THEIR_DAY)
TRIGGERS.register("automations.schedule", clock.SCHEDULE)
TRIGGERS.register("tracking.page_visited", visits.PAGE_VISITED)
WANTED.register("automations", visits.is_wanted)
TRIGGERS.register("automations.signal", programs.SIGNAL)
TRIGGERS.register("automations.hook", programs.HOOK)
SEGMENT_LISTENERS.register("automations", watching.listened)

ACTIONS.register("contacts.add_tag", actions.ADD_TAG)
ACTIONS.register("contacts.remove_tag", actions.REMOVE_TAG)
ACTIONS.register("contacts.join_list", actions.JOIN_LIST)
ACTIONS.register("contacts.leave_list", actions.LEAVE_LIST)
ACTIONS.register("contacts.fill_field", actions.FILL_FIELD)
ACTIONS.register("contacts.give_points", actions.GIVE_POINTS)
ACTIONS.register("contacts.write_note", actions.WRITE_NOTE)
ACTIONS.register("deals.open", deals.OPEN_DEAL)
ACTIONS.register("deals.move", deals.MOVE_DEAL)
ACTIONS.register("automations.notify", team.NOTIFY)
ACTIONS.register("contacts.set_task", team.SET_TASK)
ACTIONS.register("automations.call", programs.CALL)
ACTIONS.register("automations.start", others.START)
ACTIONS.register("automations.stop", others.STOP)

CONDITIONS.register("contacts.has_tag", conditions.HAS_TAG)
CONDITIONS.register("contacts.on_list", conditions.ON_LIST)
CONDITIONS.register("contacts.in_segment", conditions.IN_SEGMENT)
CONDITIONS.register("contacts.matches", conditions.MATCHES)

SEGMENT_FIELDS.register("automation", segment_fields.AUTOMATION)
SEGMENT_USES.register("automations", segment_fields.asking)
SETTINGS_USES.register("automations", segment_fields.needing)
LIST_USES.register("automations", segment_fields.needing_list)

STARTERS.register("sequence", starters.SEQUENCE)
STARTERS.register("empty", starters.EMPTY)


def _automation_name(row: EventRow) -> str:
    found = Automation.objects.filter(id=row.payload["automation_id"]).first()
    return found.name if found is not None else str(_("a deleted automation"))


TIMELINE_GROUPS.register(
    "automations", TimelineGroup(label=gettext_lazy("Automations"), kinds=frozenset({"automations"}), order=30)
)
EVENT_WORDING.register(
    "automations.entered",
    EventWording(
        label=gettext_lazy("Entered an automation"),
        icon="network",
        say=lambda row: _("Entered “%(automation)s”") % {"automation": _automation_name(row)},
    ),
)
EVENT_WORDING.register(
    "automations.finished",
    EventWording(
        label=gettext_lazy("Came through an automation"),
        icon="circle-check",
        say=lambda row: _("Came through “%(automation)s”") % {"automation": _automation_name(row)},
    ),
)
EVENT_WORDING.register(
    "automations.run_parked",
    EventWording(
        icon="triangle-alert",
        say=lambda row: _("Is held up in “%(automation)s”") % {"automation": _automation_name(row)},
    ),
)

for table, answer in {
    "automation": PersonalData(fields=(), erase="keep", ground="names no person"),
    "automationversion": PersonalData(fields=(), erase="keep", ground="names no person"),
    "run": PersonalData(fields=("contact_id",), erase="delete"),
    "call": PersonalData(fields=("contact_id", "body"), erase="delete", portable=False),
    "steplog": PersonalData(fields=("note",), erase="delete"),
}.items():
    PERSONAL_DATA.register(f"automations.{table}", answer)
