"""Messages that gateways send: written down before they are acknowledged, then looked up at the gateway, in any order.

A message is only a hint. What it says of an object is never believed; the object is asked for, and merged forward.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import cast
from uuid import UUID

from plainsail.kernel import clock
from plainsail.kernel.ids import new_id
from plainsail.kernel.jobs import job
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.payments.gateways.base import BadMessage, Change, GatewaySilent, Kind, Message
from plainsail.payments.models import GatewayAccount, InboundEndpoint, InboxMessage
from plainsail.payments.services import resolving
from plainsail.payments.services.accounts import gateway_of

LARGEST = 256 * 1024
"""Bytes of a message; the gateways' own are a tenth of that."""


def endpoint_of(key: str) -> InboundEndpoint | None:
    """Whose address this is; one query, before any workspace is known."""
    return InboundEndpoint.objects.filter(key=key).first() if key.isascii() and "\0" not in key else None


def receive(endpoint: InboundEndpoint, *, headers: Mapping[str, str], body: bytes, at: datetime) -> bool:
    """Write a message down once, and have it looked up soon; False where it is there already. Raises BadMessage."""
    with workspace(endpoint.workspace_id):
        account = GatewayAccount.objects.filter(id=endpoint.account_id).first()
    if account is None:
        raise BadMessage
    message = gateway_of(account).read_message(account, headers, body, at=at)
    with workspace(endpoint.workspace_id):
        return _keep(account, message, at=at)


def _keep(account: GatewayAccount, message: Message, *, at: datetime) -> bool:
    change = message.change
    row = InboxMessage(
        id=new_id(),
        account=account,
        event_id=message.event_id[:100],
        kind=message.kind[:100],
        about=change.kind if change else "",
        key=change.key[:80] if change else "",
        ref=change.ref[:100] if change else "",
        state=InboxMessage.State.WAITING if change else InboxMessage.State.UNKNOWN,
        created_at=at,
    )
    InboxMessage.objects.bulk_create([row], ignore_conflicts=True)
    if not InboxMessage.objects.filter(id=row.id).exists():
        return False
    if change is not None:
        # One at a time for an object, so that of two looks the later one writes last.
        lock = f"payments.inbox:{account.id}:{row.about}:{row.key or row.ref}"
        look_up.once(lock, account_id=account.id, about=row.about, our_key=row.key, ref=row.ref)
    return True


@job("payments.inbox")
@outside_transaction
def look_up(*, workspace_id: UUID, account_id: UUID, about: str, our_key: str, ref: str) -> None:
    """Ask the gateway about one object, for all messages about it that wait. Tried again while the gateway is silent."""
    with workspace(workspace_id):
        waiting = InboxMessage.objects.filter(
            account_id=account_id, about=about, key=our_key, ref=ref, state=InboxMessage.State.WAITING
        )
        ids = list(waiting.values_list("id", flat=True))
    if not ids:
        return
    change = Change(kind=cast(Kind, about), key=our_key, ref=ref)
    answer = resolving.hear(workspace_id, account_id, change, at=clock.now())
    if answer is resolving.Answer.SILENCE:
        raise GatewaySilent
    state = InboxMessage.State.DONE if answer is resolving.Answer.HEARD else InboxMessage.State.UNKNOWN
    with workspace(workspace_id):
        InboxMessage.objects.filter(id__in=ids).update(state=state)
