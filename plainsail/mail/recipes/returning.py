"""Recipes for people whom you know: birthdays, those who are away, those who buy most, those who leave."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.contacts.models import CustomField
from plainsail.contacts.services import fields
from plainsail.mail.services.recipes import (
    Kitchen,
    Part,
    Start,
    add_tag,
    end,
    if_in,
    leave_list,
    letter,
    recipe,
    remove_tag,
    wait,
)

QUIET_DAYS = 120
AWAY_DAYS = 90
MANY = 3
"""Purchases after which somebody is a regular."""


def _birthday() -> list[Part]:
    return [
        letter(
            _("Happy birthday, {{first_name|you}}"),
            _("A small thing for your day"),
            _(
                "today is yours. We have something small for you: mention this mail when you "
                "order in the next two weeks, and there is a surprise in the parcel."
            ),
            _("Have a good day, and somebody who bakes."),
        ),
        wait(10, in_the_morning=True),
        letter(
            _("Your birthday surprise waits four more days"),
            _("No more than a nudge"),
            _(
                "your surprise is still here, until Sunday. If you don’t need anything just "
                "now, that is a good birthday too."
            ),
            button=_("Have a look"),
        ),
    ]


def _born(kitchen: Kitchen) -> dict[str, Any]:
    """The date field that says when somebody was born; made at the first need."""
    known = kitchen.workspace.custom_fields.filter(archived_at=None, kind=CustomField.Kind.DATE).order_by(
        "position", "id"
    )
    found = known.filter(key="birthday").first() or _field(kitchen)
    return {"field": found.key, "offset": 0, "time": "09:00", "yearly": True}


def _field(kitchen: Kitchen) -> CustomField:
    return fields.define(kitchen.workspace, label="Birthday", kind=CustomField.Kind.DATE, at=kitchen.at)


BIRTHDAY = recipe(
    label=gettext_lazy("Birthday"),
    text=gettext_lazy("Good wishes at nine in the morning of the day, with a small surprise, and one reminder of it."),
    icon="gift",
    start=Start(
        kind="contacts.their_day", icon="gift", says=lambda: _("On their birthday"), config=_born, policy="every"
    ),
    parts=_birthday,
    order=110,
)


def _away() -> dict[str, Any]:
    """Bought once, and nothing for a while."""
    recent = {"field": "bought", "op": "has", "value": "", "count": 1, "days": AWAY_DAYS}
    return {"all": [{"field": "bought", "op": "has", "value": "", "count": 1}, {"not": recent}]}


def _win_back() -> list[Part]:
    return [
        letter(
            _("We have not seen you for a while"),
            _("Three things that are new"),
            _(
                "it is three months since you were here. In the meantime three things changed: "
                "we made the one that everybody asked for, we stopped the one that nobody "
                "liked, and the tea is better."
            ),
            button=_("See what is new"),
        ),
        wait(10, in_the_morning=True),
        if_in(
            _("Away for three months"),
            _away(),
            yes=[
                letter(
                    _("Something for coming back"),
                    _("Until the end of the month"),
                    _(
                        "we would like to see you again. Reply to this mail with what you need, and we "
                        "make you a price that is only for you."
                    ),
                ),
            ],
            no=[add_tag(_("Came back"))],
        ),
    ]


WIN_BACK = recipe(
    label=gettext_lazy("Win back"),
    text=gettext_lazy(
        "Whoever bought once and not for three months hears what is new, and gets an offer if they stay away."
    ),
    icon="history",
    start=Start(
        kind="contacts.segment_entered",
        icon="users",
        says=lambda: _("Comes into “%(segment)s”") % {"segment": _("Away for three months")},
        config=lambda kitchen: {"segment": kitchen.segment(_("Away for three months"), _away())},
        policy="again",
    ),
    parts=_win_back,
    order=120,
)


def _quiet() -> dict[str, Any]:
    """Was sent mail and has not touched any for a while."""
    return {
        "all": [
            {"field": "mail_sent", "op": "ever"},
            {"field": "mail_clicked", "op": "not_within", "value": QUIET_DAYS},
            {"field": "mail_opened", "op": "not_within", "value": QUIET_DAYS},
        ]
    }


def _sunset() -> list[Part]:
    return [
        letter(
            _("Shall we go on writing to you?"),
            _("One click says yes"),
            _(
                "you have not opened our mails for four months, and we would rather not be "
                "noise. If you want to go on, press the button, and all stays as it is."
            ),
            _("If you don’t, you need not do anything: in two weeks we take you off the list."),
            button=_("Yes, go on"),
        ),
        wait(14, in_the_morning=True),
        if_in(
            _("Silent for four months"),
            _quiet(),
            yes=[
                letter(
                    _("Goodbye, and thank you"),
                    _("You get no more mail from us"),
                    _(
                        "we take you off our list today, so that your inbox is lighter by one. If you "
                        "ever want to come back, the form is on our page."
                    ),
                ),
                wait(1, "hours"),
                leave_list(),
                add_tag(_("Left quietly")),
            ],
            no=[add_tag(_("Still with us"))],
        ),
    ]


SUNSET = recipe(
    label=gettext_lazy("Re-engage or let go"),
    text=gettext_lazy(
        "Four months without a click or a look: you ask once, wait two weeks, and take "
        "off the list whoever stays silent."
    ),
    icon="mail-open",
    start=Start(
        kind="contacts.segment_entered",
        icon="users",
        says=lambda: _("Comes into “%(segment)s”") % {"segment": _("Silent for four months")},
        config=lambda kitchen: {"segment": kitchen.segment(_("Silent for four months"), _quiet())},
        policy="again",
    ),
    parts=_sunset,
    order=130,
)


def _regular() -> dict[str, Any]:
    return {"all": [{"field": "bought", "op": "has", "value": "", "count": MANY}]}


def _vip() -> list[Part]:
    return [
        add_tag(_("VIP")),
        letter(
            _("You are one of our regulars"),
            _("And that has advantages"),
            _(
                "this is your third purchase, and we wanted to say thank you in person. From "
                "today you hear of everything new a day before the others."
            ),
            _("If you ever need something out of turn, reply to this mail. It comes to the owner."),
        ),
    ]


VIP = recipe(
    label=gettext_lazy("Regulars"),
    text=gettext_lazy(
        "With the third purchase somebody becomes a regular: a tag, a personal thank- "
        "you, and news ahead of the others."
    ),
    icon="star",
    start=Start(
        kind="contacts.segment_entered",
        icon="users",
        says=lambda: _("Comes into “%(segment)s”") % {"segment": _("Bought three times")},
        config=lambda kitchen: {"segment": kitchen.segment(_("Bought three times"), _regular())},
    ),
    parts=_vip,
    order=140,
)


def _left() -> list[Part]:
    return [remove_tag(_("Freebie")), remove_tag(_("Student")), add_tag(_("Left the list")), end()]


LEFT = recipe(
    label=gettext_lazy("Leaves a list"),
    text=gettext_lazy(
        "Whoever leaves gets no more mail, but their tags are put in order, so that nothing else starts by mistake."
    ),
    icon="user-minus",
    start=Start(
        kind="contacts.list_left",
        icon="user-minus",
        says=lambda: _("Leaves the list"),
        config=lambda kitchen: {"list": str(kitchen.topic.id)},
        policy="every",
    ),
    parts=_left,
    order=150,
)
