"""What is sold: price cards."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.catalogue.common import PAGE, ground
from plainsail.blocks.schema import Bool, Choice, Items, Link, LongText, Reference, Text
from plainsail.blocks.sockets import BlockType


def _pricing() -> dict[str, Any]:
    points = gettext("What is included\nAnd what else\nAnd one more thing")
    return {
        "heading": gettext("Choose what fits"),
        "items": [
            {"name": gettext("Small"), "price": "€49", "points": points, "button": gettext("Choose this")},
            {
                "name": gettext("Regular"),
                "price": "€99",
                "points": points,
                "button": gettext("Choose this"),
                "featured": True,
                "badge": gettext("Most chosen"),
            },
        ],
    }


PRICING = BlockType(
    type="pricing",
    label=_("Pricing"),
    text=_("Offers side by side, each with a button to its checkout."),
    icon="tag",
    order=40,
    surfaces=PAGE,
    heading="heading",
    example=_pricing,
    fields={
        "heading": Text(label=_("Heading"), limit=160),
        "text": LongText(label=_("Text"), limit=400, rows=2),
        "items": Items(
            label=_("Offers"),
            noun=_("offer"),
            most=6,
            fields={
                "name": Text(label=_("Name"), limit=80),
                "offer": Reference(label=_("Sells"), to="offer", help=_("The button leads to its checkout.")),
                "price": Text(label=_("Price"), limit=30, help=_("Empty: the price of what it sells.")),
                "per": Text(label=_("After the price"), limit=40),
                "points": LongText(label=_("What is included, one a line"), limit=800, rows=4),
                "button": Text(label=_("Button text"), limit=60),
                "link": Link(label=_("Button goes to"), help=_("Only where nothing is chosen under “Sells”.")),
                "badge": Text(label=_("Badge"), limit=30),
                "featured": Bool(label=_("Stand out from the others")),
            },
        ),
        "layout": Choice(label=_("Layout"), choices=(("cards", _("Cards")), ("rows", _("One below the other")))),
        "ground": ground(),
    },
)

ALL = (PRICING,)
