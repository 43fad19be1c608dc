"""Pages about what it costs: the last word before the checkout, and a membership."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.pages.starters.base import Business, Sections, Starter, footer, form, picture


def _before_checkout(business: Business, form_id: UUID | None) -> Sections:
    return [
        (
            "hero",
            {
                "eyebrow": _("One step left"),
                "heading": _("Your place in the spring course"),
                "text": _("Saturday and Sunday, 10 to 16, with lunch. Six people, one teacher, four finished pieces."),
                "button": _("Go to the checkout"),
                "link": "#checkout",
                "note": _("Takes two minutes. You get a mail at once."),
                "image": picture("bowls"),
                "layout": "beside",
            },
        ),
        (
            "steps",
            {
                "heading": _("What happens next"),
                "items": [
                    {"title": _("You pay"), "text": _("By card, or by transfer with two weeks’ time.")},
                    {
                        "title": _("You get a mail"),
                        "text": _("With the invoice, the way here, and what to bring (nothing)."),
                    },
                    {"title": _("You come"), "text": _("The kettle is on from half past nine.")},
                ],
                "layout": "row",
                "ground": "tint",
            },
        ),
        (
            "checkout",
            {
                "heading": _("Full weekend, for one"),
                "text": _("Clay, tools, glazing, firing, lunch and postage are in the price."),
                "price": "€175",
                "button": _("Pay and reserve"),
                "link": "#questions",
                "note": _("Full refund up to a week before."),
                "layout": "bar",
            },
        ),
        (
            "questions",
            {
                "heading": _("Before you pay"),
                "items": [
                    {
                        "question": _("Can I move to another weekend?"),
                        "answer": _("<p>Yes, free of charge, up to three days before. Write us one line.</p>"),
                    },
                    {
                        "question": _("Is it a present?"),
                        "answer": _("<p>Then write the name in the note. We send a card with a drawing of a bowl.</p>"),
                    },
                ],
                "layout": "narrow",
            },
        ),
        footer(business),
    ]


def _membership(business: Business, form_id: UUID | None) -> Sections:
    return [
        (
            "hero",
            {
                "eyebrow": _("Membership"),
                "heading": _("A studio of your own, with a key"),
                "text": _(
                    "Wheels, kilns and good company, whenever you have two hours. Stay for a month or for years."
                ),
                "button": _("See the prices"),
                "link": "#pricing",
                "image": picture("bowls"),
                "layout": "beside",
            },
        ),
        (
            "pricing",
            {
                "heading": _("Three ways to belong"),
                "text": _("Every membership ends at the end of the month in which you say so. Two clicks, no letter."),
                "items": [
                    {
                        "name": _("Evenings"),
                        "price": "€45",
                        "per": _("a month"),
                        "points": _("Mondays to Thursdays, 17 to 22\nOne shelf\nTwo firings a month"),
                        "button": _("Take evenings"),
                        "link": "#form",
                    },
                    {
                        "name": _("Always"),
                        "price": "€79",
                        "per": _("a month"),
                        "points": _(
                            "Every day, 6 to 23\nA key of your own\nTwo shelves, four firings\nOpen Friday with the others"
                        ),
                        "button": _("Take always"),
                        "link": "#form",
                        "badge": _("Most chosen"),
                        "featured": True,
                    },
                    {
                        "name": _("Together"),
                        "price": "€129",
                        "per": _("a month, two people"),
                        "points": _("Two keys\nThree shelves, eight firings\nBring a guest once a month"),
                        "button": _("Take together"),
                        "link": "#form",
                    },
                ],
                "layout": "cards",
            },
        ),
        (
            "comparison",
            {
                "heading": _("What is in each"),
                "columns": [
                    {"name": _("Evenings"), "note": "€45", "button": "", "link": ""},
                    {"name": _("Always"), "note": "€79", "button": "", "link": "", "featured": True},
                    {"name": _("Together"), "note": "€129", "button": "", "link": ""},
                ],
                "rows": [
                    {"label": _("Hours"), "cells": _("17 to 22\n6 to 23\n6 to 23")},
                    {"label": _("Firings a month"), "cells": "2\n4\n8"},
                    {"label": _("Own key"), "cells": _("no\nyes\nyes")},
                    {
                        "label": _("Help from a teacher"),
                        "cells": _("Mondays\nMondays and Fridays\nMondays and Fridays"),
                    },
                ],
                "layout": "card",
                "ground": "tint",
            },
        ),
        (
            "promise",
            {
                "icon": "calendar",
                "heading": _("A month is a month"),
                "text": _(
                    "No notice period, no year in small print. You see when it ends, and what you paid for stays "
                    "yours until then."
                ),
                "note": "",
                "layout": "plain",
            },
        ),
        form(
            form_id,
            heading=_("Come and look first"),
            text=_("Every first Friday from 17 to 19. We write you the next date, and what is in the kiln."),
            button=_("Tell me the date"),
            layout="beside",
        ),
        (
            "questions",
            {
                "heading": _("Good to know"),
                "items": [
                    {
                        "question": _("I have never done this."),
                        "answer": _(
                            "<p>Then take the weekend course first. Members help each other, but nobody teaches you the wheel "
                            "from scratch.</p>"
                        ),
                    },
                    {
                        "question": _("What do clay and glaze cost?"),
                        "answer": _("<p>A bag of ten kilos is €14. Glazes of the house are free, within reason.</p>"),
                    },
                ],
                "layout": "split",
            },
        ),
        footer(business),
    ]


PRICES = (
    Starter(
        key="before-checkout",
        purpose="sell",
        label=gettext_lazy("Before the checkout"),
        text=gettext_lazy("The last page before paying: what they get, what happens next, and two fears answered."),
        words=gettext_lazy("checkout order pay intro reservation"),
        theme={"name": "juniper"},
        slug="reserve",
        has_form=False,
        sections=_before_checkout,
        title=lambda business: _("Your place in the spring course"),
        description=lambda business: _("What is in the price, what happens next, and the way to the checkout."),
        is_alone=True,
    ),
    Starter(
        key="membership",
        purpose="sell",
        label=gettext_lazy("Prices of a membership"),
        text=gettext_lazy("Three plans side by side, compared line by line, with an end that is easy to find."),
        words=gettext_lazy("pricing plans subscription membership compare"),
        theme={"name": "meadow"},
        slug="membership",
        has_form=True,
        sections=_membership,
        title=lambda business: _("Membership"),
        description=lambda business: _("Evenings, always or together: three ways to belong to the studio."),
    ),
)
