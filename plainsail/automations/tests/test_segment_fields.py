"""Segments know who is in an automation; an automation that asks a segment keeps it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plainsail.automations.models import Run
from plainsail.automations.services import flows
from plainsail.automations.tests.factories import AutomationFactory, live
from plainsail.contacts.models import Contact
from plainsail.contacts.queries import condition_of
from plainsail.contacts.services import membership, segments
from plainsail.contacts.tests.factories import ContactFactory, SegmentFactory
from plainsail.kernel.testing import run_jobs

DAY = timedelta(days=1)
MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)


def test_who_is_in_it_came_through_or_never_entered(in_juniper):
    automation = live(flows.build("contacts.contact_created", {}, [flows.wait(1, "days")]), at=MAY)
    for name, state, ended in (("Ann", "waiting", None), ("Bo", "done", MAY), ("Cy", "stopped", MAY)):
        Run.objects.create(
            automation=automation,
            version=automation.version,
            contact=ContactFactory(first_name=name),
            entry="once",
            state=state,
            due_at=MAY,
            entered_at=MAY,
            ended_at=ended,
        )
    ContactFactory(first_name="Di")
    found = {}
    for op in ("is_in", "finished", "entered", "never"):
        condition = condition_of({"field": "automation", "op": op, "value": str(automation.id)}, at=MAY)
        names = Contact.objects.filter(condition).order_by("first_name").values_list("first_name", flat=True)
        found[op] = list(names)
    assert found == {"is_in": ["Ann"], "finished": ["Bo"], "entered": ["Ann", "Bo", "Cy"], "never": ["Di"]}


def test_a_segment_that_a_step_asks_is_not_deleted(in_juniper):
    segment = SegmentFactory()
    step = flows.condition("contacts.in_segment", {"segment": str(segment.id)})
    made = AutomationFactory(name="Welcome", draft=flows.build("", {}, [step]))
    with pytest.raises(segments.InUse) as caught:
        segments.delete(segment)
    assert "Automation “Welcome”" in str(caught.value)
    made.delete()
    segments.delete(segment)


@pytest.mark.parametrize("kind", ["entered", "left"])
def test_who_comes_into_a_segment_or_leaves_it_starts_an_automation(in_juniper, kind):
    segment = SegmentFactory(tree={"field": "country", "op": "is", "value": "DE"})
    config = {"segment": str(segment.id)}
    automation = live(flows.build(f"contacts.segment_{kind}", config, [flows.wait(1, "days")]), at=MAY)
    ann = ContactFactory(country="DE")
    membership.look(at=MAY + DAY)
    Contact.objects.update(country="FR")
    membership.look(at=MAY + DAY * 2)
    run_jobs()
    run = Run.objects.get(automation=automation)
    assert (run.contact_id, run.entered_at) == (ann.id, MAY + DAY * (1 if kind == "entered" else 2))
    with pytest.raises(segments.InUse):
        segments.delete(segment)
