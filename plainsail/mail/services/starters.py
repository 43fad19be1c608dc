"""What a new mail starts from: finished words, never a blank page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.blocks.services import documents
from plainsail.blocks.services.documents import Document

THEME = "juniper"
Parts = list[tuple[str, dict[str, Any]]]


@dataclass(frozen=True, kw_only=True)
class Starter:
    """One mail to start from."""

    key: str
    label: str | Promise
    text: str | Promise
    icon: str
    parts: Callable[[], Parts]
    subject: Callable[[], str]
    preheader: Callable[[], str]

    def document(self) -> Document:
        return documents.build(THEME, self.parts())


def _letter() -> Parts:
    return [("text", {"text": _("<p>Hello {{first_name|there}},</p><p>Write as you would to one person.</p>")})]


def _news() -> Parts:
    return [
        ("heading", {"heading": _("What is new this month")}),
        ("text", {"text": _("<p>Hello {{first_name|there}},</p><p>one or two sentences that lead in.</p>")}),
        ("image", {"image": {"picture": "hills", "alt": ""}}),
        ("heading", {"heading": _("First story"), "size": "small"}),
        ("text", {"text": _("<p>What happened, and why it matters to the person who reads this.</p>")}),
        ("button", {"button": _("Read on"), "link": "/", "layout": "start"}),
        ("divider", {}),
        ("heading", {"heading": _("Second story"), "size": "small"}),
        ("text", {"text": _("<p>A few sentences are enough.</p>")}),
    ]


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


ALL = (
    Starter(
        key="letter",
        label=gettext_lazy("Plain letter"),
        text=gettext_lazy("Words as one writes them to a friend. It reads best, and it arrives best."),
        icon="file-text",
        parts=_letter,
        subject=lambda: "",
        preheader=lambda: "",
    ),
    Starter(
        key="news",
        label=gettext_lazy("Newsletter"),
        text=gettext_lazy("A headline and two stories, each with a link."),
        icon="book-open",
        parts=_news,
        subject=lambda: _("What is new this month"),
        preheader=lambda: "",
    ),
    Starter(
        key="offer",
        label=gettext_lazy("Offer"),
        text=gettext_lazy("One thing to decide, with a picture, the reasons and a button."),
        icon="tag",
        parts=_offer,
        subject=lambda: "",
        preheader=lambda: "",
    ),
)


def by_key(key: str) -> Starter | None:
    return next((starter for starter in ALL if starter.key == key), None)


def letter() -> Document:
    """Hello, and room to write."""
    return documents.build(THEME, _letter())


def welcome() -> Document:
    """The first mail after somebody confirmed."""
    return documents.build(THEME, _welcome())
