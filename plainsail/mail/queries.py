"""Questions about mail that are more than a filter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet

from plainsail.kernel.models import Workspace
from plainsail.mail.models import Broadcast, Delivery

HEARTBEAT = timedelta(seconds=60)


def has_worker(*, at: datetime) -> bool:
    """Whether a worker lives: without one, a send would only wait."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM procrastinate_workers WHERE last_heartbeat > %s)", [at - HEARTBEAT]
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def recent_broadcasts(workspace: Workspace) -> QuerySet[Broadcast]:
    """Broadcasts with what their row in a list shows, the one last touched first."""
    found: QuerySet[Broadcast] = workspace.broadcasts.select_related("email", "list", "segment")
    return found.order_by("-edited_at", "-id")


@dataclass(frozen=True)
class Answers:
    """What a mail's readers did, each person counted once. Opens by class; only `human` means somebody."""

    clicked: int = 0
    unsubscribed: int = 0
    opened_human: int = 0
    opened_machine: int = 0


def problems(workspace: Workspace, source_id: UUID, *, limit: int = 50) -> list[Delivery]:
    """Messages of a source that failed or are uncertain, newest first, at most `limit`."""
    found = workspace.deliveries.filter(source_id=source_id, state__in=("failed", "uncertain"))
    return list(found.order_by("-settled_at", "-id")[:limit])


def causes(workspace: Workspace, source_id: UUID) -> list[tuple[str, str, int]]:
    """(state, cause, how many) of everything in a source's ledger that was not accepted. Reads the source's rows."""
    found = workspace.deliveries.filter(source_id=source_id).exclude(Q(state="accepted") | Q(state__in=Delivery.OPEN))
    counted = found.order_by().values_list("state", "cause").annotate(rows=Count("id")).order_by("-rows", "state")
    return [(state, cause, rows) for state, cause, rows in counted]
