"""Disputes that a gateway tells of: noted once, decided once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from plainsail.kernel.events import publish
from plainsail.payments.events import DisputeDecided, DisputeOpened
from plainsail.payments.gateways.base import DisputeFact
from plainsail.payments.models import Charge, Dispute


def note(charge: Charge, facts: Sequence[DisputeFact], *, at: datetime) -> None:
    """Write down what a gateway knows of a charge's disputes. In the transaction that holds the charge's row."""
    for fact in facts:
        dispute, is_new = Dispute.objects.get_or_create(
            gateway_ref=fact.ref,
            defaults={
                "charge": charge,
                "amount_minor": fact.amount.minor,
                "currency": fact.amount.currency,
                "reason": fact.reason[:40],
                "created_at": at,
            },
        )
        if is_new:
            publish(DisputeOpened(dispute_id=dispute.id, charge_id=charge.id, subject_id=charge.subject_id, at=at))
        if fact.state != "open" and dispute.state == Dispute.State.OPEN:
            _decide(dispute, charge, fact, at=at)


def _decide(dispute: Dispute, charge: Charge, fact: DisputeFact, *, at: datetime) -> None:
    dispute.state = Dispute.State(fact.state)
    dispute.save(update_fields=["state"])
    publish(
        DisputeDecided(
            dispute_id=dispute.id,
            charge_id=charge.id,
            subject_id=charge.subject_id,
            is_won=dispute.state == Dispute.State.WON,
            at=at,
        )
    )
