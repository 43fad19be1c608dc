"""Whole sites to start from: a craft studio with a blog, a practice, a café. Each in one look, ready to be published."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.pages.starters.base import (
    Business,
    Sections,
    SitePage,
    SitePost,
    SiteStarter,
    Starter,
    form,
    picture,
)


def _craft_home(business: Business, form_id: UUID | None) -> Sections:
    return [
        (
            "hero",
            {
                "eyebrow": _("Pottery by hand, since 2015"),
                "heading": _("Cups that you reach for first"),
                "text": _(
                    "We throw, glaze and fire in the old dairy. Buy a piece, or come for a weekend and make your own."
                ),
                "button": _("Come to a course"),
                "link": "/courses",
                "second": _("Who we are"),
                "second_link": "/about",
                "image": picture("bowls"),
                "layout": "beside",
            },
        ),
        (
            "features",
            {
                "heading": "",
                "items": [
                    {
                        "icon": "calendar",
                        "title": _("Courses"),
                        "text": _("Six people, one teacher, two days, four pieces."),
                    },
                    {
                        "icon": "package",
                        "title": _("Pieces"),
                        "text": _("Twice a year there is a new series. It is small."),
                    },
                    {"icon": "users", "title": _("Members"), "text": _("Wheels and kilns with a key of your own.")},
                ],
                "layout": "cards",
                "ground": "tint",
            },
        ),
        ("posts", {"heading": _("From the workshop"), "text": "", "most": 3, "layout": "cards"}),
        form(
            form_id,
            heading=_("One letter a month"),
            text=_("New pieces, free places, and what went wrong in between."),
            button=_("Write to me"),
            layout="centred",
        ),
    ]


def _practice_home(business: Business, form_id: UUID | None) -> Sections:
    return [
        (
            "hero",
            {
                "eyebrow": _("Tax and bookkeeping for small businesses"),
                "heading": _("Your books in order, and the evening free"),
                "text": _("Three people who answer the phone. Fixed prices, plain words, and no fear of shoeboxes."),
                "button": _("Talk to us"),
                "link": "/contact",
                "image": picture("notebook"),
                "layout": "beside",
            },
        ),
        (
            "features",
            {
                "heading": _("What we take off your table"),
                "items": [
                    {
                        "icon": "chart-line",
                        "title": _("The month"),
                        "text": _("Receipts in by the fifth, figures back by the twelfth, on one page."),
                    },
                    {
                        "icon": "scale",
                        "title": _("The year"),
                        "text": _("Accounts and returns at a price that we name before."),
                    },
                    {
                        "icon": "users",
                        "title": _("Wages"),
                        "text": _("For one person or thirty, on time, with an answer for every question."),
                    },
                    {
                        "icon": "life-buoy",
                        "title": _("Letters from the office"),
                        "text": _("Send us a photograph. We write back to them, and to you."),
                    },
                ],
                "layout": "tiles",
                "ground": "tint",
            },
        ),
        (
            "steps",
            {
                "heading": _("Changing over is easier than you think"),
                "items": [
                    {"title": _("We talk"), "text": _("Forty minutes, free. You know the price afterwards.")},
                    {"title": _("We fetch"), "text": _("We ask your former office for everything. You sign once.")},
                    {"title": _("You sleep"), "text": _("From the next month on it comes from us.")},
                ],
                "layout": "row",
            },
        ),
        (
            "quote",
            {
                "quote": _("For the first time I know in March what I owe in May."),
                "name": _("Owner of a bicycle shop"),
                "role": "",
                "layout": "centre",
                "ground": "tint",
            },
        ),
        form(
            form_id,
            heading=_("The four dates that matter"),
            text=_("A reminder by mail a week before each, with what to have ready. Free, for clients and others."),
            button=_("Remind me"),
            layout="beside",
        ),
    ]


def _cafe_home(business: Business, form_id: UUID | None) -> Sections:
    return [
        (
            "hero",
            {
                "eyebrow": _("Coffee, cake, a garden"),
                "heading": _("The good chair by the window is free until ten"),
                "text": _("We roast on Mondays, bake at six, and know most dogs by name."),
                "button": _("Today’s kitchen"),
                "link": "/kitchen",
                "image": picture("cup"),
                "layout": "below",
            },
        ),
        (
            "gallery",
            {
                "heading": "",
                "items": [
                    {"image": picture("cup", _("A steaming cup")), "caption": _("Filter, three minutes forty")},
                    {"image": picture("plant", _("A plant in a pot")), "caption": _("The garden, from April")},
                    {
                        "image": picture("hills", _("Hills in the morning")),
                        "caption": _("What you see from the terrace"),
                    },
                ],
                "layout": "strip",
            },
        ),
        (
            "contact",
            {
                "heading": _("Find us"),
                "text": _("Behind the church, where it smells of bread."),
                "phone": "+49 30 5557 0130",
                "address": business.address or _("Church Lane 4\n10115 Berlin"),
                "hours": _("Monday to Friday, 8 to 18\nSaturday and Sunday, 9 to 18"),
                "layout": "cards",
                "ground": "tint",
            },
        ),
        form(
            form_id,
            heading=_("Evenings with music"),
            text=_("Four or five times a year. A mail two weeks before."),
            button=_("Tell me"),
            layout="centred",
        ),
    ]


HOMES = (
    Starter(
        key="home-craft",
        purpose="tell",
        label=gettext_lazy("First page of a studio"),
        text="",
        theme={"name": "juniper"},
        slug="welcome",
        has_form=True,
        sections=_craft_home,
        title=lambda business: business.name,
        description=lambda business: _("Pottery by hand: pieces, weekend courses and a studio with a key."),
    ),
    Starter(
        key="home-practice",
        purpose="tell",
        label=gettext_lazy("First page of a practice"),
        text="",
        theme={"name": "harbour"},
        slug="welcome",
        has_form=True,
        sections=_practice_home,
        title=lambda business: business.name,
        description=lambda business: _("Tax and bookkeeping for small businesses, at fixed prices and in plain words."),
    ),
    Starter(
        key="home-cafe",
        purpose="local",
        label=gettext_lazy("First page of a café"),
        text="",
        theme={"name": "linen"},
        slug="welcome",
        has_form=True,
        sections=_cafe_home,
        title=lambda business: business.name,
        description=lambda business: _("Coffee, cake and a garden behind the church."),
    ),
)

SITES = (
    SiteStarter(
        key="craft",
        label=gettext_lazy("Craft studio"),
        text=gettext_lazy("First page, courses, membership, about, contact, and a blog with two posts."),
        words=gettext_lazy("pottery workshop studio courses shop blog"),
        theme={"name": "juniper"},
        button=(gettext_lazy("Book a course"), "/courses"),
        pages=(
            SitePage(starter="home-craft", title=gettext_lazy("Welcome"), path="/", is_hidden=True),
            SitePage(starter="sales", title=gettext_lazy("Courses"), path="/courses"),
            SitePage(starter="membership", title=gettext_lazy("Membership"), path="/membership"),
            SitePage(starter="about", title=gettext_lazy("About us"), path="/about"),
            SitePage(starter="contact", title=gettext_lazy("Contact"), path="/contact"),
        ),
        posts=(
            SitePost(
                title=gettext_lazy("Why your bowl cracks at the bottom"),
                excerpt=gettext_lazy("Three reasons, and the sponge that prevents two of them."),
                tags=gettext_lazy("Throwing, Mistakes"),
                picture="bowls",
                text=gettext_lazy(
                    "<p>It is nearly always the same place, and nearly always the same evening: you were pleased with "
                    "the wall and forgot the floor.</p><h2>Water is left inside</h2><p>A puddle on the bottom keeps "
                    "it soft while the wall dries and pulls. Take it out with a sponge on a stick before you lift the "
                    "bowl off, each time, even when you are tired.</p><h2>The floor was never pressed</h2><p>Clay "
                    "that was only opened, and not compressed, has a direction. Press it from the middle outwards, "
                    "three slow turns, before you raise the wall.</p><h2>It dried too fast</h2><p>Cover it for the "
                    "first night. That is all. A plastic bag is the cheapest tool in the house.</p>"
                ),
            ),
            SitePost(
                title=gettext_lazy("What came out of the kiln in spring"),
                excerpt=gettext_lazy("A green that we did not plan, and eleven cups that we kept."),
                tags=gettext_lazy("Kiln, Glazes"),
                picture="plant",
                text=gettext_lazy(
                    "<p>Gerda was fired four times since February. Twice it went as we had thought. Once the door was "
                    "opened an hour early, because somebody could not wait, and we know who.</p><p>And once, on the "
                    "third shelf, there was a green like the underside of a leaf. Same glaze, same clay, same curve. "
                    "We have written down everything that we can think of, the weather too, and will try again in "
                    "May.</p><blockquote><p>Whoever wants to know in advance should buy "
                    "paint.</p></blockquote><p>Eleven cups of it are on the shelf by the door. Eight are for "
                    "sale.</p>"
                ),
            ),
        ),
    ),
    SiteStarter(
        key="practice",
        label=gettext_lazy("Practice or office"),
        text=gettext_lazy("First page, talk and prices, about, contact. Clear and quick to read."),
        words=gettext_lazy("consultant accountant lawyer practice services office"),
        theme={"name": "harbour"},
        button=(gettext_lazy("Talk to us"), "/contact"),
        pages=(
            SitePage(starter="home-practice", title=gettext_lazy("Welcome"), path="/", is_hidden=True),
            SitePage(starter="coach", title=gettext_lazy("Advice"), path="/advice"),
            SitePage(starter="about", title=gettext_lazy("About us"), path="/about"),
            SitePage(starter="contact", title=gettext_lazy("Contact"), path="/contact"),
            SitePage(starter="thanks", title=gettext_lazy("Thank you"), path="/thank-you", is_hidden=True),
        ),
    ),
    SiteStarter(
        key="cafe",
        label=gettext_lazy("Café"),
        text=gettext_lazy("First page, today’s kitchen, a fair, contact."),
        words=gettext_lazy("café restaurant bar bakery food"),
        theme={"name": "linen"},
        button=(gettext_lazy("Find us"), "/contact"),
        pages=(
            SitePage(starter="home-cafe", title=gettext_lazy("Welcome"), path="/", is_hidden=True),
            SitePage(starter="restaurant", title=gettext_lazy("Kitchen"), path="/kitchen"),
            SitePage(starter="event", title=gettext_lazy("The fair"), path="/fair"),
            SitePage(starter="contact", title=gettext_lazy("Contact"), path="/contact"),
        ),
    ),
)
