"""What heals by itself: charges and refunds whose outcome got lost, and news that only the gateway has."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from django.db.models import QuerySet

from plainsail.kernel import due
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.payments.gateways.base import Change, GatewaySilent
from plainsail.payments.models import Charge, Dispute, GatewayAccount, InboxMessage, PaymentMethod, Refund
from plainsail.payments.services import charging, conceding, methods, refunding
from plainsail.payments.services.accounts import gateway_of

BATCH = 200
NEWS_FOR = timedelta(days=120)
"""How long after a charge news of it (a dispute) may come: what card networks allow."""

KEPT_FOR = timedelta(days=90)
"""How long a message that was looked up is kept; gateways repeat theirs for some days."""
DAY = timedelta(days=1)
"""How long a payer may take to enter a card at the gateway."""


@due.runs(charging.UNRESOLVED, also_when_closed=True)
@outside_transaction
def resolve(*, workspace_id: UUID, at: datetime) -> datetime | None:
    """Ask about every open charge and refund that is old enough, and tell what disputes are accepted, at most BATCH of each.

    Returns when to ask again.
    """
    with workspace(workspace_id):
        charges = list(Charge.objects.open().order_by("created_at", "id")[:BATCH])
        refunds = list(
            Refund.objects.exclude(state__in=Refund.FINAL)
            .order_by("created_at", "id")
            .values_list("id", flat=True)[:BATCH]
        )
        disputes = list(_to_accept().order_by("created_at", "id").values_list("id", flat=True)[:BATCH])
    for charge in charges:
        _resolve(workspace_id, charge, at=at)
    for refund_id in refunds:
        refunding.look_up(workspace_id, refund_id, at=at)
    for dispute_id in disputes:
        conceding.tell(workspace_id, dispute_id, at=at)
    return _next(workspace_id, at=at)


def _to_accept() -> QuerySet[Dispute]:
    found: QuerySet[Dispute] = Dispute.objects.filter(state=Dispute.State.OPEN, accepted_at__isnull=False)
    return found


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
        accepted = _to_accept().order_by("-accepted_at").values_list("accepted_at", flat=True).first()
    began = [row.created_at for row in (charge, refund) if row]
    newest: datetime | None = max([*began, *([accepted] if accepted else [])], default=None)
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
        InboxMessage.objects.exclude(state=InboxMessage.State.WAITING).filter(created_at__lt=at - KEPT_FOR).delete()
        is_watched = (
            Charge.objects.filter(created_at__gte=at - NEWS_FOR).exists()
            or PaymentMethod.objects.filter(
                state=PaymentMethod.State.REQUIRES_ACTION, created_at__gte=at - DAY
            ).exists()
        )
    return at + timedelta(hours=1) if is_watched else None


def _follow(workspace_id: UUID, account: GatewayAccount, *, at: datetime) -> bool:
    """Take the next stretch of an account's list; False at its end, or where the gateway has stopped answering."""
    changes, cursor = gateway_of(account).list_changes(account, account.changes_cursor, at=at)
    answers = [hear(workspace_id, account.id, change, at=at) for change in dict.fromkeys(changes)]
    if cursor == account.changes_cursor or Answer.SILENCE in answers:
        return False
    with workspace(workspace_id):
        GatewayAccount.objects.filter(id=account.id).update(changes_cursor=cursor)
    account.changes_cursor = cursor
    return True


class Answer(Enum):
    """What came of a change that was looked up."""

    HEARD = "heard"
    NOT_OURS = "not ours"
    SILENCE = "silence"
    """The gateway said nothing: ask again."""


def hear(workspace_id: UUID, account_id: UUID, change: Change, *, at: datetime) -> Answer:
    """Look up what a change names, and write down how it stands now. Outside any transaction.

    What the gateway knows and we don't isn't ours; it may share the account with others.
    """
    with workspace(workspace_id):
        row_id = _find(account_id, change)
    if row_id is None:
        return Answer.NOT_OURS
    if change.kind == "method":
        return _hear_method(workspace_id, row_id, at=at)
    if change.kind == "charge":
        _charge, is_answered = charging.ask(workspace_id, row_id, at=at)
    else:
        _refund, is_answered = refunding.ask(workspace_id, row_id, at=at)
    return Answer.HEARD if is_answered else Answer.SILENCE


def _hear_method(workspace_id: UUID, method_id: UUID, *, at: datetime) -> Answer:
    try:
        methods.confirm(workspace_id, method_id, at=at)
    except GatewaySilent:
        return Answer.SILENCE
    return Answer.HEARD


def _find(account_id: UUID, change: Change) -> UUID | None:
    rows = {
        "charge": Charge.objects.filter(account_id=account_id),
        "refund": Refund.objects.filter(charge__account_id=account_id),
        "method": PaymentMethod.objects.filter(account_id=account_id),
    }[change.kind]
    named = rows.filter(idempotency_key=change.key) if change.key else rows.filter(gateway_ref=change.ref)
    found: UUID | None = named.order_by("created_at").values_list("id", flat=True).first()
    return found if change.key or change.ref else None
