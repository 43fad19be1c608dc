"""Disputes that a gateway tells of: noted once, decided once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.events import publish
from plainsail.payments.events import DisputeDecided, DisputeOpened
from plainsail.payments.gateways.base import DisputeFact
from plainsail.payments.models import Charge, Dispute

REASONS: dict[str, Promise] = {
    "fraudulent": _("They say that they didn’t pay this"),
    "subscription_canceled": _("They say that they had cancelled"),
    "product_not_received": _("They say that they got nothing for it"),
    "product_unacceptable": _("They say that it isn’t what was promised"),
    "credit_not_processed": _("They say that a refund hasn’t come"),
    "duplicate": _("They say that they paid twice"),
    "unrecognized": _("They don’t recognise the payment"),
}
"""What a cardholder tells the bank, by Stripe's words for it (“Dispute reason codes”)."""


def why(dispute: Dispute) -> str:
    """What the cardholder tells the bank, in words; as the gateway has it where there are none."""
    return str(REASONS.get(dispute.reason, dispute.reason))


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
                "answer_by": fact.answer_by,
                "created_at": at,
            },
        )
        if is_new:
            publish(DisputeOpened(dispute_id=dispute.id, charge_id=charge.id, subject_id=charge.subject_id, at=at))
        if fact.answer_by is not None and fact.answer_by != dispute.answer_by:
            dispute.answer_by = fact.answer_by
            dispute.save(update_fields=["answer_by"])
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
