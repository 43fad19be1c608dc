"""Declarations that belong to no contract: an order that is withdrawn from is paid back, all else is put aside with a word."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.accounts.models import User
from plainsail.commerce.models import Invoice, Order
from plainsail.commerce.services import receipts, refunding
from plainsail.kernel.errors import Refusal
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import CancellationRequest, SettledRequest
from plainsail.subscriptions.queries import UNMATCHED

MOST = 100
"""Orders that one declaration can mean."""


class SettledAlready(Refusal):
    """Somebody matched it, paid it back or put it aside meanwhile."""

    code = "settled_already"
    message = gettext_lazy("Somebody has dealt with this meanwhile.")


class NotMeant(Refusal):
    """The order began a contract, is paid back, or is somebody else's."""

    code = "not_meant"
    message = gettext_lazy("This declaration can’t mean that order any more. Please look again.")


def refuse_unmeant(notice: CancellationRequest, order: Order) -> None:
    """An order with a contract is cancelled, not paid back here. Raises NotMeant, SettledAlready."""
    if SettledRequest.objects.filter(request=notice).exists():
        raise SettledAlready
    if order not in queries.orders_meant(notice, most=MOST):
        raise NotMeant


@transaction.atomic
def pay_back(request_id: UUID, order: Order, *, by: User, at: datetime) -> SettledRequest:
    """An order was withdrawn from: all of it that isn't paid back yet goes back, and its customer is told by the refund's mail.

    `at` is the seller's time. Raises SettledAlready, NothingPaid, ExceedsPaid, Disputed.
    """
    made = _settle(request_id, order=order, words="", by=by, at=at)
    invoice = Invoice.objects.filter(order=order).exclude(number="").order_by("issued_at").first()
    if invoice is None:
        raise refunding.NothingPaid
    with translation.override(receipts.language_of(order)):
        reason = _("Withdrawal")
    refunding.refund_invoice(invoice, amount=invoice.returnable, reason=reason, at=at)
    return made


@transaction.atomic
def put_aside(request_id: UUID, *, words: str, by: User, at: datetime) -> SettledRequest:
    """Nothing here is meant by it, and somebody says why. Whoever sent it hears nothing. Raises SettledAlready."""
    return _settle(request_id, order=None, words=words, by=by, at=at)


@transaction.atomic
def take_up_again(request_id: UUID) -> None:
    """It was put aside by mistake: it waits again, and counts from its arrival as before. Not where an order was paid back."""
    SettledRequest.objects.filter(request_id=request_id, order=None).delete()


def _settle(request_id: UUID, *, order: Order | None, words: str, by: User, at: datetime) -> SettledRequest:
    waiting = CancellationRequest.objects.select_for_update(of=("self",)).filter(UNMATCHED, id=request_id)
    if (notice := waiting.first()) is None:
        raise SettledAlready
    made: SettledRequest = SettledRequest.objects.create(
        request=notice, order=order, words=words, by=by.email, settled_at=at, created_at=at
    )
    return made
