"""Ways of paying that a payer saves: adding, the bank's check, removing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from plainsail.kernel import due
from plainsail.kernel.events import publish
from plainsail.kernel.tenancy import workspace
from plainsail.payments.events import MethodConfirmed
from plainsail.payments.gateways.base import CardRefused, GatewaySilent, SetupOutcome, SetupRequest
from plainsail.payments.models import GatewayAccount, PaymentMethod
from plainsail.payments.services.accounts import gateway_of
from plainsail.payments.services.charging import CHANGES

__all__ = ["CardRefused", "GatewaySilent", "add", "confirm", "detach"]

UNFINISHED_AFTER = timedelta(minutes=15)
"""When a payer who was sent to the gateway and didn't come back is looked for in its list of changes."""
STATES = {
    "usable": PaymentMethod.State.USABLE,
    "requires_action": PaymentMethod.State.REQUIRES_ACTION,
    "refused": PaymentMethod.State.REFUSED,
    "not_found": PaymentMethod.State.DETACHED,
}


def add(
    workspace_id: UUID,
    *,
    account_id: UUID,
    payer_key: UUID,
    fields: Mapping[str, str],
    verify: bool,
    return_path: str,
    at: datetime,
) -> PaymentMethod:
    """Save a way of paying; outside any transaction. What is typed goes to the gateway and nowhere else.

    `verify` asks the bank at once, for when no charge follows; the method may then wait for the payer (`action_url`) or
    be refused. The same card of the same payer is the same method. Raises CardRefused.
    """
    with workspace(workspace_id):
        account = GatewayAccount.objects.get(id=account_id)
    request = SetupRequest(payer_key=payer_key, fields=fields, verify=verify, return_path=return_path, at=at)
    outcome = gateway_of(account).begin_setup(account, request)
    with workspace(workspace_id):
        method: PaymentMethod
        method, _is_new = PaymentMethod.objects.update_or_create(
            account=account,
            gateway_ref=outcome.ref,
            defaults=_shown(outcome),
            create_defaults={**_shown(outcome), "payer_key": payer_key, "created_at": at},
        )
        if method.state == PaymentMethod.State.REQUIRES_ACTION:
            due.schedule(CHANGES, at + UNFINISHED_AFTER)
    return method


def confirm(workspace_id: UUID, method_id: UUID, *, at: datetime) -> PaymentMethod:
    """After the bank's check: ask the gateway how the method stands. Outside any transaction.

    Once it is usable, the gateway may know it by another reference. Told once, whoever asks first. Raises GatewaySilent.
    """
    with workspace(workspace_id):
        method: PaymentMethod = PaymentMethod.objects.select_related("account").get(id=method_id)
    if method.state != PaymentMethod.State.REQUIRES_ACTION:
        return method
    outcome = gateway_of(method.account).fetch_setup(method.account, method.gateway_ref, at=at)
    with workspace(workspace_id):
        changed = _shown(outcome) | {"gateway_ref": outcome.ref} if outcome.state == "usable" else _stands(outcome)
        claimed = PaymentMethod.objects.filter(id=method_id, state=PaymentMethod.State.REQUIRES_ACTION).update(
            **changed
        )
        if claimed and outcome.state == "usable":
            publish(MethodConfirmed(method_id=method.id, payer_key=method.payer_key, at=at))
        method.refresh_from_db()
    return method


def detach(workspace_id: UUID, method_id: UUID, *, at: datetime) -> None:
    """Forget a way of paying, here first and then at the gateway. Outside any transaction; twice is fine."""
    with workspace(workspace_id):
        method = PaymentMethod.objects.select_related("account").get(id=method_id)
        PaymentMethod.objects.filter(id=method_id).update(state=PaymentMethod.State.DETACHED, action_url="")
    gateway_of(method.account).detach_method(method.account, method.gateway_ref, at=at)


def _shown(outcome: SetupOutcome) -> dict[str, object]:
    return _stands(outcome) | {
        "brand": outcome.brand,
        "last4": outcome.last4,
        "exp_month": outcome.exp_month,
        "exp_year": outcome.exp_year,
    }


def _stands(outcome: SetupOutcome) -> dict[str, object]:
    return {"state": STATES[outcome.state], "action_url": outcome.action_url}
