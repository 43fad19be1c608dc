"""How a page begins and calls: hero, call to action."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.catalogue.common import BOTH, PAGE, ground, layouts
from plainsail.blocks.schema import Choice, Icon, Image, Link, LongText, Text
from plainsail.blocks.sockets import BlockType


def _hero() -> dict[str, Any]:
    return {
        "eyebrow": gettext("A few words before"),
        "heading": gettext("Say what people get, in one line"),
        "text": gettext("Two or three sentences: who it is for, and what is better afterwards."),
        "button": gettext("Start here"),
        "image": {"picture": "sailboat"},
    }


HERO = BlockType(
    type="hero",
    label=_("Hero"),
    text=_("The first thing people see: a headline, a sentence, a button."),
    icon="panels-top-left",
    order=10,
    surfaces=BOTH,
    heading="heading",
    example=_hero,
    fields={
        "eyebrow": Text(label=_("Small line above"), limit=80),
        "heading": Text(label=_("Headline"), limit=160),
        "text": LongText(label=_("Supporting text"), limit=600),
        "button": Text(label=_("Button text"), limit=60),
        "link": Link(label=_("Button goes to"), default="#form"),
        "second": Text(label=_("Words of the second button"), limit=60),
        "second_link": Link(label=_("Second button leads to")),
        "note": Text(label=_("Small print"), limit=200),
        "image": Image(label=_("Picture")),
        "layout": Choice(
            label=_("Layout"),
            choices=(
                ("beside", _("Picture beside text")),
                ("below", _("Centred, picture below")),
                ("card", _("Compact, like a name card")),
                ("deep", _("Deep ground, picture beside text")),
            ),
        ),
    },
)

BUTTON = BlockType(
    type="button",
    label=_("Call to action"),
    text=_("One clear button, with a line of text if you like."),
    icon="mouse-pointer-click",
    order=100,
    surfaces=BOTH,
    heading="heading",
    example=lambda: {"button": gettext("Start here")},
    fields={
        "heading": Text(label=_("Heading"), limit=160),
        "text": Text(label=_("Text above"), limit=200),
        "button": Text(label=_("Button text"), limit=60),
        "link": Link(label=_("Button goes to"), default="#form"),
        "second": Text(label=_("Words of the second button"), limit=60),
        "second_link": Link(label=_("Second button leads to")),
        "layout": Choice(
            label=_("Layout"),
            choices=(
                ("centre", _("Centred")),
                ("start", _("Left")),
                ("band", _("Coloured band")),
                ("card", _("In a card")),
            ),
        ),
    },
)

BANNER = BlockType(
    type="banner",
    label=_("Announcement"),
    text=_("One line of news with a link: a date, an offer, a change."),
    icon="bell",
    order=5,
    surfaces=PAGE,
    example=lambda: {
        "text": gettext("Places for the spring course are open."),
        "button": gettext("See the dates"),
        "icon": "calendar",
    },
    fields={
        "text": Text(label=_("Text"), limit=200),
        "button": Text(label=_("Link text"), limit=60),
        "link": Link(label=_("Leads to"), default="#pricing"),
        "icon": Icon(label=_("Drawing")),
        "layout": layouts(("bar", _("Thin bar")), ("card", _("Card")), ("large", _("Large, centred"))),
        "ground": ground("deep"),
    },
)

ALL = (HERO, BANNER, BUTTON)
