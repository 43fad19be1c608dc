"""Pages that tell who somebody is: about, contact, a portfolio, a podcast."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.pages.starters.base import Business, Sections, Starter, footer, form, picture


def _about(business: Business, form_id: UUID | None) -> Sections:
    return [
        (
            "hero",
            {
                "eyebrow": _("About us"),
                "heading": _("Four people, one kiln, and a long table"),
                "text": _(
                    "%(name)s began in a garage that was too cold in winter. It still is a small house, and we mean "
                    "to keep it so."
                )
                % {"name": business.name},
                "button": _("Come and visit"),
                "link": "#form",
                "image": picture("hills"),
                "layout": "below",
            },
        ),
        (
            "story",
            {
                "heading": "",
                "items": [
                    {
                        "image": picture("bowls"),
                        "title": _("Why we began"),
                        "text": _(
                            "<p>Because the cups we liked were either too dear or made by nobody in particular. We wanted "
                            "something between a factory and a museum.</p>"
                        ),
                    },
                    {
                        "image": picture("plant"),
                        "title": _("How we work"),
                        "text": _(
                            "<p>Clay from forty kilometres away, wood that would have been thrown out, and a week between "
                            "throwing and firing. Slow is not a pose: it cracks otherwise.</p>"
                        ),
                    },
                ],
                "layout": "alternate",
            },
        ),
        (
            "timeline",
            {
                "heading": _("Eleven years in five lines"),
                "items": [
                    {"when": "2015", "title": _("The garage"), "text": _("One wheel, one heater, one person.")},
                    {
                        "when": "2017",
                        "title": _("The first kiln"),
                        "text": _("Bought from a school that closed. It is called Gerda."),
                    },
                    {
                        "when": "2019",
                        "title": _("Courses"),
                        "text": _("Six places each weekend, and the table to eat at."),
                    },
                    {
                        "when": "2022",
                        "title": _("Four of us"),
                        "text": _("And a dog, who isn’t allowed near the glazes."),
                    },
                    {"when": "2026", "title": _("Here"), "text": _("The old dairy, with windows to the north.")},
                ],
                "layout": "line",
                "ground": "tint",
            },
        ),
        (
            "team",
            {
                "heading": _("Who you will meet"),
                "items": [
                    {
                        "image": picture("portrait"),
                        "name": _("Ada Lind"),
                        "role": _("Throws, teaches, answers the phone"),
                        "text": "",
                    },
                    {
                        "image": picture("portrait"),
                        "name": _("Ben Okafor"),
                        "role": _("Glazes and all that can go wrong"),
                        "text": "",
                    },
                    {
                        "image": picture("portrait"),
                        "name": _("Mira Sand"),
                        "role": _("Kilns, wood, patience"),
                        "text": "",
                    },
                ],
                "layout": "round",
            },
        ),
        form(
            form_id,
            heading=_("One letter a month"),
            text=_("What came out of the kiln, what didn’t, and when the doors are open."),
            button=_("Write to me"),
            layout="centred",
        ),
        footer(business),
    ]


def _contact(business: Business, form_id: UUID | None) -> Sections:
    return [
        (
            "contact",
            {
                "heading": _("Talk to a person"),
                "text": _("We read everything ourselves and answer within a working day, mostly sooner."),
                "email": "hello@example.com",
                "phone": "+49 30 5557 0110",
                "address": business.address or _("Mill Lane 12\n10115 Berlin"),
                "hours": _("Tuesday to Friday, 10 to 18\nSaturday, 10 to 14"),
                "button": _("Write us a mail"),
                "link": "mailto:hello@example.com",
                "layout": "split",
            },
        ),
        (
            "questions",
            {
                "heading": _("Perhaps it is answered here"),
                "items": [
                    {
                        "question": _("How do I get to you?"),
                        "answer": _(
                            "<p>Five minutes from the station, past the bakery, the green gate. There are places for bicycles "
                            "in the yard and two for cars.</p>"
                        ),
                    },
                    {
                        "question": _("Do I need an appointment?"),
                        "answer": _(
                            "<p>Not to look around. For repairs and orders please write first, so that somebody has time for "
                            "you.</p>"
                        ),
                    },
                    {
                        "question": _("Something arrived broken."),
                        "answer": _(
                            "<p>We are sorry. Send a photograph, and a new one is on its way the same day.</p>"
                        ),
                    },
                ],
                "layout": "split",
                "ground": "tint",
            },
        ),
        footer(business),
    ]


def _portfolio(business: Business, form_id: UUID | None) -> Sections:
    return [
        (
            "hero",
            {
                "eyebrow": _("Illustration and letters"),
                "heading": _("I draw things so that people understand them"),
                "text": _(
                    "Signs, books, maps, packaging. For towns, museums and small firms with something to explain."
                ),
                "button": _("Ask for a date"),
                "link": "#contact",
                "image": picture("portrait"),
                "layout": "card",
            },
        ),
        (
            "gallery",
            {
                "heading": _("Recent work"),
                "items": [
                    {
                        "image": picture("hills", _("Hills in the morning")),
                        "caption": _("Trail map for a valley in the Alps"),
                    },
                    {"image": picture("plant", _("A plant in a pot")), "caption": _("Labels for a seed merchant")},
                    {"image": picture("cup", _("A steaming cup")), "caption": _("Menu of a station café")},
                    {
                        "image": picture("sailboat", _("A boat under sail")),
                        "caption": _("Posters for a harbour festival"),
                    },
                    {
                        "image": picture("letter", _("An open letter")),
                        "caption": _("Letter paper for a notary, yes, really"),
                    },
                    {"image": picture("bowls", _("Three bowls")), "caption": _("Catalogue of a pottery")},
                ],
                "layout": "grid",
            },
        ),
        (
            "steps",
            {
                "heading": _("How we would work"),
                "items": [
                    {"title": _("We talk"), "text": _("Half an hour by phone. You tell me what nobody understands.")},
                    {
                        "title": _("I sketch"),
                        "text": _("Three ways within a week, in pencil. One price for all of it."),
                    },
                    {"title": _("You choose"), "text": _("Two rounds of changes, then files for print and screen.")},
                ],
                "layout": "row",
                "ground": "tint",
            },
        ),
        (
            "quote",
            {
                "quote": _("Visitors stopped asking where the toilets are. I had given up on that."),
                "name": _("Henrike Vos"),
                "role": _("Runs a museum of salt"),
                "layout": "centre",
            },
        ),
        (
            "contact",
            {
                "heading": _("There is room from September"),
                "text": _(
                    "Write what it is about, when it has to be there, and what it may cost. You get a plain answer."
                ),
                "email": "studio@example.com",
                "button": _("Write to me"),
                "link": "mailto:studio@example.com",
                "layout": "plain",
            },
        ),
        footer(business),
    ]


def _podcast(business: Business, form_id: UUID | None) -> Sections:
    return [
        (
            "hero",
            {
                "eyebrow": _("A podcast, every second Thursday"),
                "heading": _("Kitchen Table Business"),
                "text": _(
                    "People who built something small and kept it small, about money, mistakes and Mondays. Forty "
                    "minutes, no jingle."
                ),
                "button": _("Tell me when there is a new one"),
                "link": "#form",
                "image": picture("cup"),
                "layout": "deep",
            },
        ),
        (
            "story",
            {
                "heading": _("To begin with"),
                "items": [
                    {
                        "image": picture("bowls"),
                        "title": _("31: The potter who raised her prices"),
                        "text": _(
                            "<p>She lost a third of her customers and works four days now. The sums, in the open.</p>"
                        ),
                    },
                    {
                        "image": picture("notebook"),
                        "title": _("28: A bookshop without a webshop"),
                        "text": _(
                            "<p>Why she closed it, what came instead, and the one newsletter that pays the rent.</p>"
                        ),
                    },
                    {
                        "image": picture("sailboat"),
                        "title": _("24: Selling the business to the staff"),
                        "text": _("<p>Seven people, one bank, and a Sunday on which nobody spoke.</p>"),
                    },
                ],
                "layout": "alternate",
            },
        ),
        (
            "numbers",
            {
                "heading": "",
                "items": [
                    {"value": "31", "label": _("conversations"), "text": ""},
                    {"value": "40", "label": _("minutes each"), "text": ""},
                    {"value": "0", "label": _("advertisements"), "text": ""},
                ],
                "layout": "centre",
                "ground": "tint",
            },
        ),
        form(
            form_id,
            heading=_("The next one, in your inbox"),
            text=_("With the three sentences I would underline, and the numbers that were mentioned."),
            button=_("Write to me on Thursdays"),
            layout="beside",
        ),
        (
            "questions",
            {
                "heading": _("Asked now and then"),
                "items": [
                    {
                        "question": _("Where can I listen?"),
                        "answer": _(
                            "<p>Wherever you listen to podcasts, and on this page. Nothing has to be installed.</p>"
                        ),
                    },
                    {
                        "question": _("May I suggest somebody?"),
                        "answer": _(
                            "<p>Please do. Somebody with fewer than ten people, more than five years, and no film crew.</p>"
                        ),
                    },
                ],
                "layout": "narrow",
            },
        ),
        footer(business),
    ]


TELLING = (
    Starter(
        key="about",
        purpose="tell",
        label=gettext_lazy("About us"),
        text=gettext_lazy("How it began, how you work, and who people will meet."),
        words=gettext_lazy("about team story history"),
        theme={"name": "juniper"},
        slug="about",
        has_form=True,
        sections=_about,
        title=lambda business: _("About us"),
        description=lambda business: (
            _("%(name)s: how it began, how we work, and who you will meet.") % {"name": business.name}
        ),
    ),
    Starter(
        key="contact",
        purpose="tell",
        label=gettext_lazy("Contact"),
        text=gettext_lazy(
            "Where, when and how to reach you, with answers to what is asked most. Without a map that watches."
        ),
        words=gettext_lazy("contact address hours phone"),
        theme={"name": "harbour"},
        slug="contact",
        has_form=False,
        sections=_contact,
        title=lambda business: _("Contact"),
        description=lambda business: (
            _("How to reach %(name)s: address, hours, phone and mail.") % {"name": business.name}
        ),
    ),
    Starter(
        key="portfolio",
        purpose="tell",
        label=gettext_lazy("Portfolio"),
        text=gettext_lazy("Your work first, then how you work and what others say, then a date."),
        words=gettext_lazy("portfolio freelancer illustrator designer gallery work"),
        theme={"name": "slate"},
        slug="work",
        has_form=False,
        sections=_portfolio,
        title=lambda business: _("Work"),
        description=lambda business: _("Illustration and letters for towns, museums and small firms."),
    ),
    Starter(
        key="podcast",
        purpose="tell",
        label=gettext_lazy("Podcast"),
        text=gettext_lazy("What it is, where to begin, and the next episode by mail."),
        words=gettext_lazy("podcast audio show episodes listen"),
        theme={"name": "ember"},
        slug="podcast",
        has_form=True,
        sections=_podcast,
        title=lambda business: _("Kitchen Table Business"),
        description=lambda business: _("People who built something small and kept it small. Every second Thursday."),
    ),
)
