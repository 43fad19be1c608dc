"""What deals tell the world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from plainsail.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class DealOpened(Event):
    """A deal with a contact was written down."""

    name: ClassVar[str] = "deals.deal_opened"
    deal_id: UUID
    stage_id: UUID
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class DealMoved(Event):
    """A deal came to another stage, forwards or back; also to won or lost."""

    name: ClassVar[str] = "deals.deal_moved"
    deal_id: UUID
    stage_id: UUID
    from_stage_id: UUID
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class DealWon(Event):
    """A deal was won. The value is what it stood at, in minor units of its currency."""

    name: ClassVar[str] = "deals.deal_won"
    deal_id: UUID
    pipeline_id: UUID
    value_minor: int
    currency: str
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class DealLost(Event):
    """A deal was lost, and why."""

    name: ClassVar[str] = "deals.deal_lost"
    deal_id: UUID
    pipeline_id: UUID
    reason: str = ""
    title: str = ""
