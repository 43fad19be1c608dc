"""The first three: a free guide, an offer with prices, a page of links."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.pages.starters.base import Business, Sections, Starter, footer


def _opt_in(business: Business, form_id: UUID | None) -> Sections:
    return [
        (
            "hero",
            {
                "eyebrow": _("Free guide, seven pages"),
                "heading": _("Five mornings to a calmer working week"),
                "text": _(
                    "One short exercise a day, straight to your inbox. No app, no account: a cup of something warm and "
                    "ten quiet minutes are enough."
                ),
                "button": _("Send me the guide"),
                "link": "#form",
                "note": _("Read by people who used to answer mail at midnight."),
                "image": {"picture": "cup"},
                "layout": "beside",
            },
        ),
        (
            "features",
            {
                "heading": _("What you will have by Friday"),
                "layout": "numbers",
                "items": [
                    {
                        "title": _("A plan that fits on a card"),
                        "text": _("Three things a day, and an honest place for the rest."),
                    },
                    {
                        "title": _("An inbox you open twice"),
                        "text": _("A routine for mail that takes twenty minutes, not the morning."),
                    },
                    {
                        "title": _("An end to the day"),
                        "text": _("A closing ritual, so that work stays where you left it."),
                    },
                ],
            },
        ),
        (
            "testimonials",
            {
                "heading": "",
                "layout": "large",
                "ground": "tint",
                "items": [
                    {
                        "quote": _(
                            "I printed the last page and hung it over my desk. It is still there, a year later."
                        ),
                        "name": _("Maren T."),
                        "role": _("Runs a small bookshop"),
                    }
                ],
            },
        ),
        (
            "form",
            {
                "heading": _("Where shall we send it?"),
                "text": _("You get the guide at once, then one short letter a week. Leave whenever you like."),
                "form": str(form_id) if form_id else "",
                "button": _("Send me the guide"),
                "note": "",
                "layout": "beside",
            },
        ),
        (
            "questions",
            {
                "heading": _("Good to know"),
                "items": [
                    {
                        "question": _("What does it cost?"),
                        "answer": _("<p>Nothing. The guide is <strong>free</strong>, and so are the letters.</p>"),
                    },
                    {
                        "question": _("What happens to my address?"),
                        "answer": _(
                            "<p>We use it to write to you, and for nothing else. Every letter has a link to leave.</p>"
                        ),
                    },
                ],
            },
        ),
        footer(business),
    ]


def _sales(business: Business, form_id: UUID | None) -> Sections:
    return [
        (
            "hero",
            {
                "eyebrow": _("Weekend pottery course"),
                "heading": _("Throw your first bowl in two quiet days"),
                "text": _(
                    "Small groups, warm hands, good tea. You leave with four finished pieces, and the confidence to "
                    "make "
                    "the next ones yourself."
                ),
                "button": _("Save my place"),
                "link": "#pricing",
                "note": _("Full refund up to a week before."),
                "image": {"picture": "bowls"},
                "layout": "beside",
            },
        ),
        (
            "features",
            {
                "heading": _("Everything is ready when you arrive"),
                "layout": "numbers",
                "items": [
                    {
                        "title": _("Six people, one teacher"),
                        "text": _("There is always somebody beside your wheel when the clay starts to wobble."),
                    },
                    {
                        "title": _("Clay, tools and apron included"),
                        "text": _("Bring nothing but clothes you do not mind splashing."),
                    },
                    {
                        "title": _("Glazed and fired for you"),
                        "text": _("We finish your four best pieces and post them to you within three weeks."),
                    },
                ],
            },
        ),
        (
            "testimonials",
            {
                "heading": _("What guests say"),
                "layout": "cards",
                "ground": "tint",
                "items": [
                    {
                        "quote": _("I came in convinced I had no talent for this. My breakfast bowl says otherwise."),
                        "name": _("Maren T."),
                        "role": _("Nurse, first course"),
                    },
                    {
                        "quote": _("The calmest weekend of my year, and I have a teapot to prove it."),
                        "name": _("Daniel O."),
                        "role": _("Came back twice"),
                    },
                ],
            },
        ),
        (
            "pricing",
            {
                "heading": _("Choose your weekend"),
                "items": [
                    {
                        "name": _("One day"),
                        "price": "€95",
                        "per": _("per person"),
                        "points": _("Saturday, 10 to 16\nTwo finished pieces\nLunch and tea"),
                        "button": _("Book one day"),
                        "link": "#form",
                    },
                    {
                        "name": _("Full weekend"),
                        "price": "€175",
                        "per": _("per person"),
                        "points": _(
                            "Saturday and Sunday\nFour finished pieces\nLunch, tea and glazing\nPostage included"
                        ),
                        "button": _("Book the weekend"),
                        "link": "#form",
                        "badge": _("Most chosen"),
                        "featured": True,
                    },
                    {
                        "name": _("For two"),
                        "price": "€320",
                        "per": _("two people"),
                        "points": _("Two wheels, side by side\nEight finished pieces\nGift card on request"),
                        "button": _("Book for two"),
                        "link": "#form",
                    },
                ],
            },
        ),
        (
            "form",
            {
                "heading": _("Not sure yet? Try the free lesson"),
                "text": _("A short video and a one-page guide: how to centre clay without fighting it."),
                "form": str(form_id) if form_id else "",
                "button": _("Send me the lesson"),
                "note": "",
                "layout": "beside",
            },
        ),
        (
            "questions",
            {
                "heading": _("Good to know"),
                "items": [
                    {
                        "question": _("Do I need any experience?"),
                        "answer": _("<p>None at all. Most guests have <strong>never touched clay</strong> before.</p>"),
                    },
                    {
                        "question": _("Is the studio step-free?"),
                        "answer": _(
                            "<p>Yes, from the street to the wheel. Tell us what you need and we set it up.</p>"
                        ),
                    },
                    {
                        "question": _("What if I have to cancel?"),
                        "answer": _(
                            "<p>Up to a week before, you get everything back. After that, somebody else may come in your "
                            "place.</p>"
                        ),
                    },
                ],
            },
        ),
        footer(business),
    ]


def _links(business: Business, form_id: UUID | None) -> Sections:
    return [
        (
            "hero",
            {
                "eyebrow": "",
                "heading": business.name,
                "text": _("We make things slowly and well. Here is where to find us, and how to say hello."),
                "button": "",
                "link": "",
                "note": "",
                "image": {"picture": "portrait"},
                "layout": "card",
            },
        ),
        ("button", {"button": _("See what we make"), "link": "https://example.com/shop", "layout": "centre"}),
        ("button", {"button": _("Read the latest letter"), "link": "https://example.com/letters", "layout": "centre"}),
        ("button", {"button": _("Write to us"), "link": "mailto:hello@example.com", "layout": "centre"}),
        (
            "form",
            {
                "heading": _("One letter a month"),
                "text": _("New work, open days, and what went wrong in between."),
                "form": str(form_id) if form_id else "",
                "button": _("Sign me up"),
                "note": "",
                "layout": "plain",
            },
        ),
        ("footer", {"name": business.name, "address": business.address, "items": [], "layout": "centred"}),
    ]


OPENING = (
    Starter(
        key="opt-in",
        purpose="leads",
        label=gettext_lazy("Free guide"),
        text=gettext_lazy("A landing page that gives something away and asks for an e-mail address."),
        theme={"name": "harbour"},
        slug="guide",
        has_form=True,
        sections=_opt_in,
        title=lambda business: _("Free guide"),
        description=lambda business: _("Five short exercises for a calmer working week, free and by mail."),
    ),
    Starter(
        key="sales",
        purpose="sell",
        label=gettext_lazy("Offer with prices"),
        text=gettext_lazy("A sales page: what it is, what others say, what it costs, and a way to stay in touch."),
        theme={"name": "juniper"},
        slug="course",
        has_form=True,
        sections=_sales,
        title=lambda business: _("Weekend course"),
        description=lambda business: _("Two quiet days at the wheel: small groups, everything included."),
    ),
    Starter(
        key="links",
        purpose="tell",
        label=gettext_lazy("Link page"),
        text=gettext_lazy("Who you are and where to find you, for the link in a profile."),
        theme={"name": "fig"},
        slug="hello",
        has_form=True,
        sections=_links,
        title=lambda business: _("Find us"),
        description=lambda business: _("%(name)s: where to find us, and how to say hello.") % {"name": business.name},
    ),
)
