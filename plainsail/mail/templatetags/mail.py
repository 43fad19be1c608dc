"""Words and shares that the screens of mail need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from plainsail.mail.models import Delivery

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
    "unsubscribed": _("They asked never to be written to"),
    "hard_bounce": _("The address bounced before"),
    "complaint": _("They once marked a mail as spam"),
    "manual": _("Blocked by the team"),
}


@register.filter
def share(part: float, whole: int) -> str:
    """`31%`; one decimal below ten percent, a dash where there is nothing to share."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    return f"{percent:.1f}%" if 0 < percent < 9.95 else f"{percent:.0f}%"


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
