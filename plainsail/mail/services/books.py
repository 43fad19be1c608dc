"""A broadcast's books: counted again from the ledger, and closed only when they balance."""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from django.db.models import Count

from plainsail.kernel.events import publish
from plainsail.mail.events import BroadcastCompleted
from plainsail.mail.models import Broadcast, Delivery, Sender
from plainsail.mail.services import senders

logger = logging.getLogger("plainsail.mail")

UNDER_WAY = (Broadcast.State.SENDING, Broadcast.State.PAUSED)
COUNTED = ("accepted", "failed", "suppressed", "excluded", "uncertain")


def sender_of(source_id: UUID) -> Sender:
    """Who a source's mail comes from: the broadcast's own sender, else the default one."""
    broadcast = Broadcast.objects.select_related("sender").filter(id=source_id).first()
    return broadcast.sender if broadcast is not None and broadcast.sender is not None else senders.default()


def count(broadcast_id: UUID) -> dict[str, int]:
    """Rows of a broadcast's ledger by state. Reads all of them: for closing the books, not for a progress bar."""
    states = Delivery.objects.filter(source_kind="broadcast", source_id=broadcast_id).order_by().values_list("state")
    return dict(states.annotate(rows=Count("id")))


def close_if_done(source_id: UUID, *, at: datetime) -> bool:
    """Call a broadcast complete if its audience is all written and everybody is accounted for.

    True where this call closed it. Does nothing for a source that is no broadcast, or while anything is open.
    """
    broadcast = Broadcast.objects.select_for_update().filter(id=source_id, state__in=UNDER_WAY).first()
    if broadcast is None or (broadcast.is_paused and broadcast.prepared_at is None):
        return False
    if Delivery.objects.filter(source_id=source_id, state__in=Delivery.OPEN).exists():
        return False
    recount(broadcast)
    if not broadcast.is_balanced:
        logger.error("the books don't balance", extra={"broadcast": str(broadcast.id), "audience": broadcast.audience})
        return False
    broadcast.state, broadcast.finished_at = Broadcast.State.COMPLETE, at
    broadcast.save(update_fields=["state", "finished_at", *COUNTED])
    publish(BroadcastCompleted(broadcast_id=broadcast.id, at=at))
    return True


def recount(broadcast: Broadcast) -> None:
    """Take the counters from the ledger itself, which is right by definition."""
    found = count(broadcast.id)
    for name in COUNTED:
        setattr(broadcast, name, found.get(name, 0))
