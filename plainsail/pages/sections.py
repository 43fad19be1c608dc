"""The kinds of section that pages bring themselves."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.sockets import BlockType, Colour, LongText, Reference, Text


def _countdown() -> dict[str, Any]:
    return {"heading": gettext("Doors close soon"), "text": gettext("Say what is better for those who come in time.")}


COUNTDOWN = BlockType(
    type="countdown",
    label=_("Countdown"),
    text=_("How much time is left, for everybody or for each person."),
    icon="timer",
    order=95,
    surfaces=frozenset({"page", "mail"}),
    heading="heading",
    example=_countdown,
    fields={
        "heading": Text(label=_("Headline"), limit=160),
        "text": LongText(label=_("Text"), limit=600),
        "countdown": Reference(label=_("Countdown"), to="countdown", help=_("Made under Pages, Countdowns.")),
        "ground": Colour(
            label=_("Background"), choices=(("deep", _("Deep")), ("paper", _("Paper")), ("tint", _("Tinted")))
        ),
    },
)
