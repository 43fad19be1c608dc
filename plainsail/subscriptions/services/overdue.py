"""What staff do about a renewal that wasn't paid: try again now, within what card networks allow, or let it be."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy

from plainsail.commerce.services import clocks
from plainsail.kernel.errors import Refusal
from plainsail.kernel.tenancy import workspace
from plainsail.payments.models import Charge
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import DunningCase
from plainsail.subscriptions.services import catching_up, dunning, renewal
from plainsail.subscriptions.services.catching_up import FORTNIGHT, MOST_A_FORTNIGHT

MOST_AN_INVOICE = 4
"""Charges of an invoice; of a card, see `catching_up`."""


class NothingOpen(Refusal):
    """It was paid, cancelled or given up meanwhile."""

    code = "nothing_open"
    message = gettext_lazy("Nothing is open here any more.")


class TriedOften(Refusal):
    """One more charge would come near to what card networks fine."""

    code = "tried_often"
    message = gettext_lazy("This card was charged as often as is wise. The customer can still pay by the link.")


class BankDecides(Refusal):
    """A payment of the contract is disputed: nothing is charged for it until the bank has decided."""

    code = "bank_decides"
    message = gettext_lazy("Their bank is deciding about an earlier payment. Nothing is charged until it has.")


def may_try(case: DunningCase, *, at: datetime) -> bool:
    """Whether one more charge stays within the caps. Two queries. `at` is the seller's time."""
    by_us = Charge.objects.filter(initiator=Charge.Initiator.MERCHANT)
    if by_us.filter(subject_id=case.invoice_id).count() >= MOST_AN_INVOICE:
        return False
    lately: int = by_us.filter(
        method_id=case.subscription.payment_method_id, created_at__gt=clocks.wall(at) - FORTNIGHT
    ).count()
    return lately < MOST_A_FORTNIGHT


def try_now(workspace_id: UUID, case_id: UUID, *, at: datetime) -> bool:
    """Charge now, in the place of the next try or of a late charge; returns whether it was paid. Outside any transaction.

    Raises NothingOpen, BankDecides, TriedOften.
    """
    with workspace(workspace_id):
        case = _open(case_id)
        if queries.disputes_of_one(case.subscription).is_open:
            raise BankDecides
        if not may_try(case, at=at):
            raise TriedOften
        if case.late_for is not None:
            catching_up.release([case], at=at)
        case.next_try_at = at
        case.save(update_fields=["next_try_at"])
    renewal.try_again(workspace_id, case_id, at=at)
    with workspace(workspace_id):
        case.refresh_from_db()
        return case.closed_at is not None and not case.subscription.is_ended


@transaction.atomic
def let_be(case_id: UUID, *, at: datetime) -> None:
    """No further try: what would happen after the last one happens now. Raises NothingOpen."""
    dunning.give_up(_open(case_id).subscription, at=at)


def _open(case_id: UUID) -> DunningCase:
    found: DunningCase | None = (
        DunningCase.objects.select_for_update(of=("self",))
        .select_related("subscription")
        .filter(id=case_id, closed_at=None)
        .first()
    )
    if found is None:
        raise NothingOpen
    return found
