"""The charge loop: written down, committed, asked for, written down again. A crash in between is healed by asking.

`begin` joins the caller's transaction. Everything that talks to a gateway runs outside any transaction.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from plainsail.kernel import due
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.ids import new_id
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.payments.events import ChargeFailed, ChargeSucceeded
from plainsail.payments.gateways.base import ChargeOutcome, ChargeRequest
from plainsail.payments.models import Charge, PaymentMethod
from plainsail.payments.services import disputes
from plainsail.payments.services.accounts import gateway_of

UNRESOLVED = "payments.unresolved"
CHANGES = "payments.changes"
INTERRUPTED_AFTER = timedelta(minutes=2)
"""A charge in flight for longer was interrupted: no gateway call takes that long."""
ABANDONED_AFTER = timedelta(hours=1)
"""How long a payer may take for the bank's check."""
NEWS_AFTER = timedelta(minutes=1)
"""How soon the gateway's list of changes is looked at after a success."""
NEVER_ARRIVED = "never_arrived"
"""The code of a decline that nobody spoke: the gateway was never asked, or doesn't know of it."""
PAID = ("state", "gateway_ref", "settled_at", "decline_class", "decline_code", "action_url")
"""What changes of a charge that succeeds."""


class ChargeUnderway(Refusal):
    """There is a charge for the same subject whose outcome is not known yet."""

    code = "charge_underway"
    message = _("A payment for this is on its way already. Please wait a moment.")


class MethodUnusable(Refusal):
    """The way of paying was removed, refused, or waits for the bank's check."""

    code = "method_unusable"
    message = _("This way of paying can’t be used any more. Please choose another.")


@transaction.atomic
def begin(
    method: PaymentMethod,
    *,
    subject_id: UUID,
    amount: Money,
    initiator: Charge.Initiator,
    at: datetime,
    descriptor: str = "",
    return_path: str = "",
) -> Charge:
    """Write down that an amount (above zero) is about to be taken. Commit before `submit`.

    Raises ChargeUnderway, MethodUnusable.
    """
    if not method.is_usable:
        raise MethodUnusable
    charge = written(
        method,
        subject_id=subject_id,
        amount=amount,
        initiator=initiator,
        descriptor=descriptor,
        return_path=return_path,
        at=at,
    )
    try:
        with transaction.atomic():
            charge.save(force_insert=True)
    except IntegrityError as error:
        if "charge_one_open" not in str(error):
            raise
        raise ChargeUnderway from error
    due.schedule(UNRESOLVED, at + INTERRUPTED_AFTER)
    return charge


def written(
    method: PaymentMethod,
    *,
    subject_id: UUID,
    amount: Money,
    initiator: Charge.Initiator,
    at: datetime,
    descriptor: str = "",
    return_path: str = "",
) -> Charge:
    """A charge about to be asked for, not saved. Its id is the key under which the gateway takes it once."""
    charge_id = new_id()
    return Charge(
        id=charge_id,
        account_id=method.account_id,
        method=method,
        subject_id=subject_id,
        amount_minor=amount.minor,
        currency=amount.currency,
        idempotency_key=str(charge_id),
        initiator=initiator,
        descriptor=descriptor[:60],
        return_path=return_path,
        created_at=at,
    )


def submit(workspace_id: UUID, charge_id: UUID, *, at: datetime) -> Charge:
    """Ask the gateway for a charge that was begun, and write down its answer. A charge that is past that stays as it is."""
    charge = _load(workspace_id, charge_id)
    if charge.state != Charge.State.IN_FLIGHT:
        return charge
    outcome = gateway_of(charge.account).charge(charge.account, request_for(charge, at=at))
    return _record(workspace_id, charge_id, outcome, at=at)


def request_for(charge: Charge, *, at: datetime) -> ChargeRequest:
    """What a gateway is asked for."""
    return ChargeRequest(
        idempotency_key=charge.idempotency_key,
        amount=charge.amount,
        method_ref=charge.method.gateway_ref,
        initiator=charge.initiator,
        descriptor=charge.descriptor,
        return_path=charge.return_path,
        at=at,
    )


def look_up(workspace_id: UUID, charge_id: UUID, *, at: datetime) -> Charge:
    """Ask the gateway what became of a charge, and write it down. Safe at any time and any number of times."""
    charge, _is_answered = ask(workspace_id, charge_id, at=at)
    return charge


def ask(workspace_id: UUID, charge_id: UUID, *, at: datetime) -> tuple[Charge, bool]:
    """The same; tells besides whether the gateway answered at all."""
    charge = _load(workspace_id, charge_id)
    outcome = gateway_of(charge.account).fetch_charge(
        charge.account, charge.idempotency_key, method_ref=charge.method.gateway_ref, at=at
    )
    if outcome.state == "not_found":
        if at < charge.created_at + INTERRUPTED_AFTER:
            return charge, True
        outcome = ChargeOutcome(state="declined", decline_class="soft", decline_code=NEVER_ARRIVED)
    return _record(workspace_id, charge_id, outcome, at=at), not outcome.is_silence


def give_up(workspace_id: UUID, charge_id: UUID, *, at: datetime) -> Charge:
    """End a charge that waits for its payer, so that another can begin. If it has succeeded meanwhile, it stays so."""
    charge = _load(workspace_id, charge_id)
    if charge.state != Charge.State.REQUIRES_ACTION:
        return charge
    outcome = gateway_of(charge.account).cancel_charge(
        charge.account, charge.idempotency_key, method_ref=charge.method.gateway_ref, at=at
    )
    return _record(workspace_id, charge_id, outcome, at=at)


def _load(workspace_id: UUID, charge_id: UUID) -> Charge:
    with workspace(workspace_id):
        charge: Charge = Charge.objects.select_related("account", "method").get(id=charge_id)
        return charge


def _record(workspace_id: UUID, charge_id: UUID, outcome: ChargeOutcome, *, at: datetime) -> Charge:
    with workspace(workspace_id):
        charge: Charge = Charge.objects.select_for_update(of=("self",)).select_related("method").get(id=charge_id)
        merge(charge, outcome, at=at)
        return charge


def merge(charge: Charge, outcome: ChargeOutcome, *, at: datetime) -> None:
    """Write down an answer, only forward: nothing undoes a success, and only a success undoes a decline.

    The charge's row is locked by the caller.
    """
    if outcome.state == "succeeded" and not charge.has_succeeded:
        _succeed(charge, outcome, at=at)
    elif charge.is_open and outcome.state == "declined":
        _decline(charge, outcome, at=at)
    elif charge.is_open and outcome.state == "requires_action":
        charge.state, charge.gateway_ref = Charge.State.REQUIRES_ACTION, outcome.ref
        charge.action_url = outcome.action_url
        charge.save(update_fields=["state", "gateway_ref", "action_url"])
        due.schedule(UNRESOLVED, at + ABANDONED_AFTER)
    elif charge.is_open and outcome.state in {"unknown", "not_found"}:
        charge.state = Charge.State.UNKNOWN
        charge.save(update_fields=["state"])
        due.schedule(UNRESOLVED, at + timedelta(minutes=1))
    if charge.has_succeeded:
        disputes.note(charge, outcome.disputes, at=at)


def _succeed(charge: Charge, outcome: ChargeOutcome, *, at: datetime) -> None:
    mark_paid(charge, outcome, at=at)
    charge.save(update_fields=PAID)
    due.schedule(CHANGES, at + NEWS_AFTER)
    publish(succeeded(charge, at=at))


def mark_paid(charge: Charge, outcome: ChargeOutcome, *, at: datetime) -> None:
    """A charge as it is once it has succeeded, from the moment that this is saved (`PAID`)."""
    charge.state, charge.gateway_ref, charge.settled_at = Charge.State.SUCCEEDED, outcome.ref, at
    charge.decline_class = charge.decline_code = charge.action_url = ""


def succeeded(charge: Charge, *, at: datetime) -> ChargeSucceeded:
    """That a charge succeeded, to be told."""
    return ChargeSucceeded(charge_id=charge.id, subject_id=charge.subject_id, at=at)


def _decline(charge: Charge, outcome: ChargeOutcome, *, at: datetime) -> None:
    charge.state, charge.settled_at, charge.action_url = Charge.State.DECLINED, at, ""
    charge.gateway_ref = outcome.ref or charge.gateway_ref
    charge.decline_class, charge.decline_code = outcome.decline_class or "unknown", outcome.decline_code[:40]
    charge.save(update_fields=["state", "settled_at", "action_url", "gateway_ref", "decline_class", "decline_code"])
    if charge.decline_class == "hard":
        PaymentMethod.objects.filter(id=charge.method_id).update(state=PaymentMethod.State.FAILING)
    publish(
        ChargeFailed(
            charge_id=charge.id,
            subject_id=charge.subject_id,
            decline_class=charge.decline_class,
            decline_code=charge.decline_code,
            at=at,
        )
    )
