"""What dead senders left behind on this machine, brought into the ledger from their journals."""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from plainsail.kernel import clock, due
from plainsail.kernel.jobs import job
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.mail.models import Delivery
from plainsail.mail.services import journal, ledger, rows
from plainsail.mail.services.journal import Found
from plainsail.mail.services.rows import Fact

logger = logging.getLogger("plainsail.mail")

WAITING = "mail.waiting"
State = Delivery.State


def recover(*, at: datetime) -> int:
    """Settle every claim whose process is gone. Returns how many rows were moved. Outside any workspace.

    An answer counts as it was given. Content that left and was not answered is uncertain. Whatever was never begun waits
    again, unless the machine lost power since: what was written last may be missing then, so all the rest is uncertain.
    """
    moved = 0
    for found in journal.left_behind():
        try:
            if Workspace.objects.filter(id=found.workspace_id).exists():
                with workspace(found.workspace_id):
                    moved += _settle(found, at=at)
            found.journal.drop()
        finally:
            found.journal.close()
    return moved


@job("mail.recover")
@outside_transaction
def look() -> None:
    """Look for what dead senders left on this machine. Costs the listing of a folder."""
    recover(at=clock.now())


def _settle(found: Found, *, at: datetime) -> int:
    held = Delivery.objects.filter(claim=found.claim, state__in=(State.HANDING_OVER, State.UNCERTAIN))
    facts = [_fact(found, row, at=at) for row in held.order_by("id")]
    logger.warning(
        "a sender was lost",
        extra={"claim": found.claim.hex, "answered": len(found.outcomes), "unanswered": len(found.unanswered)},
    )
    if any(fact.state == State.QUEUED for fact in facts):
        due.schedule(WAITING, at)
    return ledger.settle(found.claim, facts, at=at)


def _fact(found: Found, row: Delivery, *, at: datetime) -> Fact:
    known: UUID = row.id
    if known in found.outcomes:
        state, cause, reply = found.outcomes[known]
        if state == State.QUEUED:
            return rows.put_off(known, since=row.put_off_since, reply=reply, at=at)
        return Fact(delivery_id=known, state=state, cause=cause, reply=reply)
    if known in found.unanswered or not found.is_of_this_boot:
        if row.when_uncertain == Delivery.WhenUncertain.RESEND:
            return Fact(delivery_id=known, state=State.QUEUED, due_at=at)
        return Fact(delivery_id=known, state=State.UNCERTAIN, cause="worker_lost")
    return Fact(delivery_id=known, state=State.QUEUED, due_at=at)
