"""What areas above plug into tracking."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from uuid import UUID

from plainsail.kernel.events import Event
from plainsail.kernel.registry import Registry
from plainsail.tracking.models import Hit, Landing

LANDING: Registry[Callable[[Landing], None]] = Registry("tracking.landing")
"""Kind of landed row (such as `form`) to what takes it in. Runs in the workspace, in a savepoint; idempotent on `row.id`."""

LISTENERS: Registry[Callable[[list[Hit]], None]] = Registry("tracking.listeners")
"""Who hears of new hits, a batch at a time, in the drain's transaction: counters of mail, say."""

RECLASSED: Registry[Callable[[list[Hit]], None]] = Registry("tracking.reclassed")
"""Who counted a hit as a person's that turns out to be a program's: what they noted of these is taken back, in the drain's
transaction. The hits have their new class already."""

ACCEPTED: Registry[Callable[[Collection[UUID]], dict[UUID, datetime]]] = Registry("tracking.accepted")
"""Who knows when deliveries were accepted by a mail server: what was followed before that, no reader followed."""

WANTED: Registry[Callable[[type[Event]], bool]] = Registry("tracking.wanted")
"""Who wants opens and visits of known people told as events, in the open workspace: they are many, so else none is."""
