"""Templates that sell at once: something small with more behind it, a course, a paid hour."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from plainsail.funnels.starters.plan import (
    Business,
    Plan,
    Sections,
    Ways,
    aside,
    asks,
    call,
    hero,
    points,
    questions,
    quote,
    words,
)

Package = dict[str, Any]


def offer_page(ways: Ways, heading: str, text: str, yes: str, no: str, *pairs: tuple[str, str]) -> Sections:
    """One more offer after a purchase, with a plain way past it."""
    return [
        hero(heading, text, yes, ways.yes, eyebrow=_("Before you go"), picture="bowls"),
        points(_("What it adds"), *pairs),
        call("", yes, ways.yes),
        aside(no, ways.no),
    ]


def tripwire(business: Business) -> Package:
    """Something small first, then more for those who liked it."""
    plan = Plan(business, name=_("Small offer first"), people=_("Recipe readers"), theme="juniper")
    small = plan.sells(_("Ten glaze recipes"), 700, _("Tested, with photos of each firing."))
    course = plan.sells(_("Glazing at home, the course"), 7900, _("Five lessons on film and a kit list."))
    sheet = plan.sells(_("The kit list alone"), 1900, _("What to buy, where, and what to leave."))
    plan.page(
        "form",
        _("Glaze recipes"),
        "glaze-recipes",
        lambda ways: [
            hero(
                _("Ten glazes that come out right"),
                _(
                    "Recipes from our own kiln, each with three photos: before, after, and what goes wrong. Leave "
                    "your address and we reserve them at the small price."
                ),
                _("Reserve my recipes"),
                "#form",
                eyebrow=_("For hobby potters"),
                picture="bowls",
            ),
            points(
                _("Why these ten"),
                (_("Four ingredients at most"), _("All of them are sold in small bags.")),
                (_("Fired forty times"), _("In two kilns, by three people.")),
                (_("With the mistakes"), _("So that you know what you are looking at.")),
            ),
            asks(
                ways.form,
                _("Reserve them"),
                _("You come straight to the checkout. We write once a week about clay."),
                _("On to the recipes"),
            ),
        ],
    )
    plan.wait(3, "hours")
    plan.mail(
        _("Your recipes are still reserved"),
        _("At the small price, until you decide"),
        _("you reserved ten glaze recipes and did not take them. That happens: a kiln bleeps, a child calls."),
        _("They are still here at the small price."),
        button=_("Get the recipes"),
    )
    plan.checkout(_("Recipes checkout"), small)
    plan.page(
        "upsell",
        _("The course"),
        "glazing-course",
        lambda ways: offer_page(
            ways,
            _("See it done, once, and never guess again"),
            _(
                "The course shows all ten recipes on film, from weighing to opening the kiln. Today you add it "
                "without paying for the recipes twice."
            ),
            _("Yes, add the course"),
            _("No, thanks. The recipes are enough."),
            (_("Five lessons on film"), _("Twenty minutes each, to watch as often as you like.")),
            (_("The kit list"), _("What to buy, where, and what to leave on the shelf.")),
            (_("Your questions"), _("Answered by mail, with photos if you send one.")),
        ),
        offer=course,
    )
    plan.page(
        "downsell",
        _("The kit list"),
        "kit-list",
        lambda ways: offer_page(
            ways,
            _("Just the kit list, then?"),
            _("Four pages that spare you the three wrong things that everybody buys first."),
            _("Yes, the list"),
            _("No, thanks. I am done."),
            (_("Shops that sell small bags"), _("In seven countries.")),
            (_("What to borrow"), _("And for how long you can.")),
            (_("What nobody needs"), _("Although it is in every starter kit.")),
        ),
        offer=sheet,
    )
    plan.wait(3)
    plan.mail(
        _("How did the first firing go?"),
        _("Send a photo, I look at every one"),
        _(
            "you have had the recipes for three days. If something came out strange, send a photo: I look at "
            "every one and tell you what happened."
        ),
    )
    plan.page(
        "thanks",
        _("Thank you"),
        "recipes-thanks",
        lambda ways: words(
            _("All yours"), _("Everything you bought is in your inbox, with your receipt. Weigh twice, fire once.")
        ),
    )
    return plan.package


def course(business: Business) -> Package:
    """A course with a sales page, two ways to say it, an upsell and a drip of first lessons."""
    plan = Plan(business, name=_("Course launch"), people=_("Course students"), theme="harbour")
    seat = plan.sells(_("Weekend course, online"), 14900, _("Six lessons, a workbook and a certificate."))
    one_to_one = plan.sells(_("An hour with the teacher"), 9000, _("Your work, your questions, one hour."))
    plan.page(
        "page",
        _("The course"),
        "weekend-course-online",
        lambda ways: [
            hero(
                _("Throw your first bowl at your own kitchen table"),
                _("An online course for people without a wheel, a kiln or a clue. Six lessons, one weekend, one bowl."),
                _("Join the course"),
                ways.on,
                eyebrow=_("Begins when you do"),
                note=_("Money back within two weeks."),
                picture="bowls",
            ),
            points(
                _("What you will have by Sunday"),
                (_("A bowl that stands"), _("Not a perfect one. Yours.")),
                (_("Hands that know"), _("How clay feels when it is right.")),
                (_("A plan for the next one"), _("With what to do differently.")),
            ),
            quote(_("I laughed, I swore, I have a bowl."), _("Lena K."), _("Teacher of mathematics")),
            questions(
                (_("What do I need?"), _("Two kilos of clay that dries in air, a bowl of water, a table.")),
                (_("How long do I have?"), _("As long as you like. The lessons stay.")),
            ),
            call(_("You can begin tonight."), _("Join the course"), ways.on),
        ],
        says=_("An online pottery course for a weekend at your own table."),
    )
    plan.checkout(_("Course checkout"), seat)
    plan.page(
        "upsell",
        _("An hour with the teacher"),
        "hour-with-the-teacher",
        lambda ways: offer_page(
            ways,
            _("Would you like somebody to look at your hands?"),
            _("One hour on video with the teacher, at a time that suits you, in the month after the course."),
            _("Yes, add the hour"),
            _("No, thanks. I will manage."),
            (_("Your own work"), _("Bring what you made, broken or not.")),
            (_("Your questions"), _("Even those you would not ask in a group.")),
            (_("A plan"), _("What to make next, and how.")),
        ),
        offer=one_to_one,
    )
    plan.mail(
        _("Lesson one: wake the clay"),
        _("Ten minutes, wet hands"),
        _(
            "your place is booked. Lesson one is short: knead the clay for ten minutes and do nothing else with "
            "it. Feel how it changes."
        ),
        _("Tomorrow it gets its shape."),
        button=_("To lesson one"),
        link="/",
    )
    plan.wait(1)
    plan.mail(
        _("Lesson two: the floor of the bowl"),
        _("Where most bowls fail"),
        _(
            "a bowl fails at its floor. Press it down with the heel of your hand, from the middle outwards, "
            "eleven times."
        ),
        button=_("To lesson two"),
        link="/",
    )
    plan.wait(2)
    plan.mail(
        _("Show me your bowl"),
        _("I mean it"),
        _(
            "by now there is something on your table. Send me a photo by replying. I answer each one, with one "
            "thing that is good and one that I would do differently."
        ),
    )
    plan.page(
        "thanks",
        _("You are in the course"),
        "course-welcome",
        lambda ways: words(
            _("You are in"),
            _(
                "Lesson one is on its way to your inbox. Until then: clear half a table, find an old towel, and "
                "tell somebody that you are busy on Saturday."
            ),
        ),
    )
    return plan.package


def booking(business: Business) -> Package:
    """A paid hour: what it is, for whom, how to prepare."""
    plan = Plan(business, name=_("Book an hour"), people=_("People with an hour booked"), theme="fig")
    hour = plan.sells(_("Clarity hour"), 12000, _("Sixty minutes on video, and a page of notes."))
    bundle = plan.sells(_("Three more hours"), 30000, _("To be used within half a year."))
    plan.page(
        "page",
        _("Clarity hour"),
        "clarity-hour",
        lambda ways: [
            hero(
                _("One hour, one question, one plan"),
                _(
                    "You bring what you have been turning over for weeks. We take it apart together, and you "
                    "leave with a page of what to do."
                ),
                _("Book my hour"),
                ways.on,
                eyebrow=_("Sixty minutes on video"),
                note=_("Move it free of charge until the day before."),
                picture="portrait",
            ),
            points(
                _("How it goes"),
                (_("Before"), _("Three questions by mail, ten minutes to answer.")),
                (_("In the hour"), _("Forty minutes of thinking, twenty of planning.")),
                (_("After"), _("Your page of notes on the same day.")),
            ),
            quote(
                _("I came with eleven problems and left with one task. It was the right one."),
                _("Ines B."),
                _("Runs a bakery"),
            ),
            call(_("There are four places a week."), _("Book my hour"), ways.on),
        ],
    )
    plan.checkout(_("Hour checkout"), hour)
    plan.page(
        "upsell",
        _("Three more hours"),
        "three-more-hours",
        lambda ways: offer_page(
            ways,
            _("Most plans need a second look"),
            _(
                "Three more hours at the price of two and a half, to be used within half a year, by you or your "
                "partner."
            ),
            _("Yes, add three hours"),
            _("No, thanks. One hour first."),
            (_("No calendar hunt"), _("Your times are kept for you.")),
            (_("One thread"), _("We go on where we stopped.")),
            (_("Yours to give"), _("Hand one on to somebody who needs it.")),
        ),
        offer=bundle,
    )
    plan.mail(
        _("Three questions before our hour"),
        _("Ten minutes now save twenty then"),
        _(
            "thank you for booking. Reply with a sentence to each: What do you want to decide? What have you "
            "tried? What would make the hour worth it?"
        ),
        _("Suggest two times that suit you as well, and I confirm one of them."),
    )
    plan.wait(10)
    plan.mail(
        _("Has the plan held?"),
        _("A short look back"),
        _(
            "ten days ago you left with a page of notes. What was done, what was moved, what turned out to be "
            "wrong? Just reply, I answer."
        ),
    )
    plan.page(
        "thanks",
        _("Booked"),
        "hour-booked",
        lambda ways: words(
            _("Your hour is booked"),
            _(
                "Look in your inbox: there are your receipt and three questions. Answer them with two times that "
                "suit you, and the rest follows."
            ),
        ),
    )
    return plan.package
