"""What customers are told about their add-ons: in the transaction of the change, once for each."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from plainsail.commerce.services import clocks
from plainsail.kernel.money import Money
from plainsail.mail.services import transactional
from plainsail.mail.services.letters import letter
from plainsail.subscriptions.models import AddonOrder, AddonRemoval, Subscription
from plainsail.subscriptions.services import letter_words, letters, links, quoting

if TYPE_CHECKING:
    from plainsail.subscriptions.services.addons import Quote

Rows = list[tuple[str, str]]


def added(order: AddonOrder, quote: Quote, *, at: datetime) -> None:
    """The confirmation: what runs now, what was charged, what is charged next, word for word what was agreed to."""
    subscription = order.subscription
    with translation.override(letters.language_of(subscription)):
        following = {"amount": shown(quote.next_charge), "day": day_of(quote.next_on)}
        rows = [
            (_("Contract"), f"{subscription.reference} · {subscription.workspace.name}"),
            (_("Added"), order.description),
            (_("Price"), f"{shown(quote.each)} {quote.every}"),
            (_("Charged"), shown(quote.charge)),
            (_("Charged next"), _("%(amount)s on %(day)s") % following),
        ]
        said = letter_words.said("addon_added", subscription, addon=order.description)
        words = [*said.paragraphs, _("You agreed to this: %(terms)s") % {"terms": order.consent.text}]
        _send("addon_added", subscription, said.subject, words, rows, key=order.id, at=at)


def removed(removal: AddonRemoval, promise: quoting.Quote, *, at: datetime) -> None:
    """The receipt of an add-on's cancellation: when it arrived, when it ends, what comes back."""
    subscription = removal.item.subscription
    with translation.override(letters.language_of(subscription)):
        rows = [
            (_("Reference"), removal.reference),
            (_("Contract"), f"{subscription.reference} · {subscription.workspace.name}"),
            (_("Cancelled"), removal.item.description),
            (_("Received"), letters.moment(removal.received_at, subscription.timezone)),
            (_("Ends"), letters.moment(removal.effective_at, subscription.timezone)),
            (_("Money back"), shown(promise.refund) if promise.refund_minor else _("None")),
            (_("Next charge"), letters.next_charge(subscription)),
        ]
        said = letter_words.said("addon_removed", subscription, addon=removal.item.description)
        _send("addon_removed", subscription, said.subject, said.paragraphs, rows, key=removal.id, at=at)


def kept(removal: AddonRemoval, *, at: datetime) -> None:
    """An add-on's cancellation was taken back."""
    subscription = removal.item.subscription
    with translation.override(letters.language_of(subscription)):
        rows = [(_("Reference"), removal.reference), (_("Next charge"), letters.next_charge(subscription))]
        said = letter_words.said("addon_kept", subscription, addon=removal.item.description)
        _send("addon_kept", subscription, said.subject, said.paragraphs, rows, key=removal.id, at=at)


def day_of(day: date) -> str:
    return date_format(day, "DATE_FORMAT")


def shown(amount: Money) -> str:
    return amount.format(translation.get_language() or "en")


def _send(
    kind: str, subscription: Subscription, subject: str, words: list[str], rows: Rows, *, key: UUID, at: datetime
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
        key=f"{kind}:{key}",
        at=clocks.wall(at),
        contact_id=subscription.account.contact_id,
    )
