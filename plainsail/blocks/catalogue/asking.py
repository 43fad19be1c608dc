"""What visitors are asked, and how they ask: forms, contact."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.catalogue.common import PAGE, ground
from plainsail.blocks.schema import Choice, Link, LongText, Reference, Text
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

CONTACT = BlockType(
    type="contact",
    label=_("Contact"),
    text=_("How to reach you: mail, telephone, address, hours. No map, no third party."),
    icon="at-sign",
    order=56,
    surfaces=PAGE,
    heading="heading",
    example=lambda: {
        "heading": gettext("Come and see us"),
        "text": gettext("Say how people best reach you, and how soon you answer."),
        "email": "hello@example.com",
        "address": gettext("Street 1\n12345 Town"),
        "hours": gettext("Monday to Friday, 9 to 17"),
    },
    fields={
        "heading": Text(label=_("Heading"), limit=160),
        "text": LongText(label=_("Text below the heading"), limit=600, rows=2),
        "email": Text(label=_("E-mail"), limit=200),
        "phone": Text(label=_("Telephone"), limit=40),
        "address": LongText(label=_("Address"), limit=300, rows=3),
        "hours": LongText(label=_("Opening hours"), limit=400, rows=3),
        "button": Text(label=_("Button text"), limit=60),
        "link": Link(label=_("Button goes to")),
        "layout": Choice(
            label=_("Layout"),
            choices=(("cards", _("Cards")), ("split", _("Text beside the details")), ("plain", _("Centred"))),
        ),
        "ground": ground(),
    },
)

ALL = (FORM, CONTACT)
