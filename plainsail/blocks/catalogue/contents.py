"""What a page tells: features, questions, headings, texts, pictures."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.catalogue.common import ALIGNMENTS, BOTH, ground, heading, lead
from plainsail.blocks.schema import Bool, Choice, Icon, Items, LongText, RichText, Text
from plainsail.blocks.sockets import BlockType


def _features() -> dict[str, Any]:
    return {
        "heading": gettext("What is included"),
        "items": [
            {"title": gettext("First thing"), "text": gettext("Why it matters to the person who reads this.")},
            {"title": gettext("Second thing"), "text": gettext("One or two sentences are enough.")},
            {"title": gettext("Third thing"), "text": gettext("Say it the way you would say it aloud.")},
        ],
    }


FEATURES = BlockType(
    type="features",
    label=_("Features"),
    text=_("What is included, in short pieces side by side."),
    icon="list",
    order=20,
    surfaces=BOTH,
    heading="heading",
    example=_features,
    fields={
        "heading": heading(),
        "text": lead(),
        "items": Items(
            label=_("Features"),
            noun=_("feature"),
            fields={
                "icon": Icon(label=_("Drawing")),
                "title": Text(label=_("Title"), limit=100),
                "text": LongText(label=_("Text"), limit=500, rows=3),
            },
        ),
        "layout": Choice(
            label=_("Layout"),
            choices=(
                ("numbers", _("Numbered columns")),
                ("cards", _("Cards")),
                ("list", _("List with ticks")),
                ("tiles", _("Tiles, edge to edge")),
            ),
        ),
        "ground": ground(),
    },
)


def _questions() -> dict[str, Any]:
    return {
        "heading": gettext("Good to know"),
        "items": [
            {"question": gettext("What do people ask first?"), "answer": gettext("<p>Answer it here.</p>")},
            {"question": gettext("And what do they ask next?"), "answer": gettext("<p>Answer that too.</p>")},
        ],
    }


QUESTIONS = BlockType(
    type="questions",
    label=_("Questions"),
    text=_("Questions that open to show their answers."),
    icon="circle-question-mark",
    order=60,
    surfaces=BOTH,
    heading="heading",
    example=_questions,
    fields={
        "heading": Text(label=_("Heading"), limit=160),
        "items": Items(
            label=_("Questions"),
            noun=_("question"),
            most=40,
            fields={
                "question": Text(label=_("Question"), limit=200),
                "answer": RichText(label=_("Answer"), limit=4000),
            },
        ),
        "open_first": Bool(label=_("Show the first answer"), default=True),
        "layout": Choice(
            label=_("Layout"),
            choices=(("narrow", _("One column")), ("split", _("Heading at the side")), ("cards", _("Cards"))),
        ),
        "ground": ground(),
    },
)

HEADING = BlockType(
    type="heading",
    label=_("Heading"),
    text=_("A line that says what comes next."),
    icon="type",
    order=70,
    surfaces=BOTH,
    heading="heading",
    example=lambda: {"heading": gettext("A new part begins")},
    fields={
        "heading": Text(label=_("Heading"), limit=200),
        "size": Choice(label=_("Size"), choices=(("large", _("Large")), ("small", _("Small")))),
        "align": Choice(label=_("Alignment"), choices=ALIGNMENTS),
    },
)

TEXT = BlockType(
    type="text",
    label=_("Text"),
    text=_("Paragraphs, lists and links."),
    icon="file-text",
    order=80,
    surfaces=BOTH,
    example=lambda: {"text": gettext("<p>Write as you would to one person.</p>")},
    fields={
        "text": RichText(label=_("Text")),
        "layout": Choice(label=_("Layout"), choices=(("narrow", _("Narrow, for reading")), ("wide", _("Wide")))),
        "ground": ground(),
    },
)

DIVIDER = BlockType(
    type="divider",
    label=_("Divider"),
    text=_("A thin line, or some air."),
    icon="minus",
    order=110,
    surfaces=BOTH,
    fields={
        "layout": Choice(
            label=_("Layout"), choices=(("line", _("Line")), ("space", _("Space")), ("mark", _("Three dots")))
        )
    },
)

ALL = (
    FEATURES,
    QUESTIONS,
    HEADING,
    TEXT,
    DIVIDER,
)
