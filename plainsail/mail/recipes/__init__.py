"""Automations to start from, with finished words. One is offered where what starts it is there (see `Starter.needs`)."""

from __future__ import annotations

from plainsail.automations.sockets import Starter
from plainsail.mail.recipes import greeting, returning

ALL: dict[str, Starter] = {
    "mail.welcome": greeting.WELCOME,
    "mail.freebie": greeting.LEAD_MAGNET,
    "mail.course": greeting.COURSE_DRIP,
    "mail.event": greeting.EVENT_REMINDER,
    "mail.deal_won": greeting.DEAL_WON,
    "mail.birthday": returning.BIRTHDAY,
    "mail.win_back": returning.WIN_BACK,
    "mail.sunset": returning.SUNSET,
    "mail.regulars": returning.VIP,
    "mail.left_list": returning.LEFT,
}
