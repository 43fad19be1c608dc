"""How much a business has of what grows: shown beside its plan, so that nobody pays for a size that they can't see."""

from __future__ import annotations

from dataclasses import dataclass

from plainsail.files.services import library
from plainsail.kernel import allowances
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import workspace


@dataclass(frozen=True)
class Usage:
    """Counted now. `stored` and `room` in bytes: what lies on disk, and how much may."""

    contacts: int
    people: int
    domains: int
    stored: int
    room: int
    most_people: int | None = None
    """As many as the business may have; None where that isn't limited."""
    most_domains: int | None = None


def of(business: Workspace) -> Usage:
    """Four counts, each over an index, and what is allowed. Opens the business's workspace."""
    with workspace(business):
        return Usage(
            contacts=business.contacts.filter(deleted_at=None).count(),
            people=business.memberships.count(),
            domains=business.domains.count(),
            stored=library.used(business),
            room=library.room(business),
            most_people=allowances.most(business.pk, allowances.PEOPLE),
            most_domains=allowances.most(business.pk, allowances.DOMAINS),
        )
