"""Automations' mails keep to their sender's limits as broadcasts do: leave is asked before a batch is claimed, and what
mailbox providers say to it is learned from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from plainsail.kernel.tenancy import current_workspace_id
from plainsail.mail.models import Delivery, Stream
from plainsail.mail.services import books, buckets
from plainsail.mail.services.ledger import BATCH, Outcome


@dataclass(frozen=True)
class Leave:
    """How many messages of a source may be claimed now; where none, from when on. Without a sender nothing limits them."""

    many: int
    until: datetime | None = None
    sender_id: UUID | None = None


FREE = Leave(BATCH)


def ask(source_id: UUID, *, at: datetime) -> Leave:
    """Take leave for a batch of a source. What is owed to one person needs none. Some statements."""
    waiting = Delivery.objects.filter(source_id=source_id, state=Delivery.State.QUEUED, stream=Stream.MARKETING)
    if not waiting.filter(due_at__lte=at).exists():
        return FREE
    sender = books.sender_of(source_id)
    with connection.cursor() as cursor:
        found = buckets.allowed(cursor, current_workspace_id(), sender.id, BATCH, at=at)
    return Leave(found.many, found.until, sender.id)


def give_back(leave: Leave, *, used: int, at: datetime) -> None:
    """Leave that was taken for messages which then were not there."""
    if leave.sender_id is not None and used < leave.many:
        with connection.cursor() as cursor:
            buckets.give_back(cursor, current_workspace_id(), leave.sender_id, leave.many - used, at=at)


def hold_back(leave: Leave, addresses: Mapping[UUID, str], *, at: datetime) -> tuple[dict[UUID, str], list[Outcome]]:
    """Row to mailbox provider, and outcomes for those whose provider takes no more now: they wait until it does."""
    if leave.sender_id is None or not addresses:
        return {}, []
    domains = {row_id: address.rpartition("@")[2].lower() for row_id, address in addresses.items()}
    with connection.cursor() as cursor:
        known = buckets.providers(cursor, current_workspace_id(), domains.values())
        providers = {row_id: known[domain] for row_id, domain in domains.items()}
        held = buckets.held_back(cursor, current_workspace_id(), leave.sender_id, providers, at=at)
        if held:
            buckets.give_back(cursor, current_workspace_id(), leave.sender_id, len(held), at=at)
    waiting = [
        Outcome(delivery_id=row_id, state=Delivery.State.QUEUED, due_at=due_at) for row_id, due_at in held.items()
    ]
    return providers, waiting


def learn(leave: Leave, providers: Mapping[UUID, str], outcomes: Iterable[Outcome], *, at: datetime) -> None:
    """What a batch's answers say about its providers, and leave back for what was put off."""
    if leave.sender_id is None:
        return
    known = list(outcomes)
    waiting = [each for each in known if each.state == Delivery.State.QUEUED]
    # What was settled without being sent has no provider here.
    struck = [providers.get(each.delivery_id) for each in waiting if buckets.wants_less(each.reply)]
    accepted = [providers.get(each.delivery_id) for each in known if each.state == Delivery.State.ACCEPTED]
    with connection.cursor() as cursor:
        if waiting:
            buckets.give_back(cursor, current_workspace_id(), leave.sender_id, len(waiting), at=at)
        buckets.learn(
            cursor,
            current_workspace_id(),
            leave.sender_id,
            struck=filter(None, struck),
            accepted=filter(None, accepted),
            at=at,
        )
