"""Events are told once, heard by everyone, retried alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from uuid import UUID

import pytest

from plainsail.kernel import events
from plainsail.kernel.events import Event, publish
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import EventRow, PendingEvent
from plainsail.kernel.tenancy import WorkspaceRequired
from plainsail.kernel.testing import run_jobs

MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class KilnFired(Event):
    """A kiln was fired."""

    name: ClassVar[str] = "test.kiln_fired"
    kiln_id: UUID
    note: str = ""


@pytest.fixture
def heard(monkeypatch):
    told = []
    monkeypatch.setattr(events, "_subscriptions", {})
    monkeypatch.setattr(events, "_by_subscriber", {})
    events.on(KilnFired, subscriber="test.log")(told.append)
    return told


def test_a_subscriber_hears_the_event_as_it_was_told(in_juniper, heard):
    told = KilnFired(kiln_id=new_id(), note="gold", at=MAY)
    publish(told)
    assert heard == []
    run_jobs(at=MAY)
    assert heard == [told]
    assert PendingEvent.objects.count() == 0
    assert EventRow.objects.get().payload == {"kiln_id": str(told.kiln_id), "note": "gold"}


def test_an_event_outside_a_workspace_is_refused(db):
    with pytest.raises(WorkspaceRequired):
        publish(KilnFired(kiln_id=new_id(), at=MAY))


def test_a_failing_event_is_retried_alone_and_then_parked(in_juniper, heard):
    failing = KilnFired(kiln_id=new_id(), note="fail", at=MAY)

    def moody(event: KilnFired) -> None:
        if event.note == "fail":
            raise RuntimeError("kiln cracked")

    events.on(KilnFired, subscriber="test.moody")(moody)
    publish(failing)
    publish(KilnFired(kiln_id=new_id(), note="fine", at=MAY))
    run_jobs(at=MAY)
    waiting = PendingEvent.objects.get()
    assert (waiting.event.payload["note"], waiting.attempts, "kiln cracked" in waiting.error) == ("fail", 1, True)
    for day in range(1, 12):
        run_jobs(at=MAY + timedelta(days=day))
    waiting.refresh_from_db()
    assert (waiting.attempts, waiting.parked_at is not None) == (events.MAX_ATTEMPTS, True)
    assert len(heard) == 2


def test_nothing_is_kept_for_a_subscriber_that_has_no_use_for_it(in_juniper, heard):
    wanted = []
    events.on_sets(KilnFired, subscriber="test.sets", is_wanted=lambda: bool(wanted))(lambda told: None)
    publish(KilnFired(kiln_id=new_id(), at=MAY))
    assert set(PendingEvent.objects.values_list("subscriber", flat=True)) == {"test.log"}
    wanted.append(True)
    publish(KilnFired(kiln_id=new_id(), at=MAY))
    assert sorted(PendingEvent.objects.values_list("subscriber", flat=True)) == ["test.log", "test.log", "test.sets"]
