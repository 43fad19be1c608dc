"""Mails that ask for a decision: launches, sales, invitations, reminders. Finished words, to be made one's own."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.mail.services.starter import Parts, Starter


def _offer() -> Parts:
    return [
        (
            "hero",
            {
                "eyebrow": _("For a few days only"),
                "heading": _("Say what people get, in one line"),
                "text": _("Two or three sentences: who it is for, and what is better afterwards."),
                "button": _("Save my place"),
                "link": "/",
                "note": _("Until Sunday. Full refund up to a week before."),
                "image": {"picture": "bowls", "alt": ""},
            },
        ),
        (
            "features",
            {
                "heading": _("What is included"),
                "items": [
                    {"title": _("First thing"), "text": _("Why it matters.")},
                    {"title": _("Second thing"), "text": _("One or two sentences are enough.")},
                ],
            },
        ),
        ("button", {"text": _("Questions? Just reply to this mail."), "button": _("Save my place"), "link": "/"}),
    ]


def _launch() -> Parts:
    return [
        (
            "hero",
            {
                "eyebrow": _("New from today"),
                "heading": _("It is finished, and it is here"),
                "text": _(
                    "We worked on it for months, with the help of people like you. Today it opens for everybody."
                ),
                "button": _("Have the first look"),
                "link": "/",
                "image": {"picture": "sailboat", "alt": ""},
            },
        ),
        (
            "features",
            {
                "heading": _("Why we made it"),
                "items": [
                    {"title": _("You asked for it"), "text": _("The one thing that readers wrote to us about most.")},
                    {"title": _("It does one thing well"), "text": _("Say which, and what it leaves out on purpose.")},
                    {"title": _("It lasts"), "text": _("How it is made, and what happens if something breaks.")},
                ],
            },
        ),
        (
            "testimonials",
            {
                "heading": _("From those who tried it first"),
                "items": [{"quote": _("Put the words of a real person here."), "name": _("Their name"), "role": ""}],
            },
        ),
        ("button", {"button": _("Have the first look"), "link": "/"}),
    ]


def _sale() -> Parts:
    return [
        (
            "hero",
            {
                "eyebrow": _("Until Sunday evening"),
                "heading": _("The shelf has to be emptied"),
                "text": _(
                    "New things need the room. What is left of the last season costs less until Sunday, then it goes back to the studio."
                ),
                "button": _("See what is left"),
                "link": "/",
                "image": {"picture": "bowls", "alt": ""},
            },
        ),
        (
            "text",
            {
                "text": _(
                    "<p>No countdown, no tricks: the price that you see is the price that you pay, and what is gone is gone. "
                    "Everything can be sent back within fourteen days, as always.</p>"
                ),
                "ground": "tint",
            },
        ),
        ("button", {"button": _("See what is left"), "link": "/"}),
    ]


def _invitation() -> Parts:
    return [
        ("heading", {"heading": _("You are invited"), "align": "centre"}),
        ("image", {"image": {"picture": "cup", "alt": ""}}),
        (
            "text",
            {
                "text": _(
                    "<p>Dear {{first_name|friend}},</p><p>on a Saturday soon we open the doors, put the kettle on and show "
                    "how things are made. Come with whom you like, stay as long as you like.</p>"
                )
            },
        ),
        (
            "features",
            {
                "heading": _("The essentials"),
                "layout": "list",
                "items": [
                    {"title": _("When"), "text": _("Day, and from when to when")},
                    {"title": _("Where"), "text": _("Street, town, and how to get there")},
                    {"title": _("What it costs"), "text": _("Nothing; tell us that you come, so that there is cake")},
                ],
            },
        ),
        ("button", {"button": _("I’ll be there"), "link": "/"}),
    ]


def _winback() -> Parts:
    return [
        ("heading", {"heading": _("Shall we keep writing to you?")}),
        (
            "text",
            {
                "text": _(
                    "<p>Hello {{first_name|there}},</p><p>you haven’t looked at our mail for a while. That is fine: inboxes are "
                    "full. We would rather write to people who like it than to more people.</p>"
                    "<p>If you want to stay, press the button once. If not, you need not do anything.</p>"
                )
            },
        ),
        ("button", {"button": _("Yes, keep me on the list"), "link": "/", "layout": "start"}),
        (
            "text",
            {
                "text": _(
                    '<p>Or <a href="{{preferences_url}}">choose what you receive</a>: less often, or about one thing only.</p>'
                )
            },
        ),
    ]


def _cart() -> Parts:
    return [
        ("heading", {"heading": _("You left something behind")}),
        (
            "text",
            {
                "text": _(
                    "<p>Hello {{first_name|there}},</p><p>you had begun an order and didn’t finish it. Perhaps the telephone "
                    "rang; perhaps something was unclear. It is still there.</p>"
                )
            },
        ),
        ("button", {"button": _("Back to my order"), "link": "/", "layout": "start"}),
        (
            "questions",
            {
                "heading": _("What others asked first"),
                "items": [
                    {"question": _("What does delivery cost?"), "answer": _("<p>Say it here, in one sentence.</p>")},
                    {
                        "question": _("Can I change my mind?"),
                        "answer": _("<p>Say how long, and who pays the way back.</p>"),
                    },
                    {"question": _("How can I pay?"), "answer": _("<p>List the ways.</p>")},
                ],
            },
        ),
    ]


def _season() -> Parts:
    return [
        (
            "hero",
            {
                "eyebrow": _("The days are getting shorter"),
                "heading": _("Something warm to give"),
                "text": _(
                    "We picked what people liked best this year, and packed it so that it can go under a tree as it is."
                ),
                "button": _("See the presents"),
                "link": "/",
                "note": _("Ordered by the fifteenth, it is there in time."),
                "image": {"picture": "plant", "alt": ""},
                "layout": "below",
            },
        ),
        (
            "features",
            {
                "heading": _("For whom?"),
                "items": [
                    {
                        "title": _("For somebody who has everything"),
                        "text": _("Something that is used up, and remembered."),
                    },
                    {"title": _("For somebody new"), "text": _("A small thing that says: I thought of you.")},
                    {"title": _("For yourself"), "text": _("Yes, that is allowed.")},
                ],
            },
        ),
    ]


def _referral() -> Parts:
    return [
        ("heading", {"heading": _("Do you know somebody who would like this?")}),
        ("image", {"image": {"picture": "portrait", "alt": ""}}),
        (
            "text",
            {
                "text": _(
                    "<p>Hello {{first_name|there}},</p><p>most of our readers came because somebody they trust said: look at "
                    "this. If one person comes to your mind, forward them this mail. That is all.</p>"
                    "<p>For whoever comes through you there is a thank-you, and one for you.</p>"
                )
            },
        ),
        ("button", {"button": _("This is what I’d send them"), "link": "/", "layout": "start"}),
    ]


OFFERS = (
    Starter(
        key="offer",
        label=gettext_lazy("Offer"),
        text=gettext_lazy("One thing to decide, with a picture, the reasons and a button."),
        parts=_offer,
        subject=lambda: "",
        preheader=lambda: "",
    ),
    Starter(
        key="launch",
        label=gettext_lazy("Product launch"),
        text=gettext_lazy("What is new, why you made it, and what the first people say."),
        parts=_launch,
        subject=lambda: _("It is finished, and it is here"),
        preheader=lambda: _("Have the first look"),
        theme="harbour",
    ),
    Starter(
        key="sale",
        label=gettext_lazy("Sale"),
        text=gettext_lazy("A reason, an end, and no tricks."),
        parts=_sale,
        subject=lambda: _("The shelf has to be emptied"),
        preheader=lambda: _("Until Sunday evening"),
        theme="fig",
    ),
    Starter(
        key="invitation",
        label=gettext_lazy("Invitation"),
        text=gettext_lazy("When, where, what it costs, and a button to say yes."),
        parts=_invitation,
        subject=lambda: _("You are invited, {{first_name|friend}}"),
        preheader=lambda: _("Come with whom you like"),
    ),
    Starter(
        key="winback",
        label=gettext_lazy("Win back, or say goodbye"),
        text=gettext_lazy("For people who haven’t looked for a while: one honest question."),
        parts=_winback,
        subject=lambda: _("Shall we keep writing to you?"),
        preheader=lambda: _("One button, and you stay"),
    ),
    Starter(
        key="cart",
        label=gettext_lazy("Order not finished"),
        text=gettext_lazy("Brings people back to what they had begun, and answers what kept them."),
        parts=_cart,
        subject=lambda: _("You left something behind"),
        preheader=lambda: _("It is still there"),
        theme="harbour",
    ),
    Starter(
        key="season",
        label=gettext_lazy("Season’s greeting"),
        text=gettext_lazy("Presents sorted by whom they are for, and until when to order."),
        parts=_season,
        subject=lambda: _("Something warm to give"),
        preheader=lambda: _("Ordered by the fifteenth, it is there in time"),
    ),
    Starter(
        key="referral",
        label=gettext_lazy("Tell a friend"),
        text=gettext_lazy("Asks for one forwarded mail, and says thank you for it."),
        parts=_referral,
        subject=lambda: _("Do you know somebody who would like this?"),
        preheader=lambda: _("One person is enough"),
        theme="fig",
    ),
)
