"""Senders and database are killed while a broadcast leaves: nobody is lost outside `uncertain`, nobody gets it twice.

On a server of its own, which keeps what it committed, as an installation's does. PLAINSAIL_KILLS says how often.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from plainsail.accounts.tests.factories import WorkspaceFactory
from plainsail.contacts.models import Contact, ListMember
from plainsail.contacts.services.addresses import hashed
from plainsail.kernel import clock, environment
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Broadcast, Delivery
from plainsail.mail.services import books, broadcasts, journal, launching, ledger, planning, recovery
from plainsail.mail.services.pipelines import CONNECTIONS, DEPTH
from plainsail.mail.tests.factories import BroadcastFactory, ListFactory
from tests.killing import kill
from tests.killing import own_server as own_server  # noqa: PLC0414  # a fixture

IS_DEEP = bool(os.environ.get("PLAINSAIL_DEEP"))
KILLS = int(os.environ.get("PLAINSAIL_KILLS", "200" if IS_DEEP else "6"))
READERS = 30_000 if IS_DEEP else 300 * KILLS
LANES = 2
# Whose turn it is to die. Databases take seconds to come back, so they die less often.
VICTIMS = (
    ("senders", "database", "senders", "both")
    if IS_DEEP
    else ("senders", "senders", "database", "senders", "both", "senders")
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.two_processes, pytest.mark.long]


@pytest.fixture
def sink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The list of those who got something, kept by a mail server that nobody kills."""
    log = tmp_path / "taken"
    log.touch()
    with subprocess.Popen(
        [sys.executable, "-m", "plainsail.mail.tests.sink", str(log)], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        monkeypatch.setenv("SMTP_URL", f"smtp://127.0.0.1:{int(server.stdout.readline())}")
        monkeypatch.setenv("PLAINSAIL_DATA", str(tmp_path))
        environment.current.cache_clear()
        yield log
        server.kill()
    environment.current.cache_clear()


def test_whatever_is_killed_whenever_nobody_is_lost_and_nobody_gets_it_twice(own_server, sink):
    business, broadcast = ready()
    chance = random.Random(f"{os.getpid()} {time.time_ns()}")
    kills = 0
    for number in range(KILLS):
        with workspace(business):
            plan = planning.plan(broadcast, at=clock.now())
        lanes = [launching.start(plan, seconds=600) for _lane in range(LANES)]
        wait_for_some(sink, lanes, chance)
        kills += any(lane.poll() is None for lane in lanes)
        kill(VICTIMS[number % len(VICTIMS)], lanes, own_server)
        before = uncertain(business, broadcast)
        recovery.recover(at=clock.now())
        assert uncertain(business, broadcast) - before <= LANES * CONNECTIONS * DEPTH
        if not waiting(business, broadcast):
            break
    finish(business, broadcast)

    with workspace(business):
        broadcast.refresh_from_db()
        states = dict(Delivery.objects.filter(source_id=broadcast.id).values_list("id", "state"))
    taken = Counter(line.split(" ")[1].split("@")[0] for line in sink.read_text().splitlines())
    assert kills >= min(KILLS, 4)
    assert [one for one, times in taken.items() if times > 1] == []
    unknown = {row.hex for row, state in states.items() if state == Delivery.State.UNCERTAIN}
    accepted = {row.hex for row, state in states.items() if state == Delivery.State.ACCEPTED}
    assert accepted - set(taken) == set()
    assert {row.hex for row in states} - set(taken) <= unknown
    assert len(accepted) + len(unknown) == READERS
    assert len(unknown) <= kills * LANES * CONNECTIONS * DEPTH
    assert (broadcast.state, broadcast.audience, broadcast.settled) == (Broadcast.State.COMPLETE, READERS, READERS)
    assert list(journal.folder().iterdir()) == []
    sys.stderr.write(
        f"\n{kills} kills, {READERS} messages: {len(unknown)} uncertain, {len(set(taken) & unknown)} of them arrived\n"
    )


def ready() -> tuple[Workspace, Broadcast]:
    """A broadcast whose audience is in the ledger, and nothing of it has left."""
    business = WorkspaceFactory(slug="killed", name="Killed")
    with workspace(business):
        news = ListFactory()
        contacts = Contact.objects.bulk_create(
            [
                Contact(
                    workspace=business, email=(address := f"reader-{number}@example.com"), address_hash=hashed(address)
                )
                for number in range(READERS)
            ],
            batch_size=2000,
        )
        ListMember.objects.bulk_create(
            [
                ListMember(workspace=business, contact=one, list=news, state="subscribed", changed_at=clock.now())
                for one in contacts
            ],
            batch_size=2000,
        )
        made = BroadcastFactory(list=news)
        at = clock.now() - timedelta(minutes=2)
        broadcasts.send_now(made, at=at)
        broadcasts.start(made.id, at=at + timedelta(minutes=1))
    broadcasts.prepare.function(workspace_id=business.id, broadcast_id=made.id)
    with workspace(business):
        made = Broadcast.objects.select_related("list", "edition").get(id=made.id)
    return business, made


def wait_for_some(sink: Path, lanes: list[subprocess.Popen[str]], chance: random.Random) -> None:
    """Until some messages more have been taken, and a moment longer."""
    lines = count(sink) + chance.randint(1, max(2, READERS // KILLS // 3))
    until = time.monotonic() + 60
    while count(sink) < lines and any(lane.poll() is None for lane in lanes) and time.monotonic() < until:
        time.sleep(0.001)
    time.sleep(chance.random() * 0.01)


def count(sink: Path) -> int:
    return sink.read_bytes().count(b"\n")


def uncertain(business: Workspace, broadcast: Broadcast) -> int:
    with workspace(business):
        return Delivery.objects.filter(source_id=broadcast.id, state=Delivery.State.UNCERTAIN).count()


def waiting(business: Workspace, broadcast: Broadcast) -> int:
    with workspace(business):
        return Delivery.objects.filter(source_id=broadcast.id, state__in=Delivery.OPEN).count()


def finish(business: Workspace, broadcast: Broadcast) -> None:
    """A last sender that nobody kills; leases of the dead are over by then."""
    with workspace(business):
        plan = planning.plan(broadcast, at=clock.now())
    launching.run_apart(plan, seconds=600)
    later = clock.now() + 2 * ledger.LEASE
    with workspace(business):
        ledger.expire(at=later)
        books.close_if_done(broadcast.id, at=later)
