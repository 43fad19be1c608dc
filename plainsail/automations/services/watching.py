"""Automations that wait for somebody to come into a segment or to leave it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from plainsail.automations.models import Automation, AutomationVersion
from plainsail.contacts.events import SegmentEntered, SegmentLeft
from plainsail.contacts.services import membership

TRIGGERS = (SegmentEntered.name, SegmentLeft.name)


def listened() -> set[UUID]:
    """Segments that a live automation waits for; a paused one keeps its place, and lets in whoever comes once it goes on."""
    waiting = Automation.objects.filter(
        listens_to__in=TRIGGERS, state__in=[Automation.State.LIVE, Automation.State.PAUSED], version__isnull=False
    )
    return {found for one in waiting.select_related("version") if one.version for found in _segments(one.version)}


def begin(version: AutomationVersion, *, at: datetime) -> None:
    """A version goes live: from now on it is kept who is in the segment that it waits for. Raises BadSegment."""
    for segment_id in _segments(version):
        membership.watch(segment_id, at=at)


def _segments(version: AutomationVersion) -> Iterator[UUID]:
    trigger = version.document["trigger"]
    if trigger["kind"] in TRIGGERS:
        yield UUID(trigger["config"]["segment"])
