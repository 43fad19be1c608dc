"""Everything that contracts plug into the rest of the house."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.commerce.events import InvoiceDeclined, InvoicePaid
from plainsail.commerce.models import Invoice, Order
from plainsail.commerce.sockets import CLOCK_ACTIONS, RECEIPT_NOTES, RECURRING, ClockSource, ReceiptNote, Recurring
from plainsail.kernel.events import on
from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import contracts, dunning, links, renewal
from plainsail.ui.sockets import FOOTER_LINKS, FooterLink

RECURRING.register("subscriptions", Recurring(begin=contracts.begin))
CLOCK_ACTIONS.register("subscriptions", ClockSource(upcoming=renewal.upcoming, run=renewal.perform))

# The labels are fixed by law (§ 312k BGB; Consumer Rights Directive, art. 11a): change them with a lawyer only.
FOOTER_LINKS.register(
    "cancel", FooterLink(label=gettext_lazy("Cancel contracts here"), url="subscriptions:cancel_here", order=80)
)
FOOTER_LINKS.register(
    "withdraw", FooterLink(label=gettext_lazy("Withdraw from contract here"), url="subscriptions:withdraw_here", order=81)
)


@on(InvoicePaid, subscriber="subscriptions.settle")
def settle(event: InvoicePaid) -> None:
    """A renewal was paid."""
    dunning.settle(event.invoice_id, at=event.at)


@on(InvoiceDeclined, subscriber="subscriptions.decline")
def decline(event: InvoiceDeclined) -> None:
    """A renewal’s charge was declined."""
    dunning.decline(event.invoice_id, decline_class=event.decline_class, at=event.at)


def cancel_note(invoice: Invoice | None, order: Order | None, *, at: datetime) -> list[ReceiptNote]:
    """On every receipt of a contract: what renews, and the link that cancels it."""
    subscription = _contract_of(invoice, order)
    if subscription is None or subscription.is_ended:
        return []
    text = _("Contract %(number)s renews until you cancel.") % {"number": subscription.reference}
    url = links.absolute(subscription.workspace, links.cancel_path(subscription))
    return [ReceiptNote(text, link_label=_("Cancel subscription"), link_url=url)]


def _contract_of(invoice: Invoice | None, order: Order | None) -> Subscription | None:
    if invoice is not None and (found := queries.of_invoice(invoice.id)):
        return found
    return queries.of_order(order.id) if order is not None else None


RECEIPT_NOTES.register("subscriptions", cancel_note)

KEPT = "evidence of what was agreed and declared: three years from the end of the year (limitation of claims)"
for table, fields in {
    "subscription": ("account_id", "reference"),
    "subscriptionitem": (),
    "cancellationquote": ("result",),
    "cancellationrequest": ("payload", "email", "feedback"),
    "cancellation": (),
    "cancellationundo": (),
    "dunningcase": (),
    "notice": (),
}.items():
    PERSONAL_DATA.register(f"subscriptions.{table}", PersonalData(fields=fields, erase="keep", ground=KEPT))
