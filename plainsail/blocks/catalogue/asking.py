"""What visitors are asked: forms."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.catalogue.common import PAGE
from plainsail.blocks.schema import Choice, LongText, Reference, Text
from plainsail.blocks.sockets import BlockType


def _form() -> dict[str, Any]:
    return {
        "heading": gettext("Stay in touch"),
        "text": gettext("Say what they will get, and how often."),
        "button": gettext("Sign me up"),
        "note": gettext("No spam. Unsubscribe with one click."),
    }


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

ALL = (FORM,)
