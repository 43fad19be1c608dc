"""A large set is taken in parts side by side: each run once, and a part that fails holds up nobody of the others."""

from __future__ import annotations

import os
import threading
from collections import Counter

import pytest
from django.db import connection

from plainsail.automations.models import Run, StepLog
from plainsail.automations.services import entering, flows, lanes, running
from plainsail.automations.sockets import ACTIONS, Action
from plainsail.automations.tests.factories import ContactFactory, ListFactory, live
from plainsail.contacts.models import Contact
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace

PEOPLE = 40


@pytest.fixture
def two_lanes(monkeypatch):
    monkeypatch.setattr(lanes, "LEAST", 10)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)  # one lane more than cores


@pytest.fixture
def threads(monkeypatch):
    """The thread and connection that did an action for how many; it fails for whoever is called Ernst."""
    seen = []

    def many(work, config, at):
        names = set(
            Contact.objects.filter(id__in=[one.contact_id for one in work]).values_list("first_name", flat=True)
        )
        if "Ernst" in names:
            raise ConnectionError("the potter is out")
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid(), current_setting('synchronous_commit')")
            backend, waits = cursor.fetchone()
            assert waits == "off"
            seen.append((threading.get_ident(), backend, len(work)))
        return {}

    entry = Action(label="Note", icon="check", sentence=str, perform=lambda *given: None, perform_many=many)
    monkeypatch.setitem(ACTIONS._entries, "test.note", entry)
    return seen


def enter(business, number, *, at, **facts):
    flow = flows.build(
        "contacts.list_joined", {"list": str(ListFactory().id)}, [flows.action("test.note", {}), flows.wait(1)]
    )
    automation = live(flow, at=at)
    people = [*ContactFactory.create_batch(number - 1), ContactFactory(**facts)]
    entering.enter_many(automation, [entering.Entry(one.id, at, "x") for one in people], at=at)


@pytest.mark.django_db(transaction=True)
def test_each_lane_has_a_connection_of_its_own_and_takes_each_run_once(juniper, two_lanes, threads):
    at = clock.now()
    with workspace(juniper):
        enter(juniper, PEOPLE, at=at)
    running.advance.function(workspace_id=juniper.id, at=at)
    assert sorted(number for _thread, _connection, number in threads) == [PEOPLE // 2, PEOPLE // 2]
    assert len({thread for thread, _connection, _number in threads}) == 2
    assert len({backend for _thread, backend, _number in threads}) == 2
    with workspace(juniper):
        assert Counter(StepLog.objects.values_list("outcome", flat=True)) == {"done": PEOPLE, "waiting": PEOPLE}
        assert Run.objects.filter(is_in_wait=True).count() == PEOPLE


@pytest.mark.django_db(transaction=True)
def test_whoever_makes_a_part_fail_is_held_up_alone(juniper, two_lanes, threads):
    at = clock.now()
    with workspace(juniper):
        enter(juniper, PEOPLE, at=at, first_name="Ernst")
    running.advance.function(workspace_id=juniper.id, at=at)
    with workspace(juniper):
        assert Run.objects.filter(is_in_wait=True).count() == PEOPLE - 1
        assert Run.objects.get(failures=1).contact.first_name == "Ernst"


@pytest.mark.django_db
def test_inside_a_transaction_of_somebody_else_there_is_one_lane(in_juniper, two_lanes, threads):
    at = clock.now()
    enter(in_juniper, PEOPLE, at=at)
    running.advance(workspace_id=in_juniper.id, at=at)
    assert [number for _thread, _connection, number in threads] == [PEOPLE]
