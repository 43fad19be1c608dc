"""Owning that a cardholder is right: the bank gives the money back, and nobody answers the dispute."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from plainsail.kernel import clock, due
from plainsail.kernel.jobs import job
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.payments.models import Dispute
from plainsail.payments.services import charging
from plainsail.payments.services.accounts import gateway_of

TOLD_WITHIN = timedelta(minutes=2)


@transaction.atomic
def accept(dispute: Dispute, *, at: datetime) -> bool:
    """Decide not to answer an open dispute; a job tells the gateway after the commit. Returns whether that is new."""
    claimed = Dispute.objects.filter(id=dispute.id, state=Dispute.State.OPEN, accepted_at=None).update(accepted_at=at)
    if claimed:
        tell_later.later(dispute_id=dispute.id)
        due.schedule(charging.UNRESOLVED, at + TOLD_WITHIN)
    return bool(claimed)


@job("payments.accept_dispute", also_when_closed=True)
@outside_transaction
def tell_later(*, workspace_id: UUID, dispute_id: UUID) -> None:
    """Tell the gateway that a dispute is accepted."""
    tell(workspace_id, dispute_id, at=clock.now())


def tell(workspace_id: UUID, dispute_id: UUID, *, at: datetime) -> None:
    """Tell it, and look up what became of the dispute. One that is decided, or that nobody accepted, stays as it is."""
    with workspace(workspace_id):
        waiting = Dispute.objects.filter(state=Dispute.State.OPEN, accepted_at__isnull=False)
        dispute = waiting.select_related("charge__account").filter(id=dispute_id).first()
    if dispute is None:
        return
    account = dispute.charge.account
    if gateway_of(account).accept_dispute(account, dispute.gateway_ref, at=at):
        charging.ask(workspace_id, dispute.charge_id, at=at)
