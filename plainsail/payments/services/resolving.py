"""What heals by itself: charges and refunds whose outcome got lost, and news that only the gateway has."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from plainsail.kernel import due
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.payments.gateways.base import Change
from plainsail.payments.models import Charge, GatewayAccount, Refund
from plainsail.payments.services import charging, refunding
from plainsail.payments.services.accounts import gateway_of

BATCH = 200
NEWS_FOR = timedelta(days=120)
"""How long after a charge news of it (a dispute) may come: what card networks allow."""


@due.runs(charging.UNRESOLVED, also_when_closed=True)
@outside_transaction
def resolve(*, workspace_id: UUID, at: datetime) -> datetime | None:
    """Ask about every open charge and refund that is old enough, at most BATCH of each; returns when to ask again."""
    with workspace(workspace_id):
        charges = list(Charge.objects.open().order_by("created_at", "id")[:BATCH])
        refunds = list(
            Refund.objects.exclude(state__in=Refund.FINAL)
            .order_by("created_at", "id")
            .values_list("id", flat=True)[:BATCH]
        )
    for charge in charges:
        _resolve(workspace_id, charge, at=at)
    for refund_id in refunds:
        refunding.look_up(workspace_id, refund_id, at=at)
    return _next(workspace_id, at=at)


def _resolve(workspace_id: UUID, charge: Charge, *, at: datetime) -> None:
    age = at - charge.created_at
    if charge.state == Charge.State.REQUIRES_ACTION:
        if age >= charging.ABANDONED_AFTER:
            charging.give_up(workspace_id, charge.id, at=at)
        else:
            charging.look_up(workspace_id, charge.id, at=at)
    elif charge.state == Charge.State.UNKNOWN or age >= charging.INTERRUPTED_AFTER:
        charging.look_up(workspace_id, charge.id, at=at)


def _next(workspace_id: UUID, *, at: datetime) -> datetime | None:
    """Soon while things are fresh, then less and less often, an hour apart at most."""
    with workspace(workspace_id):
        charge = Charge.objects.open().order_by("-created_at").first()
        refund = Refund.objects.exclude(state__in=Refund.FINAL).order_by("-created_at").first()
    newest: datetime | None = max((row.created_at for row in (charge, refund) if row), default=None)
    if newest is None:
        return None
    return at + min(max((at - newest) // 2, timedelta(minutes=1)), timedelta(hours=1))


@due.runs(charging.CHANGES)
@outside_transaction
def follow_changes(*, workspace_id: UUID, at: datetime) -> datetime | None:
    """Read each account's list of changes and look up what it names: lost messages heal, disputes are found."""
    with workspace(workspace_id):
        accounts = list(GatewayAccount.objects.order_by("id"))
    for account in accounts:
        while _follow(workspace_id, account, at=at):
            pass
    with workspace(workspace_id):
        is_watched = Charge.objects.filter(created_at__gte=at - NEWS_FOR).exists()
    return at + timedelta(hours=1) if is_watched else None


def _follow(workspace_id: UUID, account: GatewayAccount, *, at: datetime) -> bool:
    changes, cursor = gateway_of(account).list_changes(account, account.changes_cursor, at=at)
    for change in dict.fromkeys(changes):
        _look_up(workspace_id, account, change, at=at)
    if cursor == account.changes_cursor:
        return False
    with workspace(workspace_id):
        GatewayAccount.objects.filter(id=account.id).update(changes_cursor=cursor)
    account.changes_cursor = cursor
    return True


def _look_up(workspace_id: UUID, account: GatewayAccount, change: Change, *, at: datetime) -> None:
    """What the gateway knows and we don't isn't ours; it may share the account with others."""
    model = Charge if change.kind == "charge" else Refund
    with workspace(workspace_id):
        row_id: UUID | None = model.objects.filter(idempotency_key=change.key).values_list("id", flat=True).first()
    if row_id is None:
        return
    if change.kind == "charge":
        charging.look_up(workspace_id, row_id, at=at)
    else:
        refunding.look_up(workspace_id, row_id, at=at)
