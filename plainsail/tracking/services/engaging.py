"""What a batch of hits says about people: when each last opened a mail, followed a link, came by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from plainsail.contacts.services import engagement
from plainsail.contacts.services.setwise import Deed
from plainsail.kernel.ids import in_a_row
from plainsail.kernel.tenancy import current_workspace_id
from plainsail.tracking.models import Agent, Hit

DEEDS: Mapping[str, Deed] = {"open": "opened", "click": "clicked", "visit": "visited"}


def hear(hits: Sequence[Hit]) -> None:
    """Note it beside the contacts, in the batch's transaction: three statements at most, however many hits."""
    for kind, deed in DEEDS.items():
        last: dict[UUID, datetime] = {}
        for hit in hits:
            if hit.contact_id is not None and hit.kind == kind and hit.agent == Agent.HUMAN:
                last[hit.contact_id] = max(hit.at, last.get(hit.contact_id, hit.at))
        engagement.note(deed, last)


def gather() -> int:
    """Make up every contact's moments from all hits there are: after hits came in by another way than the edge.

    One pass over the hits of the open workspace. Returns how many contacts have moments.
    """
    with connection.cursor() as cursor:
        cursor.execute(GATHER.format(new_id=in_a_row()), {"workspace": current_workspace_id()})
        return int(cursor.rowcount)


GATHER = """
INSERT INTO contacts_engagement AS e (id, created_at, workspace_id, contact_id, opened_at, clicked_at, visited_at)
SELECT {new_id}, max(h.at), h.workspace_id, h.contact_id, max(h.at) FILTER (WHERE h.kind = 'open'),
       max(h.at) FILTER (WHERE h.kind = 'click'), max(h.at) FILTER (WHERE h.kind = 'visit')
FROM tracking_hit h JOIN contacts_contact c ON c.id = h.contact_id AND c.workspace_id = h.workspace_id
WHERE h.workspace_id = %(workspace)s AND h.agent = 'human' AND h.kind IN ('open', 'click', 'visit')
GROUP BY h.workspace_id, h.contact_id ORDER BY h.contact_id
ON CONFLICT (workspace_id, contact_id) DO UPDATE SET
    opened_at = greatest(e.opened_at, EXCLUDED.opened_at),
    clicked_at = greatest(e.clicked_at, EXCLUDED.clicked_at),
    visited_at = greatest(e.visited_at, EXCLUDED.visited_at)
"""
