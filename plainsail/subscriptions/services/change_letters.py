"""What customers are told about a change of their plan: in the transaction of the change, once for each."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from plainsail.commerce.models import Invoice
from plainsail.commerce.services import clocks, receipts
from plainsail.kernel.money import Money
from plainsail.mail.services import transactional
from plainsail.mail.services.letters import letter
from plainsail.subscriptions.models import PlanChange
from plainsail.subscriptions.services import letter_words, letters, links, planning, switching

Rows = list[tuple[str, str]]


def changed(change: PlanChange, *, invoice: Invoice | None, at: datetime) -> None:
    """The receipt: what runs now, what was paid for it, what comes back, what is charged next."""
    with translation.override(letters.language_of(change.subscription)):
        button = (_("Open the receipt"), receipts.url(invoice)) if invoice is not None else None
        _send("plan_changed", change, _rows(change, at_once=invoice is not None), button=button, at=at)


def planned(change: PlanChange, *, at: datetime) -> None:
    """The confirmation of a change to come."""
    with translation.override(letters.language_of(change.subscription)):
        _send("plan_change_planned", change, _rows(change, at_once=False), at=at)


def taken_back(change: PlanChange, *, at: datetime) -> None:
    """A planned change was taken back."""
    with translation.override(letters.language_of(change.subscription)):
        rows = [(_("Next charge"), letters.next_charge(change.subscription))]
        _send("plan_change_taken_back", change, rows, at=at)


def not_changed(change: PlanChange, *, at: datetime) -> None:
    """The payment for a change didn’t come through, or came too late."""
    with translation.override(letters.language_of(change.subscription)):
        _send("plan_not_changed", change, [], at=at, plan=change.description)


def _rows(change: PlanChange, *, at_once: bool) -> Rows:
    quote = switching.from_json(change.carried or change.quote)
    paid = [
        (_("Charged"), shown(quote.charge)),
        (_("Money back"), shown(quote.comes_back) if quote.comes_back else _("None")),
    ]
    following = {"amount": shown(quote.next_charge), "day": day_of(quote.next_on)}
    return [
        (_("Contract"), f"{change.subscription.reference} · {change.workspace.name}"),
        (_("Plan until now"), change.old_item.description),
        (_("New plan"), planning.words(change)),
        (_("From"), day_of(quote.starts_on)),
        *(paid if at_once else []),
        (_("Charged next"), _("%(amount)s on %(day)s") % following),
    ]


def day_of(day: date) -> str:
    return date_format(day, "DATE_FORMAT")


def shown(amount: Money) -> str:
    return amount.format(translation.get_language() or "en")


def _send(
    kind: str,
    change: PlanChange,
    rows: Rows,
    *,
    button: tuple[str, str] | None = None,
    at: datetime,
    **facts: str,
) -> None:
    subscription = change.subscription
    if not subscription.account.email:
        return
    cancel = (_("Cancel subscription"), links.absolute(subscription.workspace, links.cancel_path(subscription)))
    said = letter_words.said(kind, subscription, **facts)
    html, text = letter(said.subject, said.paragraphs, button=button or cancel, rows=rows)
    transactional.send(
        kind=f"subscriptions.{kind}",
        to=subscription.account.email,
        subject=said.subject,
        text=text,
        html=html,
        key=f"{kind}:{change.id}",
        at=clocks.wall(at),
        contact_id=subscription.account.contact_id,
    )
