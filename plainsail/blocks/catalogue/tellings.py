"""What a page tells at more length: stories, steps, dates, lessons, whom it is for, a letter."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.catalogue.common import PAGE, ground, heading, layouts, lead
from plainsail.blocks.schema import Image, Items, Link, LongText, RichText, Text
from plainsail.blocks.sockets import BlockType


def _story() -> dict[str, Any]:
    return {
        "items": [
            {
                "image": {"picture": "notebook"},
                "title": gettext("It starts with a question"),
                "text": gettext("<p>Tell in three sentences how this came about. People buy from people.</p>"),
            },
            {
                "image": {"picture": "hills"},
                "title": gettext("And ends with something to hold"),
                "text": gettext("<p>Then say what is different afterwards, as one who was there would say it.</p>"),
            },
        ]
    }


def _steps() -> dict[str, Any]:
    return {
        "heading": gettext("How it goes"),
        "items": [
            {"title": gettext("You choose a date"), "text": gettext("What people do first, and how long it takes.")},
            {"title": gettext("We get everything ready"), "text": gettext("What you do for them meanwhile.")},
            {"title": gettext("You arrive and begin"), "text": gettext("What they have in their hands at the end.")},
        ],
    }


def _timeline() -> dict[str, Any]:
    return {
        "heading": gettext("The way here"),
        "items": [
            {
                "when": gettext("Spring"),
                "title": gettext("The idea"),
                "text": gettext("What was missing, and for whom."),
            },
            {"when": gettext("Summer"), "title": gettext("The first try"), "text": gettext("What happened, honestly.")},
            {
                "when": gettext("Today"),
                "title": gettext("What became of it"),
                "text": gettext("Where things stand now."),
            },
        ],
    }


def _curriculum() -> dict[str, Any]:
    return {
        "heading": gettext("What you will learn"),
        "items": [
            {
                "when": gettext("Week 1"),
                "title": gettext("Finding your feet"),
                "lessons": gettext("What you need, and what you don’t\nA first small exercise\nHow to keep going"),
            },
            {
                "when": gettext("Week 2"),
                "title": gettext("Doing it with help"),
                "lessons": gettext("The three mistakes everybody makes\nPractice together\nYour questions"),
            },
            {
                "when": gettext("Week 3"),
                "title": gettext("Doing it alone"),
                "lessons": gettext("A piece of your own\nWhat to do when it goes wrong\nWhere to go from here"),
            },
        ],
    }


STORY = BlockType(
    type="story",
    label=_("Pictures and text"),
    text=_("A picture beside a text, one pair below the other."),
    icon="image",
    order=22,
    surfaces=PAGE,
    heading="heading",
    example=_story,
    fields={
        "heading": heading(),
        "items": Items(
            label=_("Pairs"),
            noun=_("pair"),
            most=10,
            fields={
                "image": Image(label=_("Picture")),
                "title": Text(label=_("Title"), limit=120),
                "text": RichText(label=_("Text"), limit=3000),
                "button": Text(label=_("Link text"), limit=60),
                "link": Link(label=_("Leads to")),
            },
        ),
        "layout": layouts(
            ("alternate", _("Left and right in turn")),
            ("start", _("Pictures left")),
            ("end", _("Pictures right")),
            ("over", _("Text over the edge of the picture")),
        ),
        "ground": ground(),
    },
)

STEPS = BlockType(
    type="steps",
    label=_("Steps"),
    text=_("What happens first, then, and at last."),
    icon="list-checks",
    order=24,
    surfaces=PAGE,
    heading="heading",
    example=_steps,
    fields={
        "heading": heading(),
        "text": lead(),
        "items": Items(
            label=_("Steps"),
            noun=_("step"),
            most=12,
            fields={
                "title": Text(label=_("Title"), limit=100),
                "text": LongText(label=_("Text"), limit=500, rows=3),
                "image": Image(label=_("Picture"), help=_("Shown in the layout with pictures.")),
            },
        ),
        "button": Text(label=_("Button text"), limit=60),
        "link": Link(label=_("Button goes to")),
        "layout": layouts(
            ("row", _("Side by side")), ("line", _("Along a line")), ("pictures", _("Cards with pictures"))
        ),
        "ground": ground(),
    },
)

TIMELINE = BlockType(
    type="timeline",
    label=_("Timeline"),
    text=_("Dates and what happened, or what will."),
    icon="history",
    order=26,
    surfaces=PAGE,
    heading="heading",
    example=_timeline,
    fields={
        "heading": heading(),
        "text": lead(),
        "items": Items(
            label=_("Entries"),
            noun=_("entry"),
            fields={
                "when": Text(label=_("When"), limit=60),
                "title": Text(label=_("Title"), limit=120),
                "text": LongText(label=_("Text"), limit=500, rows=3),
            },
        ),
        "layout": layouts(
            ("line", _("Along a line")), ("sides", _("Both sides of a line")), ("table", _("Like a programme"))
        ),
        "ground": ground(),
    },
)

CURRICULUM = BlockType(
    type="curriculum",
    label=_("Curriculum"),
    text=_("What a course is made of, part by part."),
    icon="book-open",
    order=28,
    surfaces=PAGE,
    heading="heading",
    example=_curriculum,
    fields={
        "heading": heading(),
        "text": lead(),
        "items": Items(
            label=_("Parts"),
            noun=_("part"),
            most=30,
            fields={
                "when": Text(label=_("Small line above"), limit=60),
                "title": Text(label=_("Title"), limit=120),
                "lessons": LongText(label=_("What is in it, one a line"), limit=1500, rows=4),
            },
        ),
        "layout": layouts(("rows", _("One below the other")), ("cards", _("Cards"))),
        "ground": ground(),
    },
)

AUDIENCE = BlockType(
    type="audience",
    label=_("For whom"),
    text=_("Whom it is for, and whom not."),
    icon="user-check",
    order=29,
    surfaces=PAGE,
    heading="heading",
    example=lambda: {
        "heading": gettext("Is this for you?"),
        "yes_title": gettext("It is, if"),
        "yes": gettext("you have wanted to try it for a while\nyou like small groups\nyou can spare two days"),
        "no_title": gettext("It is not, if"),
        "no": gettext("you look for a certificate\nyou want to be done in an hour"),
    },
    fields={
        "heading": heading(),
        "yes_title": Text(label=_("Title of the first list"), limit=80),
        "yes": LongText(label=_("First list, one a line"), limit=1200, rows=4),
        "no_title": Text(label=_("Title of the second list"), limit=80),
        "no": LongText(label=_("Second list, one a line"), limit=1200, rows=4),
        "layout": layouts(("cards", _("Cards")), ("lines", _("Below a line"))),
        "ground": ground(),
    },
)

LETTER = BlockType(
    type="letter",
    label=_("Letter"),
    text=_("A few personal paragraphs with a name below."),
    icon="mail-open",
    order=82,
    surfaces=PAGE,
    heading="heading",
    example=lambda: {
        "heading": gettext("Dear reader,"),
        "text": gettext(
            "<p>Write this as you would write to one person whom you like. Say why you do this work, what you have seen,"
            " and what you would tell a friend.</p><p>Two or three paragraphs are plenty.</p>"
        ),
        "image": {"picture": "portrait"},
        "name": gettext("Your name"),
        "role": gettext("What you do"),
    },
    fields={
        "heading": heading(),
        "text": RichText(label=_("Text")),
        "image": Image(label=_("Portrait")),
        "name": Text(label=_("Name"), limit=80),
        "role": Text(label=_("Who you are"), limit=100),
        "layout": layouts(("paper", _("On a sheet of paper")), ("plain", _("Without a sheet"))),
        "ground": ground("tint"),
    },
)

ALL = (STORY, STEPS, TIMELINE, CURRICULUM, AUDIENCE, LETTER)
