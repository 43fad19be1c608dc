"""What happened while a business closed: written down once, never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from plainsail.hosting.models import Closure, ClosureFact


def note(closure: Closure, kind: str, *, at: datetime, **details: Any) -> ClosureFact:
    """Write down a fact. In the open workspace."""
    made: ClosureFact = ClosureFact.objects.create(closure=closure, kind=kind, at=at, details=details, created_at=at)
    return made


def last(closure: Closure, kind: str) -> ClosureFact | None:
    """The latest fact of a kind."""
    found: ClosureFact | None = closure.facts.filter(kind=kind).order_by("-at", "-id").first()
    return found


def has(closure: Closure, kind: str) -> bool:
    return last(closure, kind) is not None
