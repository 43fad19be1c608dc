"""Money that is owed back and didn't get there: tried again, or paid back another way by somebody who says how."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.accounts.services import audit
from plainsail.commerce.models import CreditNote, HandRefund
from plainsail.commerce.services import clocks, ledger, refunding
from plainsail.commerce.services.ledger import Kind
from plainsail.kernel.errors import Refusal


class NothingOwed(Refusal):
    """It is on its way, has arrived, or was paid back by hand already."""

    code = "nothing_owed"
    message = _("Nothing of this is open any more.")


WHY = {
    "account_closed": _("the account is closed"),
    "lost_or_stolen_card": _("the card is reported lost or stolen"),
    "expired_or_canceled_card": _("the card has expired or was cancelled"),
    "declined": _("the bank declined"),
    "insufficient_funds": _("your balance at the payment service was too low"),
}
"""Codes that gateways give for refunds that failed ("failure_reason", docs.stripe.com/api/refunds/object), in words."""


def why(code: str) -> str:
    """In words where it is known, else as the gateway wrote it."""
    return str(WHY.get(code, code))


@transaction.atomic
def try_again(note_id: UUID, *, at: datetime) -> None:
    """Ask the gateway once more; a job sends it after the commit. Raises NothingOwed, ExceedsPaid, Disputed."""
    note = _locked(note_id)
    if refunding.owed(note).minor <= 0:
        raise NothingOwed
    refunding.pay_back(note, at=at)


@transaction.atomic
def paid_by_hand(note_id: UUID, *, how: str, by: User, at: datetime) -> HandRefund:
    """Somebody sent the rest of a note by themselves: the books are even, and it is never asked for again.

    `at` is the seller's time. Raises NothingOwed.
    """
    note = _locked(note_id)
    left = refunding.owed(note)
    if left.minor <= 0:
        raise NothingOwed
    made: HandRefund = HandRefund.objects.create(
        note=note, amount_minor=left.minor, currency=left.currency, how=how, by=by.email, at=at, created_at=at
    )
    ledger.post(
        "hand_refund",
        made.id,
        postings=[
            ledger.debit(Kind.REFUNDS_PAYABLE, left, note.invoice.billing_account_id),
            ledger.credit(Kind.CLEARING, left, "by_hand"),
        ],
        at=at,
        memo=note.number,
    )
    audit.record(
        "commerce.refunded_by_hand",
        by=by,
        at=clocks.wall(at),
        subject=note.number,
        subject_id=note.id,
        details={"amount_minor": left.minor, "currency": left.currency, "how": how},
    )
    return made


def _locked(note_id: UUID) -> CreditNote:
    found: CreditNote = (
        CreditNote.objects.select_for_update(of=("self",)).select_related("invoice__billing_account").get(id=note_id)
    )
    return found
