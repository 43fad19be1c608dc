"""What funnels tell the world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from plainsail.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class FunnelPublished(Event):
    """A funnel leads visitors from now on, or its newer steps do."""

    name: ClassVar[str] = "funnels.published"
    funnel_id: UUID
