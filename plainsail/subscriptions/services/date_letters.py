"""What customers are told, and agree to, about pauses and about another day for their next charge: once for each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from plainsail.commerce.services import clocks
from plainsail.kernel.money import Money
from plainsail.mail.services import transactional
from plainsail.mail.services.letters import Linked, letter
from plainsail.subscriptions.models import DateMove, Pause, Subscription
from plainsail.subscriptions.services import letter_words, letters, links

Rows = list[tuple[str, str]]


def paused(subscription: Subscription, *, begins_on: date, pause: Pause, at: datetime) -> None:
    """The confirmation of a pause: from when nothing is paid for, how it goes on, and what that costs."""
    with translation.override(letters.language_of(subscription)):
        said = letter_words.said("paused", subscription)
        words = said.paragraphs
        goes_on = _("When you say so, in your account")
        if pause.resumes_on is not None:
            goes_on = _("On %(day)s, by itself") % {"day": shown_day(pause.resumes_on)}
        rows = [
            (_("Paid for until"), _("the beginning of %(day)s") % {"day": shown_day(begins_on)}),
            (_("Goes on"), goes_on),
        ]
        if pause.resumes_on is not None:
            amount = Money(pause.shown_minor or 0, subscription.currency)
            rows.append((_("Charged that day"), shown(amount)))
            words.append(_("You can end the pause sooner, or cancel, whenever you like."))
        _send("paused", subscription, said.subject, words, rows, key=f"paused:{pause.id}", at=at)


def suspended(subscription: Subscription, *, pause: Pause, at: datetime) -> None:
    """Nobody paid, so the contract rests: nothing is owed, and how to go on."""
    with translation.override(letters.language_of(subscription)):
        said = letter_words.said("suspended", subscription)
        account = Linked(
            _("Give another card there, then end the pause:"), _("Your account"), links.account_url(subscription)
        )
        words: list[str | Linked] = [*said.paragraphs, account]
        _send("suspended", subscription, said.subject, words, [], key=f"suspended:{pause.id}", at=at)


def pause_consent(
    subscription: Subscription, *, begins_on: date, resumes_on: date | None, amount: Money | None, seller: str
) -> str:
    facts: dict[str, Any] = {
        "contract": subscription.reference,
        "seller": seller,
        "begins": shown_day(begins_on),
    }
    if resumes_on is None or amount is None:
        return (
            _(
                "I pause contract %(contract)s with %(seller)s: nothing is charged from %(begins)s on until I say that it "
                "goes on. I can cancel online at any time."
            )
            % facts
        )
    return _(
        "I pause contract %(contract)s with %(seller)s: nothing is charged from %(begins)s on. On %(day)s it goes on by "
        "itself and %(amount)s is charged. I can end the pause sooner and cancel online at any time."
    ) % {**facts, "day": shown_day(resumes_on), "amount": shown(amount)}


def resumed(subscription: Subscription, *, amount: Money, next_on: date, at: datetime) -> None:
    """The contract goes on: what is charged now, and when next."""
    with translation.override(letters.language_of(subscription)):
        said = letter_words.said("resumed", subscription)
        rows = [
            (_("Charged now"), shown(amount) if amount else _("Nothing")),
            (_("Next charge"), shown_day(next_on)),
        ]
        key = f"resumed:{subscription.id}:{at.isoformat()}"
        _send("resumed", subscription, said.subject, said.paragraphs, rows, key=key, at=at)


def asks_to_go_on(subscription: Subscription, *, at: datetime) -> None:
    """A pause should have ended by itself, but going on costs more than was said: the customer decides."""
    with translation.override(letters.language_of(subscription)):
        subject = _("Your pause is over, and we need your word: %(contract)s") % {"contract": subscription.reference}
        words: list[str | Linked] = [
            _("Going on costs more today than we told you, so nothing was charged and your contract stays paused."),
            Linked(_("Look at the amount and decide:"), _("Your account"), links.account_url(subscription)),
        ]
        _send("pause_asks", subscription, subject, words, [], key=f"asks:{subscription.id}:{at.isoformat()}", at=at)


def moved(subscription: Subscription, move: DateMove, *, effect: Rows, at: datetime) -> None:
    """The receipt of another day: what it means, row by row as it was shown."""
    with translation.override(letters.language_of(subscription)):
        said = letter_words.said("charge_date_moved", subscription)
        rows = [(_("Contract"), f"{subscription.reference} · {subscription.workspace.name}"), *effect]
        key = f"moved:{move.id}"
        _send("charge_date_moved", subscription, said.subject, said.paragraphs, rows, key=key, at=at)


def shown(amount: Money) -> str:
    return amount.format(translation.get_language() or "en")


def shown_day(day: date) -> str:
    return date_format(day, "DATE_FORMAT")


def _send(
    kind: str,
    subscription: Subscription,
    subject: str,
    words: Sequence[str | Linked],
    rows: Rows,
    *,
    key: str,
    at: datetime,
) -> None:
    if not subscription.account.email:
        return
    cancel = (_("Cancel subscription"), links.absolute(subscription.workspace, links.cancel_path(subscription)))
    html, text = letter(subject, words, button=cancel, rows=rows)
    transactional.send(
        kind=f"subscriptions.{kind}",
        to=subscription.account.email,
        subject=subject,
        text=text,
        html=html,
        key=key,
        at=clocks.wall(at),
        contact_id=subscription.account.contact_id,
    )
