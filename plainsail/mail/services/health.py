"""How a sender stands with mailbox providers: what came back in the last thirty days, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.mail import queries
from plainsail.mail.models import Sender
from plainsail.mail.queries import Health, OfDomain
from plainsail.mail.services import brakes, replies
from plainsail.ui.charts import Series

FEW = 100
"""Messages below which shares say nothing."""
DEAD_WARN = 2
DEAD_BAD = 5
"""Percent of addresses that don't exist: lists over two are pausing matters, over five providers block."""

ADVICE: dict[str, str | Promise] = {
    "not_authenticated": gettext_lazy("Set the domain up under Settings → Sending domains until all rows are green."),
    "blocklisted": gettext_lazy(
        "The server’s words say which list it is. Find out on that list’s page why, mend it, and ask to be taken off."
    ),
    "taken_for_spam": gettext_lazy(
        "Write only to people who asked for it and open your mail, and look at the last mail with a spam checker."
    ),
    "refused_by_policy": gettext_lazy("Write to whoever runs that server, with its words, and ask what they miss."),
    "sender_refused": gettext_lazy(
        "The server doubts that the sender’s address exists. Check it, and its domain’s MX record."
    ),
    "sent_too_much": gettext_lazy(
        "The mail server lets out only so much in an hour or a day. Wait until that begins anew, then let it go on, and give the "
        "sender a limit below it."
    ),
}


@dataclass(frozen=True)
class Panel:
    """What the page of a sender shows: sums, a line for each kind of trouble by day, and the mailbox domains behind it."""

    sums: Health
    back: list[Series]
    sent: list[Series]
    domains: list[OfDomain]

    @property
    def is_enough(self) -> bool:
        return self.sums.accepted >= FEW

    @property
    def complaints_tone(self) -> str:
        """Below 0.1 % is what Gmail asks for; at 0.2 % the brake holds."""
        if not self.is_enough:
            return "neutral"
        rate = self.sums.complaints / self.sums.accepted
        return "good" if rate < float(brakes.COMPLAINTS) / 2 else "warn" if rate < float(brakes.COMPLAINTS) else "bad"

    @property
    def dead_tone(self) -> str:
        if not self.is_enough:
            return "neutral"
        percent = 100 * self.sums.hard / self.sums.accepted
        return "good" if percent < DEAD_WARN else "warn" if percent < DEAD_BAD else "bad"


def panel(sender: Sender, *, zone: str, at: datetime) -> Panel:
    """Five statements over index ranges of thirty days; the ledger is read for automations only."""
    since = at - brakes.WINDOW
    tz = ZoneInfo(zone)
    days = [(since + timedelta(days=number)).astimezone(tz).date() for number in range(1, brakes.WINDOW.days + 1)]
    back, sent = (
        queries.back_by_day(sender, since=since, at=at, zone=zone),
        queries.sent_by_day(sender, since=since, at=at, zone=zone),
    )
    labels = [(day, date_format(day, "MONTH_DAY_FORMAT")) for day in days]

    def series(name: str, found: dict[object, int]) -> Series:
        return Series(name, [(label, found.get(day, 0)) for day, label in labels])

    return Panel(
        sums=queries.health_of(sender, since=since, at=at),
        back=[
            series(_("Dead addresses"), back.get("hard", {})),
            series(_("Mailboxes in trouble"), back.get("soft_recipient", {})),
            series(_("Reported as spam"), back.get("complaint", {})),
        ],
        sent=[series(_("Accepted"), sent)],
        domains=queries.back_by_domain(sender, since=since, at=at),
    )


def advice(sender: Sender) -> str:
    """What to do about a pause, where its reason says something definite."""
    return str(ADVICE.get(replies.explain(sender.pause_reason).reason, "")) if sender.is_paused else ""
