"""Visits, clicks and opens stand on a contact's timeline; what of them is personal."""

from django.utils.translation import gettext_lazy

from plainsail.contacts.sockets import (
    EXPORTED,
    SCORABLE,
    SEGMENT_FIELDS,
    TAKEN_OUT,
    TIMELINE,
    TIMELINE_GROUPS,
    ExportedTable,
    Scorable,
    TimelineGroup,
    TimelineSource,
)
from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData
from plainsail.tracking import queries, segment_fields
from plainsail.tracking.services import forgetting

EXPORTED.register("hits", ExportedTable(columns=queries.HIT_COLUMNS, rows=queries.hits_of_contacts, order=30))
TIMELINE.register("tracking", TimelineSource(fetch=queries.timeline, order=20))
TIMELINE_GROUPS.register("visits", TimelineGroup(label=gettext_lazy("Visits"), kinds=frozenset({"visit"}), order=40))

SEGMENT_FIELDS.register("visited", segment_fields.VISITED)
SEGMENT_FIELDS.register("mail_opened", segment_fields.OPENED)
SEGMENT_FIELDS.register("mail_clicked", segment_fields.CLICKED)
SCORABLE.register(
    "tracking.link_clicked",
    Scorable(label=gettext_lazy("Clicks a link in a mail"), field="url", field_label=gettext_lazy("Address"), order=40),
)
SCORABLE.register(
    "tracking.page_visited",
    Scorable(
        label=gettext_lazy("Visits a page, from now on"),
        field="path",
        field_label=gettext_lazy("Address"),
        is_kept=False,
        order=45,
    ),
)

PERSONAL_DATA.register(
    "tracking.hit",
    PersonalData(fields=("contact_id", "visitor_id"), erase="anonymise", ground="totals stay, the person goes"),
)
PERSONAL_DATA.register("tracking.visitor", PersonalData(fields=("visitor_id", "contact_id"), erase="delete"))
PERSONAL_DATA.register("tracking.parkedlanding", PersonalData(fields=("row",), erase="delete"))

TAKEN_OUT.register("tracking.hit", forgetting.hits)
TAKEN_OUT.register("tracking.parkedlanding", forgetting.parked)
