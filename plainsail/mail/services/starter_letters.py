"""Mails that tell something: letters, news, lessons, thanks. Finished words, to be made one's own."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.mail.services.starter import Parts, Starter


def letter() -> Parts:
    return [
        (
            "text",
            {
                "text": _(
                    "<p>Hello {{first_name|there}},</p><p>I have been meaning to tell you about something that happened "
                    "this week.</p><p>Say it here, in a few short paragraphs, as you would to one person.</p>"
                    "<p>What do you think? Just reply, I read every answer.</p><p>All the best</p>"
                )
            },
        )
    ]


def _welcome() -> Parts:
    return [
        ("heading", {"heading": _("Good to have you here")}),
        (
            "text",
            {
                "text": _(
                    "<p>Hello {{first_name|there}},</p><p>thank you for your confirmation. Here is what you asked for, "
                    "and what you will hear from us: one mail a week, and nothing else.</p>"
                )
            },
        ),
        ("button", {"button": _("Have a look around"), "link": "/", "layout": "start"}),
        ("text", {"text": _("<p>If you have a question, just reply. A person reads it.</p>")}),
    ]


def _news() -> Parts:
    return [
        ("heading", {"heading": _("What is new this month")}),
        (
            "text",
            {
                "text": _(
                    "<p>Hello {{first_name|there}},</p><p>two things happened this month that we would like you to know. "
                    "Both take less than a minute to read.</p>"
                )
            },
        ),
        ("image", {"image": {"picture": "hills", "alt": ""}}),
        ("heading", {"heading": _("The first story"), "size": "small"}),
        (
            "text",
            {
                "text": _(
                    "<p>Say what happened, and why it matters to the person who reads this. Three sentences do.</p>"
                )
            },
        ),
        ("button", {"button": _("Read the whole story"), "link": "/", "layout": "start"}),
        ("divider", {}),
        ("heading", {"heading": _("The second story"), "size": "small"}),
        ("text", {"text": _("<p>Something smaller: a date, a photo, a thank-you, a thing that we learned.</p>")}),
    ]


def _digest() -> Parts:
    return [
        ("heading", {"heading": _("Five things worth your time")}),
        ("text", {"text": _("<p>Hello {{first_name|there}}, here is what we read, made and liked this week.</p>")}),
        (
            "features",
            {
                "heading": "",
                "layout": "list",
                "items": [
                    {"title": _("Something to read"), "text": _("One sentence on why it stayed with us.")},
                    {
                        "title": _("Something to try"),
                        "text": _("It takes ten minutes and needs nothing that you don’t have."),
                    },
                    {"title": _("Something that we made"), "text": _("What it is, and for whom.")},
                    {"title": _("A question that we were asked"), "text": _("And the answer, in two sentences.")},
                    {"title": _("A date to keep free"), "text": _("What happens then, and where.")},
                ],
            },
        ),
        ("button", {"button": _("Everything in one place"), "link": "/", "layout": "start"}),
    ]


def _lesson() -> Parts:
    return [
        (
            "hero",
            {
                "eyebrow": _("Lesson one"),
                "heading": _("Begin with what you have"),
                "text": _("A short lesson to read now, and one small thing to do before the next one comes."),
                "button": "",
                "image": {"picture": "notebook", "alt": ""},
            },
        ),
        (
            "text",
            {
                "text": _(
                    "<p>Hello {{first_name|there}},</p><p>most people wait until everything is ready. Those who get far "
                    "begin with what is on the table. In this lesson you choose one thing and finish it.</p>"
                    "<p><strong>Your task:</strong> take twenty minutes, make the smallest version that works, and "
                    "write down what surprised you.</p>"
                )
            },
        ),
        ("button", {"button": _("Open the lesson"), "link": "/", "layout": "start"}),
        ("text", {"text": _("<p>The next lesson comes in three days. Stuck? Reply to this mail.</p>")}),
    ]


def _thanks() -> Parts:
    return [
        ("heading", {"heading": _("Thank you, really")}),
        ("image", {"image": {"picture": "letter", "alt": ""}}),
        (
            "text",
            {
                "text": _(
                    "<p>Hello {{first_name|there}},</p><p>you bought something from a small business, and that is not a "
                    "small thing to us. It is packed by hand by people who like what they do.</p>"
                    "<p>If anything isn’t right, tell us first: we will put it right.</p>"
                )
            },
        ),
        (
            "questions",
            {
                "heading": _("Good to know"),
                "items": [
                    {"question": _("When will it be here?"), "answer": _("<p>Say how long it usually takes.</p>")},
                    {"question": _("Can I send it back?"), "answer": _("<p>Say how, and until when.</p>")},
                ],
            },
        ),
    ]


def _survey() -> Parts:
    return [
        ("heading", {"heading": _("Three questions, two minutes")}),
        (
            "text",
            {
                "text": _(
                    "<p>Hello {{first_name|there}},</p><p>we are deciding what to make next, and we would rather ask than "
                    "guess. Three questions, no account, and we publish what came out.</p>"
                )
            },
        ),
        ("button", {"button": _("Answer the three questions"), "link": "/", "layout": "start"}),
        ("text", {"text": _("<p>You can also reply with one sentence. That helps just as much.</p>")}),
    ]


LETTERS = (
    Starter(
        key="letter",
        label=gettext_lazy("Plain letter"),
        text=gettext_lazy("Words as one writes them to a friend. It reads best, and it arrives best."),
        parts=letter,
        subject=lambda: "",
        preheader=lambda: "",
    ),
    Starter(
        key="news",
        label=gettext_lazy("Newsletter"),
        text=gettext_lazy("A headline and two stories, each with a link."),
        parts=_news,
        subject=lambda: _("What is new this month"),
        preheader=lambda: _("Two stories, less than a minute each"),
    ),
    Starter(
        key="welcome",
        label=gettext_lazy("Welcome"),
        text=gettext_lazy("The first mail to somebody who has just confirmed your list."),
        parts=_welcome,
        subject=lambda: _("Good to have you here"),
        preheader=lambda: _("What you will hear from us, and how often"),
    ),
    Starter(
        key="digest",
        label=gettext_lazy("Digest"),
        text=gettext_lazy("Five short things in one mail, for people who skim."),
        parts=_digest,
        subject=lambda: _("Five things worth your time"),
        preheader=lambda: _("Read, try, made, asked, and a date"),
        theme="harbour",
    ),
    Starter(
        key="lesson",
        label=gettext_lazy("Course lesson"),
        text=gettext_lazy("One lesson, one small task, and when the next one comes."),
        parts=_lesson,
        subject=lambda: _("Lesson one: begin with what you have"),
        preheader=lambda: _("Twenty minutes, and one small task"),
        theme="harbour",
    ),
    Starter(
        key="thanks",
        label=gettext_lazy("Thank-you"),
        text=gettext_lazy("After a purchase: thanks, and answers to what people ask next."),
        parts=_thanks,
        subject=lambda: _("Thank you, {{first_name|really}}"),
        preheader=lambda: _("What happens now, and where to ask"),
    ),
    Starter(
        key="survey",
        label=gettext_lazy("Question to readers"),
        text=gettext_lazy("Asks for two minutes, and says what they are for."),
        parts=_survey,
        subject=lambda: _("May I ask you three questions?"),
        preheader=lambda: _("Two minutes; we publish what came out"),
        theme="fig",
    ),
)
