"""What mail tells the world. Single messages don't go through the event log: the ledger is their record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from plainsail.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class BroadcastStarted(Event):
    """A broadcast's audience is being written down and its first messages leave."""

    name: ClassVar[str] = "mail.broadcast_started"
    broadcast_id: UUID


@dataclass(frozen=True, kw_only=True)
class BroadcastCompleted(Event):
    """Everybody in a broadcast's audience is accounted for."""

    name: ClassVar[str] = "mail.broadcast_completed"
    broadcast_id: UUID


@dataclass(frozen=True, kw_only=True)
class BroadcastStopped(Event):
    """Somebody stopped a broadcast; what had not left by then never will."""

    name: ClassVar[str] = "mail.broadcast_stopped"
    broadcast_id: UUID


@dataclass(frozen=True, kw_only=True)
class BroadcastHeld(Event):
    """A broadcast's time came, and it could not leave: its domain, its address or its sender is not as it must be."""

    name: ClassVar[str] = "mail.broadcast_held"
    broadcast_id: UUID


@dataclass(frozen=True, kw_only=True)
class SenderPaused(Event):
    """Nothing more leaves in this sender's name until somebody has looked: servers refuse it, or too many complained."""

    name: ClassVar[str] = "mail.sender_paused"
    sender_id: UUID
