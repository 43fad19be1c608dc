"""Ways that visitors take from step to step are kept as visits: classed, by month, and forgotten like any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from plainsail.funnels.models import FunnelStep
from plainsail.kernel.ids import new_id
from plainsail.tracking.models import Landing
from plainsail.tracking.services import landing


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way on as a visitor took it: its own path, where it led, and what is known of who took it."""

    path: str
    to: str
    host: str = ""
    visitor_id: UUID | None = None
    ip: str | None = None
    user_agent: str = ""
    referrer: str = ""
    query: Mapping[str, str] | None = None


def note(step: FunnelStep, way: Way, *, at: datetime) -> None:
    """Keep that somebody took a way on from a step."""
    payload = {name: value[:200] for name, value in (way.query or {}).items() if name.startswith("utm_")}
    landing.record(
        [
            Landing(
                id=new_id(),
                workspace_id=step.workspace_id,
                kind="visit",
                at=at,
                visitor_id=way.visitor_id,
                host=way.host,
                path=way.path,
                url=way.to,
                referrer=way.referrer[:500],
                ip=way.ip,
                user_agent=way.user_agent[:400],
                payload=payload,
            )
        ],
        at=at,
    )
