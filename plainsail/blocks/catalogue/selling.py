"""What is sold: price cards, comparisons, a product, the way to the checkout."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.catalogue.common import PAGE, ground, heading, layouts, lead
from plainsail.blocks.schema import Bool, Choice, Image, Items, Link, LongText, Reference, RichText, Text
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
        "layout": Choice(
            label=_("Layout"),
            choices=(("cards", _("Cards")), ("rows", _("One below the other")), ("plain", _("Columns without cards"))),
        ),
        "ground": ground(),
    },
)

COMPARISON = BlockType(
    type="comparison",
    label=_("Comparison"),
    text=_("A table of what each of several things has."),
    icon="scale",
    order=42,
    surfaces=PAGE,
    heading="heading",
    example=lambda: {
        "heading": gettext("What you get with each"),
        "columns": [
            {"name": gettext("Small"), "note": "€49"},
            {"name": gettext("Regular"), "note": "€99", "featured": True},
        ],
        "rows": [
            {"label": gettext("All lessons"), "cells": "+\n+"},
            {"label": gettext("Answers by mail"), "cells": "-\n+"},
            {"label": gettext("Access"), "cells": gettext("one year\nfor good")},
        ],
    },
    fields={
        "heading": heading(),
        "text": lead(),
        "columns": Items(
            label=_("Columns"),
            noun=_("column"),
            most=5,
            fields={
                "name": Text(label=_("Name"), limit=60),
                "note": Text(label=_("Line below"), limit=60),
                "button": Text(label=_("Button text"), limit=40),
                "link": Link(label=_("Button goes to")),
                "featured": Bool(label=_("Stand out from the others")),
            },
        ),
        "rows": Items(
            label=_("Rows"),
            noun=_("row"),
            most=40,
            fields={
                "label": Text(label=_("What is compared"), limit=120),
                "cells": LongText(
                    label=_("One line for each column"),
                    limit=600,
                    rows=3,
                    help=_("+ is a tick, - is a dash, or write words."),
                ),
            },
        ),
        "layout": layouts(("lines", _("Lines")), ("card", _("In a card")), ("compact", _("Compact, striped"))),
        "ground": ground(),
    },
)

PRODUCT = BlockType(
    type="product",
    label=_("Product"),
    text=_("One thing to buy, with its picture, price and button."),
    icon="package",
    order=44,
    surfaces=PAGE,
    heading="heading",
    example=lambda: {
        "image": {"picture": "bowls"},
        "badge": gettext("Made by hand"),
        "heading": gettext("The name of what you sell"),
        "text": gettext("<p>Two sentences: what it is, and what somebody has from it.</p>"),
        "points": gettext("What is in the box\nHow long it takes to arrive\nWhat happens if it does not fit"),
        "price": "€49",
        "button": gettext("Buy it"),
    },
    fields={
        "image": Image(label=_("Picture")),
        "badge": Text(label=_("Badge"), limit=40),
        "heading": Text(label=_("Name"), limit=160, help=_("Empty: the name of what it sells.")),
        "text": RichText(label=_("Text"), limit=3000),
        "points": LongText(label=_("What is included, one a line"), limit=800, rows=4),
        "offer": Reference(label=_("Sells"), to="offer", help=_("The button leads to its checkout.")),
        "price": Text(label=_("Price"), limit=30, help=_("Empty: the price of what it sells.")),
        "per": Text(label=_("After the price"), limit=40),
        "button": Text(label=_("Button text"), limit=60),
        "link": Link(label=_("Button goes to"), help=_("Only where nothing is chosen under “Sells”.")),
        "note": Text(label=_("Small print"), limit=200),
        "layout": layouts(("beside", _("Picture left")), ("reverse", _("Picture right")), ("card", _("In a card"))),
        "ground": ground(),
    },
)

CHECKOUT = BlockType(
    type="checkout",
    label=_("Checkout button"),
    text=_("The price and the button to the checkout, once more."),
    icon="shopping-cart",
    order=46,
    surfaces=PAGE,
    heading="heading",
    example=lambda: {
        "heading": gettext("Ready when you are"),
        "text": gettext("Say once more, in one sentence, what they get."),
        "button": gettext("Go to the checkout"),
        "note": gettext("You see everything again before you pay."),
    },
    fields={
        "heading": Text(label=_("Heading"), limit=160, help=_("Empty: the name of what it sells.")),
        "text": lead(),
        "offer": Reference(label=_("Sells"), to="offer", help=_("The button leads to its checkout.")),
        "price": Text(label=_("Price"), limit=30, help=_("Empty: the price of what it sells.")),
        "button": Text(label=_("Button text"), limit=60),
        "link": Link(label=_("Button goes to"), help=_("Only where nothing is chosen under “Sells”.")),
        "note": Text(label=_("Small print"), limit=200),
        "layout": layouts(("bar", _("Framed, side by side")), ("centre", _("Centred")), ("plain", _("Side by side"))),
        "ground": ground(),
    },
)

ALL = (PRICING, COMPARISON, PRODUCT, CHECKOUT)
