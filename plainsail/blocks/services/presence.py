"""Who else is at a document: each window says every few seconds that it is there, and hears of the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from plainsail.accounts.models import User
from plainsail.blocks.models import Presence

STAYS = timedelta(seconds=25)
"""How long a window counts as there after its last word; three of them may get lost."""
SWEPT = timedelta(hours=1)


@dataclass(frozen=True)
class Other:
    """Another window at the same document. `is_self`: it is the same person's."""

    window: UUID
    name: str
    section: str
    is_self: bool


def tell(document_id: UUID, *, window: UUID, person: User, section: str, at: datetime) -> list[Other]:
    """Note that a window is at a document; who else is. Three statements, one row written."""
    Presence.objects.update_or_create(
        document_id=document_id,
        window=window,
        defaults={"person": person, "section": section[:40], "seen_at": at},
        create_defaults={"person": person, "section": section[:40], "seen_at": at, "created_at": at},
    )
    here = Presence.objects.filter(document_id=document_id).exclude(window=window)
    here.filter(seen_at__lt=at - SWEPT).delete()
    others = here.filter(seen_at__gte=at - STAYS).select_related("person").order_by("created_at", "id")
    return [Other(each.window, str(each.person), each.section, each.person_id == person.pk) for each in others]


def leave(document_id: UUID, *, window: UUID, person: User) -> None:
    """Note that a window was closed."""
    Presence.objects.filter(document_id=document_id, window=window, person=person).delete()
