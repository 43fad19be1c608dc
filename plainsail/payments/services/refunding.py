"""Paying back: asked for under a lock on the charge, sent after the commit, settled when the gateway says so."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.kernel import clock, due
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.ids import new_id
from plainsail.kernel.jobs import job
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.payments import queries
from plainsail.payments.events import RefundFailed, RefundSucceeded
from plainsail.payments.gateways.base import RefundOutcome, RefundRequest
from plainsail.payments.models import Charge, Dispute, Refund
from plainsail.payments.services.accounts import gateway_of
from plainsail.payments.services.charging import UNRESOLVED

SENT_WITHIN = timedelta(minutes=2)


class ExceedsCharge(Refusal):
    """More would be paid back than the charge took and still has."""

    code = "exceeds_charge"
    message = _("That is more than can still be paid back.")


class Disputed(Refusal):
    """The cardholder disputes the charge: the bank decides, and paying back too would pay twice."""

    code = "disputed"
    message = _("The customer’s bank is looking into this payment, so it can’t be refunded now.")


@transaction.atomic
def request(charge: Charge, *, amount: Money, at: datetime, subject_id: UUID | None = None) -> Refund:
    """Ask for a part of a charge to be paid back; a job sends it after the commit.

    Holds the charge's row, so that two at once can't exceed it. Raises ExceedsCharge, Disputed.
    """
    charge = Charge.objects.select_for_update().get(id=charge.id)
    if charge.disputes.filter(state=Dispute.State.OPEN).exists():
        raise Disputed
    if amount.minor <= 0 or amount > queries.refundable(charge):
        raise ExceedsCharge
    refund = Refund(
        id=new_id(),
        charge=charge,
        subject_id=subject_id,
        amount_minor=amount.minor,
        currency=amount.currency,
        created_at=at,
    )
    refund.idempotency_key = str(refund.id)
    refund.save(force_insert=True)
    submit_later.later(refund_id=refund.id)
    due.schedule(UNRESOLVED, at + SENT_WITHIN)
    return refund


@job("payments.submit_refund", also_when_closed=True)
@outside_transaction
def submit_later(*, workspace_id: UUID, refund_id: UUID) -> None:
    """Send a refund to the gateway."""
    submit(workspace_id, refund_id, at=clock.now())


def submit(workspace_id: UUID, refund_id: UUID, *, at: datetime) -> Refund:
    """Send a refund that was asked for, and write down the answer. One that was sent already stays as it is."""
    with workspace(workspace_id):
        claimed = Refund.objects.filter(id=refund_id, state=Refund.State.REQUESTED).update(state=Refund.State.SUBMITTED)
    refund = _load(workspace_id, refund_id)
    return _send(workspace_id, refund, at=at) if claimed else refund


def look_up(workspace_id: UUID, refund_id: UUID, *, at: datetime) -> Refund:
    """Ask the gateway what became of a refund; one that never arrived is sent again with the same key."""
    refund, _is_answered = ask(workspace_id, refund_id, at=at)
    return refund


def ask(workspace_id: UUID, refund_id: UUID, *, at: datetime) -> tuple[Refund, bool]:
    """The same; tells besides whether the gateway answered at all. One that arrived is asked about too: the payer's bank

    may send it back days later.
    """
    refund = _load(workspace_id, refund_id)
    if refund.state == Refund.State.FAILED:
        return refund, True
    if refund.state == Refund.State.REQUESTED:
        return submit(workspace_id, refund_id, at=at), True
    outcome = gateway_of(refund.charge.account).fetch_refund(
        refund.charge.account, refund.idempotency_key, charge_ref=refund.charge.gateway_ref, at=at
    )
    if outcome.state == "not_found" and not refund.is_final:
        return _send(workspace_id, refund, at=at), True
    return _record(workspace_id, refund_id, outcome, at=at), not outcome.is_silence


def _load(workspace_id: UUID, refund_id: UUID) -> Refund:
    with workspace(workspace_id):
        refund: Refund = Refund.objects.select_related("charge__account").get(id=refund_id)
        return refund


def _send(workspace_id: UUID, refund: Refund, *, at: datetime) -> Refund:
    asked = RefundRequest(
        idempotency_key=refund.idempotency_key, charge_ref=refund.charge.gateway_ref, amount=refund.amount, at=at
    )
    outcome = gateway_of(refund.charge.account).refund(refund.charge.account, asked)
    return _record(workspace_id, refund.id, outcome, at=at)


def _record(workspace_id: UUID, refund_id: UUID, outcome: RefundOutcome, *, at: datetime) -> Refund:
    with workspace(workspace_id):
        refund: Refund = Refund.objects.select_for_update(of=("self",)).select_related("charge").get(id=refund_id)
        _merge(refund, outcome, at=at)
        return refund


def _merge(refund: Refund, outcome: RefundOutcome, *, at: datetime) -> None:
    if refund.is_final and (refund.state == Refund.State.FAILED or outcome.state != "failed"):
        return  # what arrived can only be sent back by the payer's bank
    refund.gateway_ref = outcome.ref or refund.gateway_ref
    if outcome.state == "succeeded":
        refund.state, refund.settled_at = Refund.State.SUCCEEDED, at
        publish(RefundSucceeded(refund_id=refund.id, charge_id=refund.charge_id, at=at))
    elif outcome.state == "failed":
        refund.state, refund.settled_at = Refund.State.FAILED, at
        refund.failure_code = outcome.failure_code[:40]
        publish(RefundFailed(refund_id=refund.id, charge_id=refund.charge_id, failure_code=refund.failure_code, at=at))
    else:
        refund.state = Refund.State.SUBMITTED if outcome.state == "pending" else Refund.State.UNKNOWN
        due.schedule(UNRESOLVED, at + timedelta(minutes=1))
    refund.save(update_fields=["state", "settled_at", "failure_code", "gateway_ref"])
