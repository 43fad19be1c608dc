"""Why people may believe it: the words of others, figures, faces, a promise."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.catalogue.common import BOTH, PAGE, ground, heading, layouts, lead
from plainsail.blocks.schema import Choice, Icon, Image, Items, Link, LongText, Text
from plainsail.blocks.sockets import BlockType


def _testimonials() -> dict[str, Any]:
    return {
        "heading": gettext("What people say"),
        "items": [
            {
                "quote": gettext("Replace this with the words of somebody who was glad."),
                "name": gettext("Their name"),
                "role": gettext("Who they are"),
            },
            {
                "quote": gettext("Ask for a sentence that says what has changed since, and for leave to show it here."),
                "name": gettext("Their name"),
                "role": gettext("Who they are"),
            },
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
                "image": Image(label=_("Portrait")),
            },
        ),
        "layout": Choice(
            label=_("Layout"),
            choices=(("cards", _("Cards")), ("large", _("One below the other, large")), ("wall", _("Wall of many"))),
        ),
        "ground": ground("tint"),
    },
)

QUOTE = BlockType(
    type="quote",
    label=_("One quote"),
    text=_("A single sentence that carries weight."),
    icon="quote",
    order=32,
    surfaces=PAGE,
    example=lambda: {
        "quote": gettext("Put the one sentence here that you would like everybody to read."),
        "name": gettext("Who said it"),
        "role": gettext("Where they know it from"),
    },
    fields={
        "quote": LongText(label=_("Quote"), limit=500, rows=3),
        "name": Text(label=_("Name"), limit=80),
        "role": Text(label=_("Who they are"), limit=100),
        "image": Image(label=_("Portrait")),
        "layout": layouts(("centre", _("Centred")), ("beside", _("Portrait beside"))),
        "ground": ground(),
    },
)

LOGOS = BlockType(
    type="logos",
    label=_("Logos"),
    text=_("Who trusts you, or where you were in the papers."),
    icon="building-2",
    order=34,
    surfaces=PAGE,
    example=lambda: {
        "heading": gettext("Worked with, and written about in"),
        "items": [
            {"name": gettext("First name")},
            {"name": gettext("Second name")},
            {"name": gettext("Third name")},
            {"name": gettext("Fourth name")},
        ],
    },
    fields={
        "heading": Text(label=_("Line above"), limit=120),
        "items": Items(
            label=_("Logos"),
            noun=_("logo"),
            fields={
                "name": Text(label=_("Name"), limit=60, help=_("Shown where there is no picture.")),
                "image": Image(label=_("Picture")),
                "link": Link(label=_("Leads to")),
            },
        ),
        "layout": layouts(("row", _("In a row")), ("grid", _("In fields")), ("side", _("Line at the side"))),
        "ground": ground(),
    },
)

NUMBERS = BlockType(
    type="numbers",
    label=_("Numbers"),
    text=_("Three or four figures that say something."),
    icon="chart-line",
    order=36,
    surfaces=PAGE,
    heading="heading",
    example=lambda: {
        "heading": gettext("In numbers"),
        "items": [
            {
                "value": "2",
                "label": gettext("quiet days"),
                "text": gettext("Replace these with figures that you can stand by."),
            },
            {"value": "6", "label": gettext("people at most"), "text": gettext("A figure means more with a sentence.")},
            {"value": "14", "label": gettext("days to change your mind"), "text": gettext("Three are enough.")},
        ],
    },
    fields={
        "heading": heading(),
        "text": lead(),
        "items": Items(
            label=_("Numbers"),
            noun=_("number"),
            most=8,
            fields={
                "value": Text(label=_("Number"), limit=20),
                "label": Text(label=_("Of what"), limit=80),
                "text": LongText(label=_("Text"), limit=240, rows=2),
            },
        ),
        "layout": layouts(("row", _("In a row, with lines")), ("cards", _("Cards")), ("centre", _("Centred"))),
        "ground": ground(),
    },
)

TEAM = BlockType(
    type="team",
    label=_("Team"),
    text=_("The people behind it, with what they do."),
    icon="users",
    order=38,
    surfaces=PAGE,
    heading="heading",
    example=lambda: {
        "heading": gettext("Who you will meet"),
        "items": [
            {
                "image": {"picture": "portrait"},
                "name": gettext("First and last name"),
                "role": gettext("What they do here"),
                "text": gettext("One sentence that makes people want to meet them."),
            },
            {
                "image": {"picture": "portrait"},
                "name": gettext("First and last name"),
                "role": gettext("What they do here"),
                "text": gettext("Leave out the titles, keep the person."),
            },
            {
                "image": {"picture": "portrait"},
                "name": gettext("First and last name"),
                "role": gettext("What they do here"),
                "text": gettext("A photograph says more than the words."),
            },
        ],
    },
    fields={
        "heading": heading(),
        "text": lead(),
        "items": Items(
            label=_("People"),
            noun=_("person"),
            fields={
                "image": Image(label=_("Portrait")),
                "name": Text(label=_("Name"), limit=80),
                "role": Text(label=_("What they do"), limit=100),
                "text": LongText(label=_("Text"), limit=400, rows=2),
                "label": Text(label=_("Link text"), limit=60),
                "link": Link(label=_("Leads to")),
            },
        ),
        "layout": layouts(("cards", _("Large portraits")), ("round", _("Round portraits")), ("list", _("List"))),
        "ground": ground(),
    },
)

PROMISE = BlockType(
    type="promise",
    label=_("Promise"),
    text=_("A guarantee or another word that you give."),
    icon="shield-check",
    order=39,
    surfaces=PAGE,
    heading="heading",
    example=lambda: {
        "icon": "shield-check",
        "heading": gettext("What we promise"),
        "text": gettext("Say plainly what happens if somebody is not happy, and for how long that holds."),
    },
    fields={
        "icon": Icon(label=_("Drawing")),
        "heading": heading(),
        "text": LongText(label=_("Text"), limit=600, rows=3),
        "note": Text(label=_("Small print"), limit=200),
        "layout": layouts(("card", _("Card")), ("plain", _("Without a card")), ("seal", _("Seal, centred"))),
        "ground": ground(),
    },
)

ALL = (TESTIMONIALS, QUOTE, LOGOS, NUMBERS, TEAM, PROMISE)
