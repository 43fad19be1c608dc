"""Why people may believe it: the words of others."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.catalogue.common import BOTH, ground
from plainsail.blocks.schema import Choice, Items, LongText, Text
from plainsail.blocks.sockets import BlockType


def _testimonials() -> dict[str, Any]:
    return {
        "heading": gettext("What people say"),
        "items": [
            {
                "quote": gettext("Replace this with the words of somebody who was glad."),
                "name": gettext("Their name"),
                "role": gettext("Who they are"),
            }
        ],
    }


TESTIMONIALS = BlockType(
    type="testimonials",
    label=_("Testimonials"),
    text=_("What others say, in their own words."),
    icon="quote",
    order=30,
    surfaces=BOTH,
    heading="heading",
    example=_testimonials,
    fields={
        "heading": Text(label=_("Heading"), limit=160),
        "items": Items(
            label=_("Quotes"),
            noun=_("quote"),
            fields={
                "quote": LongText(label=_("Quote"), limit=800, rows=3),
                "name": Text(label=_("Name"), limit=80),
                "role": Text(label=_("Who they are"), limit=100),
            },
        ),
        "layout": Choice(
            label=_("Layout"), choices=(("cards", _("Cards")), ("large", _("One below the other, large")))
        ),
        "ground": ground("tint"),
    },
)

ALL = (TESTIMONIALS,)
