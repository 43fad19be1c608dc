"""What automations tell the world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from plainsail.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class AutomationEntered(Event):
    """A contact began an automation."""

    name: ClassVar[str] = "automations.entered"
    automation_id: UUID
    run_id: UUID


@dataclass(frozen=True, kw_only=True)
class AutomationFinished(Event):
    """A contact came to the end of an automation."""

    name: ClassVar[str] = "automations.finished"
    automation_id: UUID
    run_id: UUID


@dataclass(frozen=True, kw_only=True)
class AutomationPublished(Event):
    """A version of an automation went live."""

    name: ClassVar[str] = "automations.published"
    automation_id: UUID
    number: int


@dataclass(frozen=True, kw_only=True)
class RunParked(Event):
    """Somebody's way through an automation is held up by a failure and waits for a person."""

    name: ClassVar[str] = "automations.run_parked"
    automation_id: UUID
    run_id: UUID


@dataclass(frozen=True, kw_only=True)
class SignalReceived(Event):
    """A program told by the API that something happened to a contact, under a name of its own."""

    name: ClassVar[str] = "automations.signal_received"
    signal: str


@dataclass(frozen=True, kw_only=True)
class HookCalled(Event):
    """A program sent a message about a contact to the secret address of an automation."""

    name: ClassVar[str] = "automations.hook_called"
    hook: str
