"""What files tell the world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from plainsail.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class PictureRendered(Event):
    """All sizes of a picture are made; what shows it may offer them now."""

    name: ClassVar[str] = "files.picture_rendered"
    file_id: UUID
