"""Words and shares that the screens of mail need."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from plainsail.mail.models import Delivery
from plainsail.tracking.models import Agent

register = template.Library()

CAUSES: dict[str, str | Promise] = {
    "hard": _("The address does not exist"),
    "soft_recipient": _("The mailbox is full or out of order"),
    "message_fault": _("The server did not like this message"),
    "sender_reputation": _("The server does not trust the sender"),
    "put_off_too_long": _("The server was busy for three days"),
    "unwritable": _("The message could not be put together"),
    "unreadable": _("The message could not be read any more"),
    "unmailable": _("No mail can be sent to such an address"),
    "no_contact": _("The contact was deleted"),
    "no_consent": _("They left the list before it was sent"),
    "stopped": _("Stopped by somebody on the team"),
    "worker_lost": _("The sending process was lost at that moment"),
    "no_answer": _("The server took it all and never answered"),
    "said_by_person": _("Somebody on the team said so"),
    "unsubscribed": _("They asked never to be written to"),
    "hard_bounce": _("The address bounced before"),
    "complaint": _("They once marked a mail as spam"),
    "manual": _("Blocked by the team"),
    "soft_bounces": _("Its mailbox took no mail several times in a row"),
    "paused": _("They asked for some weeks without mail"),
}
SIGNS: dict[str, str | Promise] = {
    "": _("No sign of a program"),
    "head": _("It asked for the link without its page"),
    "hidden_link": _("It followed a link that no reader sees"),
    "beside_hidden_link": _("It came with a link that no reader sees"),
    "many_links_at_once": _("Many links within seconds"),
    "no_user_agent": _("It said nothing of itself"),
    "known_proxy": _("It named itself as a proxy"),
    "mail_privacy": _("Apple’s Mail Privacy Protection"),
    "known_program": _("It named itself as a program"),
    "prefetch": _("Fetched ahead"),
    "before_delivery": _("Before the message was delivered"),
}


REASONS: dict[str, str | Promise] = {
    "no_such_mailbox": _("No such mailbox"),
    "no_such_domain": _("No such domain"),
    "mailbox_disabled": _("The mailbox is switched off"),
    "mailbox_full": _("The mailbox is full"),
    "mailbox_busy": _("The mailbox gets too much mail"),
    "sender_not_on_its_list": _("It takes mail only from a list of its own"),
    "server_unreachable": _("Its server was out of reach"),
    "server_in_trouble": _("Its server was in trouble"),
    "some_recipients": _("Some of those behind the address got it"),
    "too_large": _("The message was too large"),
    "malformed": _("The message was not in order"),
    "content_refused": _("What it says was refused"),
    "sender_refused": _("The sender was refused"),
    "sent_too_much": _("More was sent than the mail server lets out"),
    "not_authenticated": _("SPF, DKIM or DMARC failed"),
    "blocklisted": _("The sending server is on a blocklist"),
    "taken_for_spam": _("It was taken for spam"),
    "refused_by_policy": _("Refused by the provider’s rules"),
    "unexplained": _("No reason given"),
    "on_services_list": _("The mail service keeps the address on a list of its own"),
    "unexplained_bounce": _("No reason given"),
    "abuse_report": _("The reader marked it as spam"),
    "auto_reply": _("An automatic answer, such as of somebody on holiday"),
    "still_trying": _("The server still tries"),
    "not_understood": _("Nobody could tell"),
}


@register.filter
def reason_words(reason: str) -> str:
    """Why a message came back, as people say it."""
    return str(REASONS.get(reason, reason))


@register.filter
def agent_words(agent: str) -> str:
    """A class of agent as people say it."""
    return str(Agent(agent).label) if agent in Agent.values else agent


@register.filter
def sign_words(reason: str) -> str:
    """Why a hit has its class, as people say it."""
    if reason.startswith("network_"):
        return str(_("Network of %(owner)s")) % {"owner": reason.removeprefix("network_").capitalize()}
    return str(SIGNS.get(reason, reason))


@register.filter
def share(part: float, whole: int) -> str:
    """`31%`; one decimal below ten percent, a dash where there is nothing to share."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    return f"{percent:.1f}%" if 0 < percent < 9.95 else f"{percent:.0f}%"


@register.filter
def time_left(left: timedelta) -> str:
    """About how long something still takes: `less than a minute`, `about 5 minutes`, `about 3 hours`."""
    minutes = round(left.total_seconds() / 60)
    if minutes < 1:
        return gettext("less than a minute left")
    if minutes < 90:
        return ngettext("about %(n)s minute left", "about %(n)s minutes left", minutes) % {"n": minutes}
    hours = round(minutes / 60)
    if hours < 48:
        return ngettext("about %(n)s hour left", "about %(n)s hours left", hours) % {"n": hours}
    return ngettext("about %(n)s day left", "about %(n)s days left", round(hours / 24)) % {"n": round(hours / 24)}


@register.filter
def along(value: float, rows: Sequence[Any]) -> str:
    """Where a rate lies on an axis from nothing to the highest end of any row's interval, from 0 to 100."""
    longest = max((row.high for row in rows), default=0.0) or 1.0
    return f"{100 * value / longest:.1f}"


@register.filter
def state_words(state: str) -> str:
    """A delivery's state as people say it."""
    return str(Delivery.State(state).label) if state in Delivery.State.values else state


@register.filter
def cause_words(cause: str) -> str:
    """Why a message ended as it did, as people say it."""
    return str(CAUSES.get(cause, cause))
