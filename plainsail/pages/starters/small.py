"""Pages on the way: thanks, coming soon, a short course by mail."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.pages.starters.base import Business, Sections, Starter, footer, form, picture


def _thanks(business: Business, form_id: UUID | None) -> Sections:
    return [
        (
            "hero",
            {
                "eyebrow": _("Done"),
                "heading": _("Thank you. It is on its way."),
                "text": _(
                    "Look in your inbox in a minute. If there is nothing, it is resting in the spam folder: pull it "
                    "out, and the next ones come by themselves."
                ),
                "button": "",
                "link": "",
                "image": picture("letter"),
                "layout": "below",
            },
        ),
        (
            "steps",
            {
                "heading": _("Meanwhile"),
                "items": [
                    {"title": _("Save our address"), "text": _("So that your mail program knows us next time.")},
                    {"title": _("Make a cup of tea"), "text": _("It is seven pages. You want to sit.")},
                    {
                        "title": _("Tell us one thing"),
                        "text": _("Answer the mail and say what you hoped to find. A person reads it."),
                    },
                ],
                "layout": "row",
                "ground": "tint",
            },
        ),
        (
            "button",
            {
                "heading": "",
                "text": _("Curious what else we do?"),
                "button": _("To the first page"),
                "link": "/",
                "layout": "band",
            },
        ),
        footer(business),
    ]


def _soon(business: Business, form_id: UUID | None) -> Sections:
    return [
        (
            "hero",
            {
                "eyebrow": business.name,
                "heading": _("Something good takes a little longer"),
                "text": _("We open in autumn. Until then the windows are papered over, and we are painting."),
                "button": _("Tell me when you open"),
                "link": "#form",
                "image": picture("sailboat"),
                "layout": "below",
            },
        ),
        form(
            form_id,
            heading=_("Be there on the first day"),
            text=_("One mail when the door opens, and a small present for whoever waited. Nothing before."),
            button=_("Tell me"),
            layout="centred",
        ),
        footer(business),
    ]


def _mail_course(business: Business, form_id: UUID | None) -> Sections:
    return [
        (
            "hero",
            {
                "eyebrow": _("Free course by mail, five days"),
                "heading": _("Bake bread that you don’t have to explain"),
                "text": _(
                    "One mail each morning, one small step, and on Friday there is a loaf on the table. Flour, water, "
                    "salt, a pot with a lid."
                ),
                "button": _("Begin tomorrow"),
                "link": "#form",
                "note": _("Written by somebody whose first thirty loaves were bricks."),
                "image": picture("cup"),
                "layout": "beside",
            },
        ),
        (
            "curriculum",
            {
                "heading": _("Five mornings"),
                "text": "",
                "items": [
                    {
                        "when": _("Monday"),
                        "title": _("A jar on the windowsill"),
                        "lessons": _("Two spoons, two spoons, stir"),
                    },
                    {
                        "when": _("Tuesday"),
                        "title": _("What flour wants"),
                        "lessons": _("Why the cheap one is often right"),
                    },
                    {
                        "when": _("Wednesday"),
                        "title": _("Water, more than you think"),
                        "lessons": _("The dough that sticks is the dough that rises"),
                    },
                    {
                        "when": _("Thursday"),
                        "title": _("Doing nothing, in time"),
                        "lessons": _("Fold, wait, fold, sleep"),
                    },
                    {
                        "when": _("Friday"),
                        "title": _("The pot"),
                        "lessons": _("Very hot, lid on, lid off, don’t cut it yet"),
                    },
                ],
                "layout": "cards",
                "ground": "tint",
            },
        ),
        (
            "quote",
            {
                "quote": _("My children asked whether we could keep it instead of eating it."),
                "name": _("Lotte F."),
                "role": _("Day five"),
                "layout": "centre",
            },
        ),
        form(
            form_id,
            heading=_("The first mail comes tomorrow at seven"),
            text=_("Five mails, then a letter now and then. Each one has a link to leave."),
            button=_("Begin tomorrow"),
            layout="beside",
        ),
        footer(business),
    ]


SMALL = (
    Starter(
        key="mail-course",
        purpose="leads",
        label=gettext_lazy("Course by mail"),
        text=gettext_lazy("Five mornings, one step each: a reason to leave an address that people look forward to."),
        words=gettext_lazy("lead magnet challenge email course free"),
        theme={"name": "linen"},
        slug="bread",
        has_form=True,
        sections=_mail_course,
        title=lambda business: _("Bread in five mornings"),
        description=lambda business: _("A free course by mail: one small step each morning, a loaf on Friday."),
        is_alone=True,
    ),
    Starter(
        key="thanks",
        purpose="small",
        label=gettext_lazy("Thank you"),
        text=gettext_lazy("What to do next, after somebody signed up or bought."),
        words=gettext_lazy("thank you confirmation after"),
        theme={"name": "juniper"},
        slug="thank-you",
        has_form=False,
        sections=_thanks,
        title=lambda business: _("Thank you"),
        description=lambda business: _("It is on its way. What to do meanwhile."),
        is_alone=True,
    ),
    Starter(
        key="soon",
        purpose="small",
        label=gettext_lazy("Coming soon"),
        text=gettext_lazy("Before you open: one sentence, one field."),
        words=gettext_lazy("coming soon waiting list opening"),
        theme={"name": "harbour"},
        slug="soon",
        has_form=True,
        sections=_soon,
        title=lambda business: _("Opening in autumn"),
        description=lambda business: _("%(name)s opens in autumn. Be told on the first day.") % {"name": business.name},
        is_alone=True,
    ),
)
