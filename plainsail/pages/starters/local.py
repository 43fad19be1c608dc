"""Pages that bring people in: a restaurant, a coach."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.pages.starters.base import Business, Sections, Starter, footer, form, picture


def _restaurant(business: Business, form_id: UUID | None) -> Sections:
    return [
        (
            "hero",
            {
                "eyebrow": _("Open from Wednesday to Sunday"),
                "heading": _("A small kitchen with one long menu: today’s"),
                "text": _(
                    "Five dishes, written in the morning, gone in the evening. Vegetables from the other side of the "
                    "river."
                ),
                "button": _("Reserve a table"),
                "link": "#contact",
                "second": _("See the menu"),
                "second_link": "#timeline",
                "image": picture("cup"),
                "layout": "below",
            },
        ),
        (
            "timeline",
            {
                "heading": _("This week"),
                "text": _("It changes when the market does. Tell us what you don’t eat, and we cook around it."),
                "items": [
                    {
                        "when": "€9",
                        "title": _("Beetroot, horseradish, rye"),
                        "text": _("Cold, with a warm slice of bread."),
                    },
                    {
                        "when": "€11",
                        "title": _("White beans, lemon, green oil"),
                        "text": _("From the oven since noon."),
                    },
                    {
                        "when": "€19",
                        "title": _("Trout from the mill pond"),
                        "text": _("In butter, with the potatoes that everybody asks about."),
                    },
                    {"when": "€17", "title": _("Mushroom dumplings"), "text": _("Broth of roasted onions.")},
                    {"when": "€8", "title": _("Plum cake"), "text": _("Until it is gone, which is early.")},
                ],
                "layout": "table",
            },
        ),
        (
            "image",
            {
                "image": picture("hills", _("The hills across the river in the morning")),
                "caption": _("The garden is across the river."),
                "layout": "wide",
            },
        ),
        (
            "testimonials",
            {
                "heading": "",
                "items": [
                    {
                        "quote": _("We came for soup and stayed until they put up the chairs."),
                        "name": _("Guest book, page 112"),
                        "role": "",
                    }
                ],
                "layout": "large",
                "ground": "tint",
            },
        ),
        (
            "contact",
            {
                "heading": _("A table for you"),
                "text": _("By phone from three o’clock. For more than six, write two days before."),
                "phone": "+49 30 5557 0120",
                "email": "table@example.com",
                "address": business.address or _("River Street 3\n10115 Berlin"),
                "hours": _("Wednesday to Friday, 17 to 23\nSaturday and Sunday, 12 to 23"),
                "button": _("Call us"),
                "link": "tel:+493055570120",
                "layout": "cards",
            },
        ),
        form(
            form_id,
            heading=_("Next week’s menu on Tuesdays"),
            text=_("One mail with five lines in it. Whoever reads it gets the corner table, sometimes."),
            button=_("Send me the menu"),
            layout="centred",
        ),
        footer(business),
    ]


def _coach(business: Business, form_id: UUID | None) -> Sections:
    return [
        (
            "hero",
            {
                "eyebrow": _("Coaching for people who lead for the first time"),
                "heading": _("From good colleague to good boss, without becoming somebody else"),
                "text": _(
                    "Six conversations over three months. About the talk you put off, the meeting that goes wrong, "
                    "and the friend who reports to you now."
                ),
                "button": _("Talk for half an hour, free"),
                "link": "#form",
                "note": _("No sales talk. If I am not the right one, I say who is."),
                "image": picture("portrait"),
                "layout": "beside",
            },
        ),
        (
            "features",
            {
                "heading": _("What people come with"),
                "items": [
                    {
                        "icon": "message-square",
                        "title": _("“I have to criticise somebody I like.”"),
                        "text": _("We write the first two sentences together. The rest comes by itself."),
                    },
                    {
                        "icon": "clock",
                        "title": _("“I do my old job at night.”"),
                        "text": _("You learn to hand over the second half as well."),
                    },
                    {
                        "icon": "users",
                        "title": _("“They talk when I come in.”"),
                        "text": _("That is normal, and it ends, if you do one thing in the first month."),
                    },
                ],
                "layout": "cards",
                "ground": "tint",
            },
        ),
        (
            "letter",
            {
                "heading": _("Why me"),
                "text": _(
                    "<p>I led my first team at twenty-six and did it badly for two years. Then somebody asked me one "
                    "question a month, and it got better. I have done the asking since 2014, with some three hundred "
                    "people, in workshops, hospitals and town halls.</p><p>I don’t give tests, and I don’t sort "
                    "people into colours. We talk about what happens on Monday.</p>"
                ),
                "image": picture("portrait"),
                "name": _("Ruth Calder"),
                "role": _("Coach, trained in Glasgow and Bern"),
                "layout": "plain",
            },
        ),
        (
            "pricing",
            {
                "heading": _("What it costs"),
                "items": [
                    {
                        "name": _("One conversation"),
                        "price": "€160",
                        "per": _("90 minutes"),
                        "points": _("For one question\nNotes afterwards\nBy video or here"),
                        "button": _("Ask for a date"),
                        "link": "#form",
                    },
                    {
                        "name": _("Three months"),
                        "price": "€840",
                        "per": _("six conversations"),
                        "points": _(
                            "A beginning, a middle, an end\nShort questions by mail between\nInvoice to your employer, if you "
                            "like"
                        ),
                        "button": _("Begin"),
                        "link": "#form",
                        "featured": True,
                        "badge": _("Most chosen"),
                    },
                ],
                "layout": "cards",
            },
        ),
        (
            "testimonials",
            {
                "heading": _("Afterwards"),
                "items": [
                    {
                        "quote": _("I had the talk. It took eleven minutes. I had dreaded it for a year."),
                        "name": _("Head of a ward"),
                        "role": _("Hospital, 24 people"),
                    },
                    {
                        "quote": _("My team noticed before I told them that I had a coach."),
                        "name": _("Master joiner"),
                        "role": _("Workshop, 9 people"),
                    },
                ],
                "layout": "cards",
                "ground": "tint",
            },
        ),
        form(
            form_id,
            heading=_("Half an hour, free"),
            text=_("Leave your address, and I write you three dates within a day."),
            button=_("Write to me"),
            layout="beside",
        ),
        (
            "questions",
            {
                "heading": _("Before you write"),
                "items": [
                    {
                        "question": _("Does my employer learn what we talk about?"),
                        "answer": _(
                            "<p>No. They see an invoice with a date on it, if they pay it, and nothing else.</p>"
                        ),
                    },
                    {
                        "question": _("What if it doesn’t help?"),
                        "answer": _(
                            "<p>After the second conversation we both say so honestly. If it doesn’t, we stop, and you pay "
                            "for two.</p>"
                        ),
                    },
                ],
                "layout": "narrow",
            },
        ),
        footer(business),
    ]


LOCAL = (
    Starter(
        key="restaurant",
        purpose="local",
        label=gettext_lazy("Restaurant"),
        text=gettext_lazy("Today’s menu, a table by phone, and next week’s menu by mail."),
        words=gettext_lazy("restaurant café menu food table reservation"),
        theme={"name": "linen"},
        slug="kitchen",
        has_form=True,
        sections=_restaurant,
        title=lambda business: business.name,
        description=lambda business: _("Five dishes, written in the morning. Open from Wednesday to Sunday."),
    ),
    Starter(
        key="coach",
        purpose="local",
        label=gettext_lazy("Coach"),
        text=gettext_lazy("What people come with, why you, what it costs, and a first talk."),
        words=gettext_lazy("coach consultant therapist advice talk"),
        theme={"name": "lagoon"},
        slug="coaching",
        has_form=True,
        sections=_coach,
        title=lambda business: _("Coaching for new leaders"),
        description=lambda business: _("Six conversations over three months for people who lead for the first time."),
    ),
)
