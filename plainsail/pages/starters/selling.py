"""Pages that sell: a course at length, a launch by letter, a book."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.pages.starters.base import Business, Sections, Starter, footer, form, picture


def _course(business: Business, form_id: UUID | None) -> Sections:
    return [
        (
            "hero",
            {
                "eyebrow": _("Online course, six weeks, at your own pace"),
                "heading": _("Take photographs of your food that make people hungry"),
                "text": _(
                    "With the window you have, the phone you own, and a plate. No studio, no flash, no expensive lens."
                ),
                "button": _("Join the course"),
                "link": "#pricing",
                "second": _("See the lessons"),
                "second_link": "#curriculum",
                "note": _("Thirty days to change your mind."),
                "image": picture("cup"),
                "layout": "beside",
            },
        ),
        (
            "numbers",
            {
                "heading": "",
                "items": [
                    {"value": "24", "label": _("short lessons"), "text": _("Eight to twelve minutes each.")},
                    {"value": "6", "label": _("plates to shoot"), "text": _("From toast to a full table.")},
                    {"value": "1:1", "label": _("notes on your work"), "text": _("On two of your pictures.")},
                ],
                "layout": "row",
                "ground": "tint",
            },
        ),
        (
            "audience",
            {
                "heading": _("Is it for you?"),
                "yes_title": _("Yes, if you"),
                "yes": _(
                    "cook or bake for others and want to show it\nsell at a market, in a café or from home\nhave "
                    "tried, and wonder why it looks grey"
                ),
                "no_title": _("Rather not, if you"),
                "no": _("shoot for advertising already\nlook for a course about cameras\nwant to learn retouching"),
                "layout": "cards",
            },
        ),
        (
            "curriculum",
            {
                "heading": _("Week by week"),
                "text": _("Each week ends with one plate that you photograph and may show us."),
                "items": [
                    {
                        "when": _("Week 1"),
                        "title": _("Light from one side"),
                        "lessons": _(
                            "Finding the good window\nThe white sheet that changes everything\nMorning, noon, evening"
                        ),
                    },
                    {
                        "when": _("Week 2"),
                        "title": _("Where to stand"),
                        "lessons": _(
                            "Three angles, and which food wants which\nHow close is too close\nThe table as a stage"
                        ),
                    },
                    {
                        "when": _("Week 3"),
                        "title": _("Colour and plates"),
                        "lessons": _("What a plate does to a soup\nTwo colours are enough\nCloth, wood, stone"),
                    },
                    {
                        "when": _("Week 4"),
                        "title": _("Hands, steam, crumbs"),
                        "lessons": _("Life on the table\nCatching steam\nA mess that looks meant"),
                    },
                    {
                        "when": _("Week 5"),
                        "title": _("Five minutes of editing"),
                        "lessons": _("White that is white\nShadows that stay\nThe same look every time"),
                    },
                    {
                        "when": _("Week 6"),
                        "title": _("Your series"),
                        "lessons": _(
                            "Nine pictures that belong together\nA menu, a page, a market stall\nNotes on your work"
                        ),
                    },
                ],
                "layout": "rows",
            },
        ),
        (
            "testimonials",
            {
                "heading": _("From last spring’s group"),
                "items": [
                    {
                        "quote": _("My sourdough sells out at ten now. It is the same bread."),
                        "name": _("Ilka B."),
                        "role": _("Bakes for a weekly market"),
                    },
                    {
                        "quote": _("The sheet of paper in week one was worth the price by itself."),
                        "name": _("Tomás R."),
                        "role": _("Runs a lunch café"),
                    },
                    {
                        "quote": _("I stopped buying props. That alone paid for it."),
                        "name": _("Wanda K."),
                        "role": _("Writes about soup"),
                    },
                ],
                "layout": "wall",
                "ground": "tint",
            },
        ),
        (
            "pricing",
            {
                "heading": _("Choose how you learn"),
                "items": [
                    {
                        "name": _("By yourself"),
                        "price": "€129",
                        "per": _("once"),
                        "points": _("All 24 lessons\nWorkbook to print\nAccess for good"),
                        "button": _("Join"),
                        "link": "#form",
                    },
                    {
                        "name": _("With notes"),
                        "price": "€219",
                        "per": _("once"),
                        "points": _(
                            "Everything beside this\nNotes on two of your pictures\nFour evenings of questions"
                        ),
                        "button": _("Join with notes"),
                        "link": "#form",
                        "badge": _("Most chosen"),
                        "featured": True,
                    },
                ],
                "layout": "cards",
            },
        ),
        (
            "promise",
            {
                "icon": "shield-check",
                "heading": _("Thirty days to change your mind"),
                "text": _("Watch it all. If your pictures aren’t better, write one line and you get everything back."),
                "note": "",
                "layout": "card",
            },
        ),
        form(
            form_id,
            heading=_("Not now? Take the first lesson along"),
            text=_("“Light from one side”, eleven minutes, free. Then a letter whenever a new group begins."),
            button=_("Send me the lesson"),
            layout="beside",
        ),
        (
            "questions",
            {
                "heading": _("Asked before you"),
                "items": [
                    {
                        "question": _("Do I need a real camera?"),
                        "answer": _("<p>No. Half of the group works with a phone, and you can’t tell which half.</p>"),
                    },
                    {
                        "question": _("How much time does it take?"),
                        "answer": _(
                            "<p>About an hour and a half a week, and a plate that you would have cooked anyway.</p>"
                        ),
                    },
                    {
                        "question": _("How long can I watch?"),
                        "answer": _("<p>As long as this site is there. You may also download every lesson.</p>"),
                    },
                ],
                "layout": "split",
            },
        ),
        footer(business),
    ]


def _launch(business: Business, form_id: UUID | None) -> Sections:
    return [
        (
            "banner",
            {
                "text": _("The doors open on Monday at nine and close on Friday evening."),
                "button": "",
                "link": "",
                "icon": "calendar",
                "layout": "bar",
            },
        ),
        (
            "letter",
            {
                "heading": _("I am opening twelve places, and this is why only twelve"),
                "text": _(
                    "<p>Last year I answered every question of every person in the programme myself. It was the best "
                    "part of the work, and it is the reason people got through to the end.</p>"
                    "<p>So I do it again, with twelve people, for eight weeks. We take one thing that you have put "
                    "off for too long, the book, the move, the shop, and we finish it. Not plan it. <strong>Finish "
                    "it.</strong></p>"
                    "<p>There is no webinar before this and no countdown that starts anew when you come back. There "
                    "is a letter on Monday with a link in it. Whoever is on the list gets it first.</p>"
                ),
                "image": picture("portrait"),
                "name": _("Ada, who will read your pages"),
                "role": business.name,
                "layout": "paper",
            },
        ),
        (
            "steps",
            {
                "heading": _("How the eight weeks go"),
                "items": [
                    {
                        "title": _("Week 1: choose"),
                        "text": _("One hour between the two of us. We pick the one thing and what “done” means."),
                    },
                    {
                        "title": _("Weeks 2 to 7: work"),
                        "text": _("You send pages on Thursdays. On Fridays they come back with notes, every time."),
                    },
                    {
                        "title": _("Week 8: let go"),
                        "text": _("You publish, open, send or sign. The others are there when you do."),
                    },
                ],
                "layout": "row",
                "ground": "tint",
            },
        ),
        (
            "timeline",
            {
                "heading": _("The days to know"),
                "items": [
                    {
                        "when": _("Until Sunday"),
                        "title": _("The list"),
                        "text": _("Write your address below. That is all."),
                    },
                    {
                        "when": _("Monday, 9:00"),
                        "title": _("The letter"),
                        "text": _("What it costs, what is in it, and the link to a place."),
                    },
                    {
                        "when": _("Friday, 20:00"),
                        "title": _("Closed"),
                        "text": _("Or earlier, when the twelve are there."),
                    },
                ],
                "layout": "line",
            },
        ),
        (
            "quote",
            {
                "quote": _(
                    "I had carried that book for four years. It went to the printer in week eight, and I cried in the "
                    "shop."
                ),
                "name": _("Jonna E."),
                "role": _("First group"),
                "layout": "centre",
                "ground": "deep",
            },
        ),
        form(
            form_id,
            heading=_("Get Monday’s letter"),
            text=_(
                "One letter on Monday and one on Thursday. After that you hear from me once a month, or never "
                "again: one click."
            ),
            button=_("Put me on the list"),
            layout="centred",
        ),
        footer(business),
    ]


def _book(business: Business, form_id: UUID | None) -> Sections:
    return [
        (
            "product",
            {
                "image": picture("notebook"),
                "badge": _("New"),
                "heading": _("The Quiet Inbox"),
                "text": _(
                    "<p>A small book for people who answer mail for a living and would like to do something else as "
                    "well. 120 pages, no theory, forty letters to copy.</p>"
                ),
                "points": _(
                    "As a book (EPUB) and to print (PDF)\nForty letters that you may use word for word\nFree "
                    "corrections, for good"
                ),
                "price": "€19",
                "per": _("once"),
                "button": _("Buy the book"),
                "link": "#checkout",
                "note": _("At once by mail. Fourteen days to give it back."),
                "layout": "beside",
            },
        ),
        (
            "features",
            {
                "heading": _("What is in it"),
                "items": [
                    {"icon": "mail", "title": _("Saying no"), "text": _("Eleven refusals that people thank you for.")},
                    {"icon": "clock", "title": _("Twice a day"), "text": _("How to tell everybody, and keep to it.")},
                    {
                        "icon": "users",
                        "title": _("For teams"),
                        "text": _("One address, three people, no double answers."),
                    },
                    {"icon": "moon", "title": _("Evenings"), "text": _("The one setting that gives them back.")},
                ],
                "layout": "tiles",
                "ground": "tint",
            },
        ),
        (
            "text",
            {
                "text": _(
                    "<h2>From page 9</h2><blockquote><p>An inbox is a list of other people’s wishes in the order in "
                    "which they woke up. Nobody would plan a day like that. So don’t.</p></blockquote>"
                    "<p>Take a sheet of paper before you open it, and write down the one thing that would make today "
                    "a good day. Then open it, twenty minutes, and close it again.</p>"
                ),
                "layout": "narrow",
            },
        ),
        (
            "testimonials",
            {
                "heading": "",
                "items": [
                    {
                        "quote": _("I copied page 31 into one mail and got my Fridays back."),
                        "name": _("Mette S."),
                        "role": _("Vet with a practice of her own"),
                    }
                ],
                "layout": "large",
            },
        ),
        (
            "checkout",
            {
                "heading": _("The Quiet Inbox, as EPUB and PDF"),
                "text": _(
                    "Pay by card or transfer. The book is in your inbox a minute later, for once something good."
                ),
                "price": "€19",
                "button": _("Buy the book"),
                "link": "#form",
                "note": _("Price with tax. Invoice comes along."),
                "layout": "centre",
            },
        ),
        form(
            form_id,
            heading=_("Or read a chapter first"),
            text=_("“Saying no”, eighteen pages, free."),
            button=_("Send me the chapter"),
            layout="plain",
        ),
        footer(business),
    ]


SELLING = (
    Starter(
        key="course",
        purpose="sell",
        label=gettext_lazy("Online course"),
        text=gettext_lazy("A sales page at length: who it is for, lesson by lesson, prices, and a way back."),
        words=gettext_lazy("course lessons learn teach programme class"),
        theme={"name": "linen"},
        slug="photography-course",
        has_form=True,
        sections=_course,
        title=lambda business: _("Food photography course"),
        description=lambda business: _("Six weeks, 24 short lessons: photograph your food by the window you have."),
    ),
    Starter(
        key="launch",
        purpose="sell",
        label=gettext_lazy("Launch by letter"),
        text=gettext_lazy(
            "Twelve places, open for a week: a personal letter, the days to know, and a list. No webinar."
        ),
        words=gettext_lazy("launch list waiting open cart cohort"),
        theme={"name": "fig"},
        slug="twelve-places",
        has_form=True,
        sections=_launch,
        title=lambda business: _("Twelve places"),
        description=lambda business: _("Eight weeks, twelve people, one thing finished. The doors open on Monday."),
        is_alone=True,
    ),
    Starter(
        key="book",
        purpose="sell",
        label=gettext_lazy("Book or download"),
        text=gettext_lazy("One product: what is in it, a page to read, a price, and a chapter for those who wait."),
        words=gettext_lazy("ebook download digital product pdf template"),
        theme={"name": "slate"},
        slug="book",
        has_form=True,
        sections=_book,
        title=lambda business: _("The Quiet Inbox"),
        description=lambda business: _(
            "A small book with forty letters to copy, for people who answer mail for a living."
        ),
    ),
)
