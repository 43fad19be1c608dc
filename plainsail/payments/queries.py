"""Sums over charges and refunds."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Sum

from plainsail.kernel.money import Money
from plainsail.payments.models import Charge, Dispute, Refund


def refundable(charge: Charge) -> Money:
    """What may still be paid back of a charge: what it took, less refunds not failed and disputes not won. Two queries."""
    if not charge.has_succeeded:
        return Money.zero(charge.currency)
    refunds = Refund.objects.filter(charge=charge).counting().aggregate(total=Sum("amount_minor"))["total"] or 0
    held = charge.disputes.exclude(state=Dispute.State.WON).aggregate(total=Sum("amount_minor"))["total"] or 0
    return Money(max(0, charge.amount_minor - int(refunds) - int(held)), charge.currency)


def disputed(subject_ids: Iterable[UUID]) -> set[UUID]:
    """Which subjects have a charge that is disputed, or was and was lost: the bank has the money or gave it back."""
    found = Dispute.objects.filter(charge__subject_id__in=list(subject_ids)).exclude(state=Dispute.State.WON)
    return set(found.values_list("charge__subject_id", flat=True))


def held(subject_ids: Iterable[UUID]) -> set[UUID]:
    """Which of some disputed subjects the bank hasn't decided about, and hasn't lost one of. No query where there are none."""
    wanted = list(subject_ids)
    if not wanted:
        return set()
    found = Dispute.objects.filter(charge__subject_id__in=wanted)
    states = found.values_list("charge__subject_id", "state")
    lost = {subject_id for subject_id, state in states if state == Dispute.State.LOST}
    return {subject_id for subject_id, state in states if state == Dispute.State.OPEN} - lost


def charges_of(subject_id: UUID) -> list[Charge]:
    """All charges of a subject, oldest first, with their methods."""
    return list(Charge.objects.filter(subject_id=subject_id).select_related("method").order_by("created_at", "id"))
