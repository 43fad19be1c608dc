"""Pages that bring people together: an event, a studio with a timetable."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.pages.starters.base import Business, Sections, Starter, footer, form, picture


def _event(business: Business, form_id: UUID | None) -> Sections:
    return [
        (
            "hero",
            {
                "eyebrow": _("Saturday, 12 September, from 10 to 22"),
                "heading": _("A day on which everything is made by hand"),
                "text": _(
                    "Forty makers, two ovens, one river. Look, try, eat, take home. Children under fourteen come free."
                ),
                "button": _("Get a ticket"),
                "link": "#pricing",
                "image": picture("sailboat"),
                "layout": "deep",
            },
        ),
        (
            "timeline",
            {
                "heading": _("The day"),
                "items": [
                    {
                        "when": "10:00",
                        "title": _("Doors, and the first bread"),
                        "text": _("From the oven in the yard. Bring butter, or buy some."),
                    },
                    {
                        "when": "11:30",
                        "title": _("Try it yourself"),
                        "text": _("Wheel, loom, letterpress, knife. Half an hour each."),
                    },
                    {
                        "when": "15:00",
                        "title": _("The kiln is opened"),
                        "text": _("Nobody knows what is in it. That is the point."),
                    },
                    {
                        "when": "19:00",
                        "title": _("The long table"),
                        "text": _("Eighty places, one pot, music from a cello."),
                    },
                ],
                "layout": "table",
                "ground": "tint",
            },
        ),
        (
            "team",
            {
                "heading": _("Among those who come"),
                "items": [
                    {"image": picture("portrait"), "name": _("Ilka Brandt"), "role": _("Bread"), "text": ""},
                    {"image": picture("portrait"), "name": _("Tomás Rey"), "role": _("Knives"), "text": ""},
                    {"image": picture("portrait"), "name": _("Nour Haddad"), "role": _("Letterpress"), "text": ""},
                    {"image": picture("portrait"), "name": _("Signe Holm"), "role": _("Looms"), "text": ""},
                ],
                "layout": "cards",
            },
        ),
        (
            "pricing",
            {
                "heading": _("Tickets"),
                "items": [
                    {
                        "name": _("The day"),
                        "price": "€12",
                        "per": _("per person"),
                        "points": _("In and out as you like\nTwo things to try"),
                        "button": _("Take a ticket"),
                        "link": "#form",
                    },
                    {
                        "name": _("Day and table"),
                        "price": "€39",
                        "per": _("per person"),
                        "points": _("Everything of the day\nA place at the long table\nOne glass to keep"),
                        "button": _("Take a place"),
                        "link": "#form",
                        "featured": True,
                        "badge": _("80 places"),
                    },
                ],
                "layout": "cards",
                "ground": "tint",
            },
        ),
        (
            "contact",
            {
                "heading": _("How to get here"),
                "text": _("The train every half hour until midnight. We would rather you came without a car."),
                "email": "fair@example.com",
                "address": business.address or _("The Old Dairy\nMill Lane 12"),
                "hours": _("12 September, 10 to 22"),
                "layout": "split",
            },
        ),
        form(
            form_id,
            heading=_("Remind me a week before"),
            text=_("One mail with the programme, and one if it rains."),
            button=_("Remind me"),
            layout="centred",
        ),
        footer(business),
    ]


def _studio(business: Business, form_id: UUID | None) -> Sections:
    return [
        (
            "hero",
            {
                "eyebrow": _("Yoga for people who sit"),
                "heading": _("An hour in which nobody wants anything from you"),
                "text": _(
                    "Small classes above the old printing works. Mats are here, tea is afterwards, nobody stands on "
                    "their head."
                ),
                "button": _("First class for €5"),
                "link": "#form",
                "image": picture("plant"),
                "layout": "beside",
            },
        ),
        (
            "comparison",
            {
                "heading": _("The week"),
                "columns": [
                    {"name": _("Morning"), "note": "7:30"},
                    {"name": _("Noon"), "note": "12:15"},
                    {"name": _("Evening"), "note": "18:30"},
                ],
                "rows": [
                    {"label": _("Monday"), "cells": _("Slow\n–\nStrong")},
                    {"label": _("Tuesday"), "cells": _("–\nBacks\nSlow")},
                    {"label": _("Wednesday"), "cells": _("Slow\n–\nBeginners")},
                    {"label": _("Thursday"), "cells": _("–\nBacks\nStrong")},
                    {"label": _("Friday"), "cells": _("Slow\n–\nSilence")},
                ],
                "layout": "card",
                "ground": "tint",
            },
        ),
        (
            "features",
            {
                "heading": _("Which one is yours"),
                "items": [
                    {"icon": "moon", "title": _("Slow"), "text": _("Long breath, few poses, a blanket at the end.")},
                    {
                        "icon": "life-buoy",
                        "title": _("Backs"),
                        "text": _("Forty minutes at noon, in what you are wearing."),
                    },
                    {"icon": "zap", "title": _("Strong"), "text": _("You will feel it tomorrow, and be glad.")},
                    {"icon": "star", "title": _("Beginners"), "text": _("Six Wednesdays, from the first breath on.")},
                ],
                "layout": "tiles",
            },
        ),
        (
            "pricing",
            {
                "heading": _("Come as often as it does you good"),
                "items": [
                    {
                        "name": _("One class"),
                        "price": "€14",
                        "per": "",
                        "points": _("No card, no sign-up\nPay at the door"),
                        "button": _("Come along"),
                        "link": "#form",
                    },
                    {
                        "name": _("Ten classes"),
                        "price": "€110",
                        "per": "",
                        "points": _("Never run out\nShare them with a friend"),
                        "button": _("Take ten"),
                        "link": "#form",
                        "featured": True,
                    },
                    {
                        "name": _("A month"),
                        "price": "€69",
                        "per": _("a month"),
                        "points": _("As often as you like\nEnds when you say so"),
                        "button": _("Take a month"),
                        "link": "#form",
                    },
                ],
                "layout": "cards",
                "ground": "tint",
            },
        ),
        form(
            form_id,
            heading=_("Your first class"),
            text=_("Leave your address. You get the way here, what to wear, and a place for €5."),
            button=_("Send me the way"),
            layout="beside",
        ),
        footer(business),
    ]


GATHERINGS = (
    Starter(
        key="event",
        purpose="local",
        label=gettext_lazy("Event"),
        text=gettext_lazy("The day hour by hour, who comes, tickets, and how to get there."),
        words=gettext_lazy("event fair conference festival workshop ticket"),
        theme={"name": "ember"},
        slug="fair",
        has_form=True,
        sections=_event,
        title=lambda business: _("Made by hand, the fair"),
        description=lambda business: _("Forty makers, two ovens, one river: Saturday, 12 September."),
    ),
    Starter(
        key="studio",
        purpose="local",
        label=gettext_lazy("Studio with a timetable"),
        text=gettext_lazy("The week at a glance, which class is whose, prices, and a first class."),
        words=gettext_lazy("yoga fitness studio timetable classes dance"),
        theme={"name": "meadow"},
        slug="classes",
        has_form=True,
        sections=_studio,
        title=lambda business: _("Classes"),
        description=lambda business: _("Small yoga classes for people who sit: morning, noon and evening."),
    ),
)
