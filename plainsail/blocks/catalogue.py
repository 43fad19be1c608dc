"""The sections and mail parts that come with Plainsail. Registered by `hooks`; other areas register theirs the same way."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.schema import (
    Bool,
    Choice,
    Colour,
    Image,
    Items,
    Link,
    LongText,
    Reference,
    RichText,
    Text,
)
from plainsail.blocks.sockets import BlockType, Surface

PAGE: frozenset[Surface] = frozenset({"page"})
MAIL: frozenset[Surface] = frozenset({"mail"})
BOTH: frozenset[Surface] = PAGE | MAIL

GROUNDS = (("paper", _("Paper")), ("tint", _("Tinted")), ("deep", _("Deep")))
ALIGNMENTS = (("start", _("Left")), ("centre", _("Centre")))


def ground(default: str = "paper") -> Colour:
    return Colour(label=_("Background"), choices=GROUNDS, default=default)


def _hero() -> dict[str, Any]:
    return {
        "eyebrow": gettext("A few words before"),
        "heading": gettext("Say what people get, in one line"),
        "text": gettext("Two or three sentences: who it is for, and what is better afterwards."),
        "button": gettext("Start here"),
        "image": {"picture": "sailboat"},
    }


def _features() -> dict[str, Any]:
    return {
        "heading": gettext("What is included"),
        "items": [
            {"title": gettext("First thing"), "text": gettext("Why it matters to the person who reads this.")},
            {"title": gettext("Second thing"), "text": gettext("One or two sentences are enough.")},
            {"title": gettext("Third thing"), "text": gettext("Say it the way you would say it aloud.")},
        ],
    }


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


def _form() -> dict[str, Any]:
    return {
        "heading": gettext("Stay in touch"),
        "text": gettext("Say what they will get, and how often."),
        "button": gettext("Sign me up"),
        "note": gettext("No spam. Unsubscribe with one click."),
    }


def _questions() -> dict[str, Any]:
    return {
        "heading": gettext("Good to know"),
        "items": [
            {"question": gettext("What do people ask first?"), "answer": gettext("<p>Answer it here.</p>")},
            {"question": gettext("And what do they ask next?"), "answer": gettext("<p>Answer that too.</p>")},
        ],
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
        "note": Text(label=_("Small print"), limit=200),
        "image": Image(label=_("Picture")),
        "layout": Choice(
            label=_("Layout"),
            choices=(
                ("beside", _("Picture beside text")),
                ("below", _("Centred, picture below")),
                ("card", _("Compact, like a name card")),
            ),
        ),
    },
)

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
        "heading": Text(label=_("Heading"), limit=160),
        "items": Items(
            label=_("Features"),
            noun=_("feature"),
            fields={
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
            ),
        ),
        "ground": ground(),
    },
)

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

FORM = BlockType(
    type="form",
    label=_("Opt-in form"),
    text=_("Asks for an e-mail address, with consent."),
    icon="mail",
    order=50,
    surfaces=PAGE,
    heading="heading",
    example=_form,
    fields={
        "heading": Text(label=_("Heading"), limit=160),
        "text": LongText(label=_("Text"), limit=600),
        "form": Reference(label=_("Form"), to="form"),
        "button": Text(label=_("Button text"), limit=60),
        "note": LongText(label=_("Small print"), limit=400, rows=2),
        "layout": Choice(
            label=_("Layout"),
            choices=(
                ("beside", _("Text beside the form")),
                ("centred", _("Centred")),
                ("plain", _("Plain, without a card")),
            ),
        ),
    },
)

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
        "layout": Choice(label=_("Layout"), choices=(("narrow", _("One column")), ("split", _("Heading at the side")))),
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

IMAGE = BlockType(
    type="image",
    label=_("Picture"),
    text=_("A picture with an optional line below."),
    icon="image",
    order=90,
    surfaces=BOTH,
    example=lambda: {"image": {"picture": "hills"}},
    fields={
        "image": Image(label=_("Picture")),
        "caption": Text(label=_("Line below"), limit=200),
        "link": Link(label=_("Leads to")),
        "layout": Choice(label=_("Layout"), choices=(("normal", _("Within the text")), ("wide", _("Wide")))),
    },
)

BUTTON = BlockType(
    type="button",
    label=_("Call to action"),
    text=_("One clear button, with a line of text if you like."),
    icon="mouse-pointer-click",
    order=100,
    surfaces=BOTH,
    example=lambda: {"button": gettext("Start here")},
    fields={
        "text": Text(label=_("Text above"), limit=200),
        "button": Text(label=_("Button text"), limit=60),
        "link": Link(label=_("Button goes to"), default="#form"),
        "layout": Choice(
            label=_("Layout"), choices=(("centre", _("Centred")), ("start", _("Left")), ("band", _("Coloured band")))
        ),
    },
)

DIVIDER = BlockType(
    type="divider",
    label=_("Divider"),
    text=_("A thin line, or some air."),
    icon="minus",
    order=110,
    surfaces=BOTH,
    fields={"layout": Choice(label=_("Layout"), choices=(("line", _("Line")), ("space", _("Space"))))},
)

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

MAIL_FOOTER = BlockType(
    type="mail_footer",
    label=_("Footer"),
    text=_("Your name and address, and the links to unsubscribe."),
    icon="file-text",
    order=130,
    surfaces=MAIL,
    example=lambda: {"reason": gettext("You get this mail because you asked for it on our site.")},
    fields={
        "reason": LongText(label=_("Why they get this mail"), limit=300, rows=2),
        "web_link": Bool(label=_("Link to see the mail in a browser"), default=True),
    },
)

ALL = (
    HERO,
    FEATURES,
    TESTIMONIALS,
    PRICING,
    FORM,
    QUESTIONS,
    HEADING,
    TEXT,
    IMAGE,
    BUTTON,
    DIVIDER,
    FOOTER,
    MAIL_FOOTER,
)
