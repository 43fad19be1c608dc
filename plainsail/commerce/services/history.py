"""What happened to an order, told from the books and the rows; read by its page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from plainsail.commerce import queries
from plainsail.commerce.models import JournalEntry, Order
from plainsail.kernel.money import Money
from plainsail.payments.models import Charge, Dispute, Refund
from plainsail.payments.services import declines


@dataclass(frozen=True, kw_only=True)
class Happening:
    """One entry of an order's history, in the seller's time."""

    at: datetime
    icon: str
    tone: str
    title: str
    text: str | Promise = ""


def history_of(order: Order) -> list[Happening]:
    """Everything that happened to an order, newest first. A handful of queries."""
    charges, refunds = queries.charges_of_order(order), queries.refunds_of_order(order)
    told = [Happening(at=order.created_at, icon="shopping-cart", tone="neutral", title=_("Ordered"))]
    disputes = queries.disputes_of_order(order)
    times = _entered({row.id for row in [*charges, *refunds, *disputes]})
    told += [_charge(charge, times.get(charge.id, charge.created_at)) for charge in charges]
    told += [_dispute(dispute, times.get(dispute.id)) for dispute in disputes]
    for invoice in order.invoices.exclude(number="").order_by("issued_at"):
        title = _("Invoice %(number)s issued") % {"number": invoice.number}
        told.append(Happening(at=invoice.issued_at or order.created_at, icon="file-text", tone="neutral", title=title))
    for note in queries.notes_of_order(order):
        title = _("Refund of %(amount)s asked for") % {"amount": _shown(note.gross)}
        text = f"{note.number} · {note.reason}"
        told.append(Happening(at=note.issued_at, icon="undo-2", tone="warn", title=title, text=text))
    told += [_refund(refund, times.get(refund.id)) for refund in refunds if refund.id in times]
    if order.is_paid and not order.total_minor:
        told.append(
            Happening(at=order.paid_at or order.created_at, icon="play", tone="good", title=_("Begun without a charge"))
        )
    # What happened in the same instant is told in the order in which it can only have happened.
    return sorted(told, key=lambda one: one.at)[::-1]


def _entered(ids: set[object]) -> dict[object, datetime]:
    """When charges and refunds were entered in the books: the seller's time, whatever the clock did since."""
    rows = JournalEntry.objects.filter(source_type__in=["payment", "decline", "refund", "dispute"], source_id__in=ids)
    return dict(rows.values_list("source_id", "at"))


def _charge(charge: Charge, at: datetime) -> Happening:
    text = f"{charge.method}"
    if charge.has_succeeded:
        title = _("Paid %(amount)s") % {"amount": _shown(charge.amount)}
        return Happening(at=at, icon="circle-check", tone="good", title=title, text=text)
    if charge.was_declined:
        words = declines.words(charge.decline_class, charge.decline_code)
        return Happening(at=at, icon="credit-card", tone="bad", title=_("Payment declined"), text=f"{text} · {words}")
    if charge.state == Charge.State.REQUIRES_ACTION:
        return Happening(at=at, icon="clock", tone="warn", title=_("Waiting for the bank’s check"), text=text)
    return Happening(at=at, icon="clock", tone="warn", title=_("Payment on its way"), text=text)


def _dispute(dispute: Dispute, at: datetime | None) -> Happening:
    return Happening(
        at=at or dispute.created_at,
        icon="circle-alert",
        tone="bad",
        title=_("The customer disputes %(amount)s with the bank") % {"amount": _shown(dispute.amount)},
        text=_("The bank holds the money until it has decided; until then nothing can be refunded."),
    )


def _refund(refund: Refund, at: datetime | None) -> Happening:
    moment = at or refund.created_at
    amount = _shown(refund.amount)
    if refund.state == Refund.State.SUCCEEDED:
        title = _("%(amount)s paid back") % {"amount": amount}
        return Happening(at=moment, icon="circle-check", tone="good", title=title, text=f"{refund.charge.method}")
    title = _("Paying back %(amount)s failed") % {"amount": amount}
    text = _("The money is still owed. Refund it in another way, and say so to the customer.")
    return Happening(at=moment, icon="circle-alert", tone="bad", title=title, text=text)


def _shown(amount: Money) -> str:
    return amount.format(get_language() or "en")
