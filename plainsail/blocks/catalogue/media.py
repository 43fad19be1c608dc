"""What a page shows: pictures and films."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.catalogue.common import BOTH, PAGE, ground, heading, layouts, lead
from plainsail.blocks.schema import Choice, Image, Items, Link, Player, Text
from plainsail.blocks.sockets import BlockType


def _gallery() -> dict[str, Any]:
    shown = (
        ("bowls", gettext("The autumn glazes, fresh from the kiln")),
        ("plant", gettext("The window in the workshop")),
        ("cup", gettext("First tea of the day")),
        ("hills", gettext("The walk before breakfast")),
        ("notebook", gettext("Where every plan begins")),
    )
    return {
        "heading": gettext("A look around"),
        "items": [{"image": {"picture": picture, "alt": caption}, "caption": caption} for picture, caption in shown],
    }


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
        "layout": Choice(
            label=_("Layout"),
            choices=(("normal", _("Within the text")), ("wide", _("Wide")), ("full", _("From edge to edge"))),
        ),
    },
)

GALLERY = BlockType(
    type="gallery",
    label=_("Gallery"),
    text=_("Several pictures, side by side or as a strip."),
    icon="layers",
    order=92,
    surfaces=PAGE,
    heading="heading",
    example=_gallery,
    fields={
        "heading": heading(),
        "text": lead(),
        "items": Items(
            label=_("Pictures"),
            noun=_("picture"),
            most=30,
            fields={
                "image": Image(label=_("Picture")),
                "caption": Text(label=_("Line below"), limit=200),
                "link": Link(label=_("Leads to")),
            },
        ),
        "layout": layouts(
            ("grid", _("Grid")),
            ("mosaic", _("Mosaic, some large")),
            ("columns", _("Columns, each in its own shape")),
            ("strip", _("Strip to scroll")),
        ),
        "ground": ground(),
    },
)

VIDEO = BlockType(
    type="video",
    label=_("Film"),
    text=_("Your own file, or YouTube or Vimeo, which load only when a visitor asks."),
    icon="video",
    order=94,
    surfaces=PAGE,
    heading="heading",
    example=lambda: {
        "heading": gettext("See how it works, in two minutes"),
        "text": gettext("Say what people will see, and why it is worth their two minutes."),
        "poster": {"picture": "hills"},
    },
    fields={
        "heading": heading(),
        "text": lead(),
        "video": Player(label=_("Address of the film"), help=_("YouTube, Vimeo, or a file (.mp4, .webm).")),
        "title": Text(label=_("What the film is called"), limit=120, help=_("Read out to those who can’t see it.")),
        "poster": Image(label=_("Picture before it plays"), help=_("One of your own: nothing is fetched from others.")),
        "captions": Link(label=_("Subtitles"), help=_("Path of a .vtt file, for a film of your own.")),
        "caption": Text(label=_("Line below"), limit=200),
        "layout": layouts(
            ("wide", _("Large, centred")), ("beside", _("Text beside the film")), ("card", _("In a card"))
        ),
        "ground": ground(),
    },
)

ALL = (IMAGE, GALLERY, VIDEO)
