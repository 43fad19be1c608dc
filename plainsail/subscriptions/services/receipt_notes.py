"""What stands on every receipt of a contract."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from plainsail.commerce.models import Invoice, Order
from plainsail.commerce.services import statutes, withdrawing
from plainsail.commerce.sockets import ReceiptNote
from plainsail.kernel.periods import local_date
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import agreed, links


def of(invoice: Invoice | None, order: Order | None, *, at: datetime) -> list[ReceiptNote]:
    """On every receipt of a contract: what is paid and when, and the link that cancels it."""
    subscription = _contract_of(invoice, order)
    if subscription is not None and subscription.is_paid_off:
        return [ReceiptNote(_("Contract %(number)s is paid off.") % {"number": subscription.reference})]
    if subscription is None or subscription.is_ended:
        return []
    words = "; ".join(agreed.terms(subscription, at=at))
    text = _("Contract %(number)s: %(terms)s.") % {"number": subscription.reference, "terms": words}
    url = links.absolute(subscription.workspace, links.cancel_path(subscription))
    return [
        *_agreed_note(subscription, invoice),
        ReceiptNote(text, link_label=_("Cancel subscription"), link_url=url),
        *_withdrawal_note(subscription, at=at),
    ]


def _agreed_note(subscription: Subscription, invoice: Invoice | None) -> list[ReceiptNote]:
    """The words that were agreed to, on the first receipt of a contract that no order began; orders tell theirs themselves."""
    if (
        subscription.consent is None
        or invoice != queries.invoices_of(subscription).order_by("created_at", "id").first()
    ):
        return []
    return [ReceiptNote(_("You agreed to this: %(terms)s") % {"terms": subscription.consent.text})]


def _withdrawal_note(subscription: Subscription, *, at: datetime) -> list[ReceiptNote]:
    """That a consumer can withdraw, until when and where, while they can."""
    last_on = statutes.withdrawal_until(subscription.started_at, zone=subscription.timezone)
    if not subscription.account.is_consumer or local_date(at, subscription.timezone) > last_on:
        return []
    return [withdrawing.of_contract(subscription.workspace, last_on)]


def _contract_of(invoice: Invoice | None, order: Order | None) -> Subscription | None:
    if invoice is not None and (found := queries.of_invoice(invoice.id)):
        return found
    return queries.of_order(order.id) if order is not None else None
