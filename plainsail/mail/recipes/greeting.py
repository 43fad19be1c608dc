"""Recipes for people who are new: a welcome, what they came for, lessons, an event."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.mail.services.recipes import Part, Start, add_tag, letter, recipe, remove_tag, wait


def _welcome() -> list[Part]:
    return [
        letter(
            _("Good to have you here"),
            _("What you will hear from us, and how often"),
            _(
                "thank you for your confirmation. You will hear from us once a week, in a mail "
                "that takes three minutes to read."
            ),
            _("If you have a question, just reply. A person reads it."),
            button=_("Have a look around"),
        ),
        wait(2, in_the_morning=True),
        letter(
            _("One question"),
            _("And I read every answer"),
            _(
                "what made you sign up? One sentence is enough: just reply. It helps us to "
                "write about what matters to you."
            ),
        ),
        wait(5, in_the_morning=True),
        letter(
            _("The three things that people ask first"),
            _("With honest answers"),
            _(
                "how much does it cost, how long does it take, and what if it is not for me? "
                "Here are the answers, in that order."
            ),
            _("Less than you fear, longer than you hope, and then you get your money back."),
            button=_("See what we offer"),
        ),
    ]


WELCOME = recipe(
    label=gettext_lazy("Welcome"),
    text=gettext_lazy(
        "Somebody confirms your list: a warm first mail, a question two working days "
        "later, and the answers that all want."
    ),
    icon="mail",
    start=Start(
        kind="contacts.list_joined",
        icon="zap",
        says=lambda: _("Joins the list"),
        config=lambda kitchen: {"list": str(kitchen.topic.id)},
    ),
    parts=_welcome,
    order=10,
)


def _delivery() -> list[Part]:
    return [
        letter(
            _("Here is what you asked for"),
            _("One click, and it is yours"),
            _(
                "here it is: put the link to your file behind the button below. It is best read "
                "with a pen in your hand."
            ),
            button=_("Get it now"),
        ),
        wait(1),
        letter(
            _("Did it open?"),
            _("And where to begin"),
            _(
                "just checking that the file opened. If you only have five minutes, read page "
                "three: it is the one that people write to us about."
            ),
        ),
        wait(3, in_the_morning=True),
        letter(
            _("What others did with it"),
            _("A story of two weeks"),
            _(
                "Ines printed page three, hung it over the till, and asked every customer the "
                "question on it for two weeks. Forty answers later she took half of her shelf "
                "down."
            ),
            _("What would you ask? Reply and tell us."),
            button=_("What we can do together"),
        ),
    ]


LEAD_MAGNET = recipe(
    label=gettext_lazy("Deliver a freebie"),
    text=gettext_lazy(
        "Whoever gets the tag “Freebie” is sent it at once, asked whether it opened, and shown what others did with it."
    ),
    icon="gift",
    start=Start(
        kind="contacts.tag_added",
        icon="tag",
        says=lambda: _("Gets the tag “%(tag)s”") % {"tag": _("Freebie")},
        config=lambda kitchen: {"tag": kitchen.tag(_("Freebie"))},
    ),
    parts=_delivery,
    order=20,
)


def _drip() -> list[Part]:
    lessons = [
        (
            _("Lesson one: look before you begin"),
            _(
                "spend ten minutes looking at what you have. Write down three things that work "
                "already. That list is worth more than a plan."
            ),
        ),
        (
            _("Lesson two: one thing at a time"),
            _(
                "choose the smallest thing on your list and finish it today. Not the most "
                "important one: the smallest. You are practising to finish."
            ),
        ),
        (
            _("Lesson three: show it to somebody"),
            _(
                "show what you finished to one person and ask them what they see. Don’t "
                "explain. Write down their words."
            ),
        ),
        (
            _("Lesson four: do it again, better"),
            _("make it once more, with what you heard. It will take half the time. That is what learning feels like."),
        ),
        (
            _("Lesson five: what now?"),
            _(
                "you have looked, finished, shown and repeated. Reply with what you made, and I "
                "tell you what I would do next."
            ),
        ),
    ]
    parts: list[Part] = []
    for number, (subject, text) in enumerate(lessons):
        parts += [wait(2, in_the_morning=True)] if number else []
        parts.append(letter(subject, _("Four minutes to read, ten to do"), text))
    return [*parts, add_tag(_("Course finished"))]


COURSE_DRIP = recipe(
    label=gettext_lazy("Course by mail"),
    text=gettext_lazy("Five lessons, one every two working days in the morning, for everybody with the tag “Student”."),
    icon="book-open",
    start=Start(
        kind="contacts.tag_added",
        icon="tag",
        says=lambda: _("Gets the tag “%(tag)s”") % {"tag": _("Student")},
        config=lambda kitchen: {"tag": kitchen.tag(_("Student"))},
    ),
    parts=_drip,
    order=30,
)


def _event() -> list[Part]:
    return [
        letter(
            _("Your place is booked"),
            _("When, where, and what to bring"),
            _(
                "we are looking forward to seeing you. Write the date, the place and the way "
                "there here, as you would to a friend."
            ),
            _("Can’t come after all? Reply, and somebody from the waiting list will be very glad."),
        ),
        wait(3, in_the_morning=True),
        letter(
            _("What to bring"),
            _("Almost nothing"),
            _(
                "bring clothes that may get a spot, something to drink, and the one question "
                "that you would like to have answered."
            ),
        ),
        wait(3, in_the_morning=True),
        letter(
            _("See you soon"),
            _("The way there in three sentences"),
            _(
                "the door is open a quarter of an hour before we begin. If you get lost, call "
                "the number below: somebody stands beside the phone."
            ),
        ),
        remove_tag(_("Event guest")),
        add_tag(_("Was a guest")),
    ]


EVENT_REMINDER = recipe(
    label=gettext_lazy("Event reminder"),
    text=gettext_lazy("A confirmation at once, what to bring three days later, and the way there before the day."),
    icon="calendar",
    start=Start(
        kind="contacts.tag_added",
        icon="tag",
        says=lambda: _("Gets the tag “%(tag)s”") % {"tag": _("Event guest")},
        config=lambda kitchen: {"tag": kitchen.tag(_("Event guest"))},
        policy="every",
    ),
    parts=_event,
    order=40,
)


def _deal() -> list[Part]:
    return [
        add_tag(_("Customer")),
        letter(
            _("How we begin"),
            _("Your first week with us"),
            _(
                "we are glad that you chose us. This is how it goes on: tomorrow you get an "
                "invitation to a short call, by Friday a plan, and next week we start."
            ),
            _("Whom shall we talk to at your place? Reply with a name."),
        ),
        wait(30, in_the_morning=True),
        letter(
            _("One month in"),
            _("How is it going?"),
            _("it is a month since we began. What should we keep, what should we change? Three lines are enough."),
        ),
    ]


DEAL_WON = recipe(
    label=gettext_lazy("A deal is won"),
    text=gettext_lazy("How it begins, sent at once, and a look back after a month."),
    icon="circle-check",
    start=Start(kind="deals.deal_won", icon="circle-check", says=lambda: _("A deal is won"), policy="again"),
    parts=_deal,
    order=100,
)
