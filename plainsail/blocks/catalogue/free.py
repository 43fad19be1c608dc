"""Free sections: rows of one to four columns, and the elements that stand in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.catalogue.common import ALIGNMENTS, PAGE, ground
from plainsail.blocks.schema import Bool, Choice, Embed, Image, Link, LongText, Player, Reference, RichText, Text, Words
from plainsail.blocks.sockets import BlockType, Seed, Slot

ELEMENT = "element"
"""What stands in a column. Others register elements of their own with this `place`, and `element_…` as their type."""

COLUMNS = ("one", "two", "three", "four")
WIDTHS: tuple[tuple[str, Words], ...] = (
    ("1", _("One column")),
    ("1-1", _("Two, alike")),
    ("1-2", _("Two, the second wider")),
    ("2-1", _("Two, the first wider")),
    ("2-3", _("Two, the second a little wider")),
    ("3-2", _("Two, the first a little wider")),
    ("1-1-1", _("Three, alike")),
    ("1-2-1", _("Three, the middle wider")),
    ("1-1-1-1", _("Four, alike")),
)


def _align() -> Choice:
    return Choice(label=_("Alignment"), choices=ALIGNMENTS)


def _first_row() -> Mapping[str, Sequence[Seed]]:
    words: list[Seed] = [
        ("element_heading", {"heading": gettext("Put this section together yourself")}),
        (
            "element_text",
            {"text": gettext("<p>Rows hold columns, and columns hold what you like: words, pictures, lists.</p>")},
        ),
        ("element_button", {"button": gettext("A button"), "link": "#form"}),
    ]
    picture: list[Seed] = [("element_image", {"image": {"picture": "plant"}})]
    return {"rows": [("row", {"columns": "1-1", "align": "centre"}, {"one": words, "two": picture})]}


FREE = BlockType(
    type="free",
    label=_("Free section"),
    text=_("Rows and columns that you fill yourself."),
    icon="columns-2",
    order=100,
    surfaces=PAGE,
    slots={"rows": Slot(label=_("Rows"), holds="row", most=20)},
    inside=_first_row,
    fields={
        "width": Choice(label=_("Width"), choices=(("wide", _("Wide")), ("narrow", _("Narrow, for reading")))),
        "ground": ground(),
    },
)

ROW = BlockType(
    type="row",
    label=_("Row"),
    text=_("One to four columns side by side; on a phone one below the other."),
    icon="columns-2",
    order=1000,
    surfaces=PAGE,
    place="row",
    columns="columns",
    slots={
        name: Slot(label=label, holds=ELEMENT, most=20)
        for name, label in zip(
            COLUMNS, (_("First column"), _("Second column"), _("Third column"), _("Fourth column")), strict=True
        )
    },
    fields={
        "columns": Choice(label=_("Columns"), choices=WIDTHS),
        "align": Choice(
            label=_("In the height"),
            choices=(("start", _("At the top")), ("centre", _("In the middle")), ("end", _("At the foot"))),
        ),
        "gap": Choice(
            label=_("Between columns"), choices=(("normal", _("Normal")), ("small", _("Little")), ("large", _("Much")))
        ),
        "card": Bool(label=_("Each column in a card")),
        "reverse": Bool(label=_("On a phone the last column first")),
    },
)


def _element(name: str, *, label: Words, text: Words, icon: str, order: int, **more: Any) -> BlockType:
    return BlockType(
        type=f"element_{name}",
        label=label,
        text=text,
        icon=icon,
        order=1000 + order,
        surfaces=PAGE,
        place=ELEMENT,
        **more,
    )


ELEMENTS = (
    _element(
        "heading",
        label=_("Heading"),
        text=_("A line that says what comes next."),
        icon="heading",
        order=10,
        heading="heading",
        example=lambda: {"heading": gettext("A new thought")},
        fields={
            "heading": Text(label=_("Heading"), limit=200),
            "size": Choice(label=_("Size"), choices=(("large", _("Large")), ("small", _("Small")))),
            "align": _align(),
        },
    ),
    _element(
        "text",
        label=_("Text"),
        text=_("Paragraphs, lists and links."),
        icon="file-text",
        order=20,
        example=lambda: {"text": gettext("<p>Write as you would to one person.</p>")},
        fields={
            "text": RichText(label=_("Text"), limit=8000),
            "size": Choice(
                label=_("Size"), choices=(("normal", _("Normal")), ("large", _("Large")), ("small", _("Small")))
            ),
            "align": _align(),
        },
    ),
    _element(
        "image",
        label=_("Picture"),
        text=_("A picture with an optional line below."),
        icon="image",
        order=30,
        example=lambda: {"image": {"picture": "hills"}},
        fields={
            "image": Image(label=_("Picture")),
            "caption": Text(label=_("Line below"), limit=200),
            "link": Link(label=_("Leads to")),
            "shape": Choice(
                label=_("Shape"),
                choices=(
                    ("natural", _("As it is")),
                    ("landscape", _("Wide")),
                    ("square", _("Square")),
                    ("round", _("Round, small")),
                ),
            ),
        },
    ),
    _element(
        "button",
        label=_("Button"),
        text=_("Leads to a page, a section or a checkout."),
        icon="mouse-pointer-click",
        order=40,
        example=lambda: {"button": gettext("Start here"), "link": "#form"},
        fields={
            "button": Text(label=_("Button text"), limit=60),
            "offer": Reference(label=_("Sells"), to="offer", help=_("The button leads to its checkout.")),
            "link": Link(label=_("Button goes to"), help=_("Only where nothing is chosen under “Sells”.")),
            "look": Choice(label=_("Look"), choices=(("full", _("Filled")), ("quiet", _("Outlined")))),
            "align": _align(),
        },
    ),
    _element(
        "video",
        label=_("Film"),
        text=_("Your own file, or YouTube or Vimeo, which load only when a visitor asks."),
        icon="video",
        order=50,
        fields={
            "video": Player(label=_("Address of the film"), help=_("YouTube, Vimeo, or a file (.mp4, .webm).")),
            "title": Text(label=_("What the film is called"), limit=120),
            "poster": Image(label=_("Picture before it plays")),
            "captions": Link(label=_("Subtitles"), help=_("Path of a .vtt file, for a film of your own.")),
            "caption": Text(label=_("Line below"), limit=200),
        },
    ),
    _element(
        "list",
        label=_("List"),
        text=_("Short points, with ticks or without."),
        icon="list",
        order=60,
        example=lambda: {"lines": gettext("One thing\nAnother thing\nAnd one more")},
        fields={
            "lines": LongText(label=_("One a line"), limit=2000, rows=5),
            "look": Choice(
                label=_("Look"), choices=(("ticks", _("Ticks")), ("dots", _("Dots")), ("plain", _("Lines between")))
            ),
        },
    ),
    _element(
        "quote",
        label=_("Quote"),
        text=_("What somebody said."),
        icon="quote",
        order=70,
        example=lambda: {"quote": gettext("Replace this with the words of somebody who was glad.")},
        fields={
            "quote": LongText(label=_("Quote"), limit=600, rows=3),
            "name": Text(label=_("Name"), limit=120),
        },
    ),
    _element("divider", label=_("Divider"), text=_("A thin line."), icon="minus", order=80, fields={}),
    _element(
        "spacer",
        label=_("Space"),
        text=_("Some air between two things."),
        icon="move-vertical",
        order=90,
        fields={
            "size": Choice(
                label=_("Height"), choices=(("middle", _("Middle")), ("small", _("Little")), ("large", _("Much")))
            )
        },
    ),
    _element(
        "embed",
        label=_("Embed"),
        text=_("Another site in a frame, such as a map or a calendar; it loads only when a visitor asks."),
        icon="external-link",
        order=100,
        fields={
            "url": Embed(label=_("Address")),
            "title": Text(label=_("What it is"), limit=120, help=_("Read out to those who can’t see it.")),
            "poster": Image(label=_("Picture before it loads")),
            "caption": Text(label=_("Line below"), limit=200),
            "shape": Choice(
                label=_("Shape"), choices=(("wide", _("Wide")), ("square", _("Square")), ("tall", _("Tall")))
            ),
        },
    ),
)

ALL = (FREE, ROW, *ELEMENTS)
