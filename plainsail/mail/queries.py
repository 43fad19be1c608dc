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
    found: QuerySet[Broadcast] = workspace.broadcasts.filter(test_of=None).select_related("email", "list", "segment")
    return found.order_by("-edited_at", "-id")


def problems(workspace: Workspace, source_id: UUID, *, limit: int = 50) -> list[Delivery]:
    """Messages of a source that failed or are uncertain, newest first, at most `limit`."""
    found = workspace.deliveries.filter(source_id=source_id, state__in=("failed", "uncertain"))
    return list(found.order_by("-settled_at", "-id")[:limit])


def causes(workspace: Workspace, source_id: UUID) -> list[tuple[str, str, int]]:
    """(state, cause, how many) of everything in a source's ledger that was not accepted. Reads the source's rows."""
    found = workspace.deliveries.filter(source_id=source_id).exclude(Q(state="accepted") | Q(state__in=Delivery.OPEN))
    counted = found.order_by().values_list("state", "cause").annotate(rows=Count("id")).order_by("-rows", "state")
    return [(state, cause, rows) for state, cause, rows in counted]


@dataclass(frozen=True)
class Numbers:
    """What became of one mail over all its editions."""

    accepted: int = 0
    clicked: int = 0
    opened: int = 0
    unsubscribed: int = 0


def numbers_of_email(email_id: UUID | str) -> Numbers:
    """Counted from the ledger's rows of that mail."""
    rows = Delivery.objects.filter(edition__email_id=email_id, state=Delivery.State.ACCEPTED)
    counted = rows.aggregate(
        accepted=Count("id"),
        clicked=Count("id", filter=Q(clicked_at__isnull=False)),
        opened=Count("id", filter=Q(opened_at__isnull=False)),
        unsubscribed=Count("id", filter=Q(unsubscribed_at__isnull=False)),
    )
    return Numbers(**counted)


def accepted_by(contact_id: UUID, *, before: datetime, limit: int) -> list[Delivery]:
    """Messages that a contact was sent before a moment, newest first, with what was sent."""
    found = Delivery.objects.filter(contact_id=contact_id, state=Delivery.State.ACCEPTED, settled_at__lt=before)
    return list(found.select_related("edition").order_by("-settled_at", "-id")[:limit])
