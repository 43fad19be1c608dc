"""Workers and database are killed while people go through an automation: each step is taken once, and nobody is lost.

On a server of its own, which keeps what it committed, as an installation's does. PLAINSAIL_KILLS says how often.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from django.db import OperationalError, connection

from plainsail.accounts.tests.factories import WorkspaceFactory
from plainsail.automations.models import Automation, Run, StepLog
from plainsail.automations.services import flows
from plainsail.automations.tests.factories import ListFactory, live, tag
from plainsail.cli.postgres import Postgres
from plainsail.contacts.events import ListJoined
from plainsail.contacts.models import Contact, ContactTag, ScoreEntry
from plainsail.contacts.services.addresses import hashed
from plainsail.kernel import clock
from plainsail.kernel.events import publish_many
from plainsail.kernel.models import EventRow, PendingEvent, Workspace
from plainsail.kernel.tenancy import workspace
from tests.killing import kill
from tests.killing import own_server as own_server  # noqa: PLC0414  # a fixture

IS_DEEP = bool(os.environ.get("PLAINSAIL_DEEP"))
KILLS = int(os.environ.get("PLAINSAIL_KILLS", "200" if IS_DEEP else "24"))
PEOPLE = 100 * KILLS
WORKERS = 2
# Whose turn it is to die. Databases take seconds to come back, so they die less often.
VICTIMS = ("senders",) * 7 + ("database",) + ("senders",) * 7 + ("both",)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.two_processes, pytest.mark.long]


def test_whatever_is_killed_whenever_each_step_is_taken_once_and_nobody_is_lost(own_server):
    business, automation, at = ready()
    later = at + timedelta(hours=1)
    chance = random.Random(f"{os.getpid()} {time.time_ns()}")
    kills = 0
    with forking(own_server, business) as start:
        for number in range(KILLS * 3):
            workers = [start(later) for _worker in range(WORKERS)]
            wait_for_some(business, workers, chance)
            kills += any(worker.poll() is None for worker in workers)
            kill(VICTIMS[number % len(VICTIMS)], workers, own_server)
            if kills >= KILLS or is_through(business, at=later):
                break
        start(later).communicate(timeout=300)
        # The wait of a minute began at the moment that was said; a last worker comes after it.
        start(later + timedelta(hours=1)).communicate(timeout=300)

    assert kills >= (KILLS if IS_DEEP else min(KILLS, 20)), "everybody was through before so many had died"
    with workspace(business):
        assert not PendingEvent.objects.filter(subscriber="automations.contacts.list_joined").exists()
        assert Counter(Run.objects.values_list("state", flat=True)) == {Run.State.DONE: PEOPLE}
        assert Run.objects.values("contact_id").distinct().count() == PEOPLE
        ids = [step["id"] for step in flows.walk(automation.version.document["steps"])]
        taken = Counter(StepLog.objects.values_list("step", flat=True))
        assert taken == dict.fromkeys(ids, PEOPLE)
        assert ContactTag.objects.count() == PEOPLE
        assert Counter(ScoreEntry.objects.values_list("contact_id", flat=True)).most_common(1)[0][1] == 1
        assert ScoreEntry.objects.count() == PEOPLE
        for name in ("automations.entered", "automations.finished", "contacts.tag_added"):
            assert EventRow.objects.filter(name=name).count() == PEOPLE, name
    sys.stderr.write(f"\n{kills} kills, {PEOPLE} people through {len(ids)} steps each\n")


def ready() -> tuple[Workspace, Automation, datetime]:
    """A live automation, and so many people who joined its list and have not been heard of."""
    business = WorkspaceFactory(slug="killed", name="Killed")
    at = clock.now()
    with workspace(business):
        topic, guest = ListFactory(), tag(business)
        asks = flows.condition(
            "contacts.has_tag",
            {"tag": str(guest.id)},
            yes=[flows.action("contacts.give_points", {"points": 1}), flows.wait(1, "minutes")],
        )
        steps = [flows.action("contacts.add_tag", {"tag": str(guest.id)}), asks, flows.end()]
        automation = live(flows.build("contacts.list_joined", {"list": str(topic.id)}, steps), at=at)
        contacts = Contact.objects.bulk_create(
            [
                Contact(
                    workspace=business, email=(address := f"guest-{number}@example.com"), address_hash=hashed(address)
                )
                for number in range(PEOPLE)
            ],
            batch_size=2000,
        )
        publish_many([ListJoined(list_id=topic.id, contact_id=one.id, at=at) for one in contacts])
    return business, automation, at


@dataclass
class Worker:
    """A process that was forked elsewhere."""

    pid: int

    def poll(self) -> int | None:
        """None while it works."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def communicate(self, *, timeout: float) -> None:
        """Wait for its end."""
        until = time.monotonic() + timeout
        while self.poll() is None:
            assert time.monotonic() < until, "a worker does not end"
            time.sleep(0.005)


@contextmanager
def forking(server: Postgres, business: Workspace) -> Iterator[Callable[[datetime], Worker]]:
    """What starts a worker at a moment, in a few milliseconds."""
    command = [sys.executable, "-m", "plainsail.automations.tests.walker", str(business.id)]
    environment = os.environ | {"DATABASE_URL": server.dsn("app"), "PLAINSAIL_OWNER": ""}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as forks:
        assert forks.stdin is not None
        assert forks.stdout is not None

        def start(at: datetime) -> Worker:
            forks.stdin.write(f"{at.isoformat()}\n")
            forks.stdin.flush()
            return Worker(int(forks.stdout.readline()))

        yield start
        forks.kill()


def wait_for_some(business: Workspace, workers: list[Worker], chance: random.Random) -> None:
    """Until some steps more have been taken, and a moment longer."""
    steps = progress(business) + chance.randint(1, 150)
    until = time.monotonic() + 60
    while progress(business) < steps and any(one.poll() is None for one in workers) and time.monotonic() < until:
        time.sleep(0.005)
    time.sleep(chance.random() * 0.03)


def progress(business: Workspace) -> int:
    """Who entered, and steps that were taken."""
    with workspace(business):
        return Run.objects.count() + StepLog.objects.count()


def is_through(business: Workspace, *, at: datetime) -> bool:
    try:
        with workspace(business):
            waiting = Run.objects.filter(state=Run.State.WAITING, due_at__lte=at).exists()
            return not waiting and Run.objects.count() == PEOPLE
    except OperationalError:
        connection.close()
        return False
