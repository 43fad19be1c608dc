"""What the sections share: where they may stand, their grounds, and how things line up."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from plainsail.blocks.schema import Choice, Colour, LongText, Text, Words
from plainsail.blocks.sockets import Surface

PAGE: frozenset[Surface] = frozenset({"page"})
MAIL: frozenset[Surface] = frozenset({"mail"})
BOTH: frozenset[Surface] = PAGE | MAIL

GROUNDS = (("paper", _("Paper")), ("tint", _("Tinted")), ("deep", _("Deep")))

ALIGNMENTS = (("start", _("Left")), ("centre", _("Centre")))


def ground(default: str = "paper") -> Colour:
    return Colour(label=_("Background"), choices=GROUNDS, default=default)


def heading() -> Text:
    return Text(label=_("Heading"), limit=160)


def lead() -> LongText:
    return LongText(label=_("Text below the heading"), limit=600, rows=2)


def layouts(*choices: tuple[str, Words]) -> Choice:
    return Choice(label=_("Layout"), choices=choices)
