"""What stands around the sections: navigation and footer."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.catalogue.common import PAGE, ground, layouts
from plainsail.blocks.schema import Choice, Image, Items, Link, LongText, Text
from plainsail.blocks.sockets import BlockType

NAVIGATION = BlockType(
    type="navigation",
    label=_("Navigation"),
    text=_("Your name and the way around, at the top of the page."),
    icon="menu",
    order=3,
    surfaces=PAGE,
    landmark="header",
    example=lambda: {
        "name": gettext("Your business"),
        "items": [
            {"label": gettext("What is included"), "link": "#features"},
            {"label": gettext("Prices"), "link": "#pricing"},
            {"label": gettext("Questions"), "link": "#questions"},
        ],
        "button": gettext("Get in touch"),
        "link": "#form",
    },
    fields={
        "name": Text(label=_("Name"), limit=60),
        "image": Image(label=_("Logo")),
        "items": Items(
            label=_("Links"),
            noun=_("link"),
            most=10,
            fields={"label": Text(label=_("Text"), limit=40), "link": Link(label=_("Leads to"))},
        ),
        "button": Text(label=_("Button text"), limit=40),
        "link": Link(label=_("Button goes to")),
        "layout": layouts(
            ("row", _("Links right")), ("centred", _("Name above, links below")), ("split", _("Links in the middle"))
        ),
        "ground": ground(),
    },
)

FOOTER = BlockType(
    type="footer",
    label=_("Footer"),
    text=_("Who you are, with links to imprint and privacy."),
    icon="panels-top-left",
    order=120,
    surfaces=PAGE,
    landmark="footer",
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
        "layout": Choice(
            label=_("Layout"),
            choices=(
                ("row", _("Links at the side")),
                ("centred", _("Centred")),
                ("columns", _("Links in columns")),
                ("deep", _("Deep ground")),
            ),
        ),
    },
)

ALL = (NAVIGATION, FOOTER)
