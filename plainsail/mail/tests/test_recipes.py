"""Every recipe that is offered goes live as it comes, and somebody goes through it to the end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.automations.models import Run, StepLog
from plainsail.automations.services import editing, entering, flows, publishing, running
from plainsail.automations.sockets import STARTERS
from plainsail.contacts.models import Contact, ListMember, Tag
from plainsail.contacts.services import consent, lists
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Delivery

pytestmark = pytest.mark.django_db
OFFERED = [key for key, starter in STARTERS.items() if starter.is_offered and starter.needs]
CHOSEN = {"subscriptions.trial"}
"""Recipes of which something has to be chosen before they can go live."""


def maren(business, at):
    """Somebody who confirmed the list."""
    topic = lists.default(business, at=at)
    contact = consent.opt_in(business, email="maren@example.com", list=topic, wording="Yes", source="test", at=at)
    consent.confirm(ListMember.objects.get(contact=contact), at=at)
    return contact


def step_through(business, at):
    """Let the engine work until nobody waits any more; returns when that was."""
    for _round in range(200):
        upcoming = running.advance(workspace_id=business.id, at=at)
        with workspace(business):
            if not Run.objects.filter(state=Run.State.WAITING).exists():
                return at
        at = upcoming or at + timedelta(hours=1)
    raise AssertionError("somebody is still under way")


def test_there_are_a_dozen_of_them():
    assert len([starter for starter in STARTERS if starter.needs]) >= 14


@pytest.mark.parametrize("key", OFFERED)
def test_it_is_drawn_in_small_without_writing_anything(juniper, key):
    with workspace(juniper):
        sketch = STARTERS[key].sketch()
        assert len(sketch) >= 3
        assert all(part.says for part in sketch)
        assert not Tag.objects.exists()


@pytest.mark.parametrize("key", [key for key in OFFERED if key not in CHOSEN])
def test_it_goes_live_as_it_comes_and_somebody_goes_through(juniper, key):
    at = clock.now()
    with workspace(juniper):
        contact = maren(juniper, at)
        made = editing.create(name=key, flow=STARTERS[key].build(juniper, at), at=at)
        assert flows.faults(made.draft, juniper) == {}
        publishing.publish_letting_them_finish(made, at=at)
        made.refresh_from_db()
        entering.enter(made, contact, at=at, cause="test")
    step_through(juniper, at)
    with workspace(juniper):
        run = Run.objects.get()
        assert (run.state, run.error) == (Run.State.DONE, "")
        taken = set(StepLog.objects.filter(run=run).values_list("step", flat=True))
        first_row = {step["id"] for step in made.draft["steps"]}
        assert first_row <= taken
        mails = [step for step in made.draft["steps"] if step.get("action") == "mail.send"]
        assert Delivery.objects.filter(contact_id=contact.id).count() >= len(mails)


@pytest.mark.parametrize("key", sorted(CHOSEN & set(OFFERED)))
def test_what_has_to_be_chosen_is_said(juniper, key):
    with workspace(juniper):
        flow = STARTERS[key].build(juniper, clock.now())
        assert set(flows.faults(flow, juniper)) == {""}


def test_making_one_twice_shares_its_segment(juniper):
    with workspace(juniper):
        for _time in range(2):
            STARTERS["mail.sunset"].build(juniper, clock.now())
        assert juniper.segments.count() == 1
        assert not Contact.objects.exists()
