"""What stands around the sections: the footer."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.catalogue.common import PAGE
from plainsail.blocks.schema import Choice, Items, Link, LongText, Text
from plainsail.blocks.sockets import BlockType

FOOTER = BlockType(
    type="footer",
    label=_("Footer"),
    text=_("Who you are, with links to imprint and privacy."),
    icon="panels-top-left",
    order=120,
    surfaces=PAGE,
    example=lambda: {"name": gettext("Your business"), "address": gettext("Street 1, 12345 Town")},
    fields={
        "name": Text(label=_("Name"), limit=120),
        "address": LongText(label=_("Address"), limit=300, rows=2),
        "items": Items(
            label=_("Links"),
            noun=_("link"),
            most=12,
            fields={"label": Text(label=_("Text"), limit=60), "link": Link(label=_("Leads to"))},
        ),
        "layout": Choice(label=_("Layout"), choices=(("row", _("Links at the side")), ("centred", _("Centred")))),
    },
)

ALL = (FOOTER,)
