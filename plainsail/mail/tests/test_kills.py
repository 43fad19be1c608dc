"""Whatever is killed and whenever: nobody is lost outside `uncertain`, and nobody gets a message twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection

from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Broadcast, Delivery
from plainsail.mail.services import books, broadcasts, ledger
from plainsail.mail.tests.factories import BroadcastFactory, ListFactory, subscriber

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.two_processes]

READERS = 300
ROUNDS = 40 if os.environ.get("PLAINSAIL_DEEP") else 5


def start(broadcast: Broadcast) -> subprocess.Popen[str]:
    """A worker of its own, on the test's database, as the application's role."""
    parts = connection.settings_dict
    url = f"postgresql://{parts['USER']}:{parts['PASSWORD']}@/{parts['NAME']}?host={parts['HOST']}&port={parts['PORT'] or 5432}"
    return subprocess.Popen(
        [sys.executable, "-m", "plainsail.mail.tests.sending_process", str(broadcast.workspace_id), str(broadcast.id)],
        env=os.environ | {"DATABASE_URL": url, "PLAINSAIL_OWNER": ""},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def let_go(*workers: subprocess.Popen[str]) -> None:
    """Once all of them stand ready, let them start at the same moment."""
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()


def finish(broadcast: Broadcast) -> None:
    """A last worker that nobody kills."""
    last = start(broadcast)
    let_go(last)
    last.communicate(timeout=120)
    assert last.returncode == 0


def under_way(juniper) -> Broadcast:
    with workspace(juniper):
        news = ListFactory()
        for number in range(READERS):
            subscriber(news, email=f"reader-{number}@example.com")
        made = BroadcastFactory(list=news)
        at = clock.now() - timedelta(minutes=2)
        broadcasts.send_now(made, at=at)
        broadcasts.start(made.id, at=at + timedelta(minutes=1))
    broadcasts.prepare.function(workspace_id=juniper.id, broadcast_id=made.id)
    return made


def test_killing_workers_again_and_again_loses_nobody_and_sends_nothing_twice(juniper, outbox):
    broadcast = under_way(juniper)
    chance = random.Random(f"{os.getpid()} {time.time_ns()}")
    kills = 0
    for _round in range(ROUNDS):
        workers = [start(broadcast), start(broadcast)]
        let_go(*workers)
        before = len(outbox)
        while len(outbox) < before + chance.randint(5, READERS // ROUNDS) and any(
            one.poll() is None for one in workers
        ):
            time.sleep(0.001)
        time.sleep(chance.random() * 0.02)
        for worker in workers:
            kills += worker.poll() is None
            worker.kill()
            worker.communicate()
    finish(broadcast)
    settle_leases(juniper, broadcast)

    with workspace(juniper):
        rows = dict(Delivery.objects.filter(source_id=broadcast.id).values_list("contact_id", "state"))
        addresses = dict(juniper.contacts.values_list("id", "email"))
    taken = Counter(outbox.recipients)
    states = Counter(rows.values())
    assert kills >= ROUNDS
    assert [address for address, times in taken.items() if times > 1] == []
    lost = [one for one, state in rows.items() if state != Delivery.State.UNCERTAIN and addresses[one] not in taken]
    assert lost == []
    never_taken = {addresses[one] for one, state in rows.items() if state == Delivery.State.ACCEPTED} - set(taken)
    assert never_taken == set()
    assert set(states) <= {Delivery.State.ACCEPTED, Delivery.State.UNCERTAIN}
    assert states[Delivery.State.UNCERTAIN] <= kills * ledger.BATCH
    refresh(juniper, broadcast)
    assert (broadcast.state, broadcast.audience, broadcast.settled) == (Broadcast.State.COMPLETE, READERS, READERS)


def settle_leases(juniper, broadcast):
    """Later, when the leases of the dead are over."""
    later = clock.now() + 2 * ledger.LEASE
    with workspace(juniper):
        ledger.expire(at=later)
        books.close_if_done(broadcast.id, at=later)


def refresh(juniper, broadcast):
    with workspace(juniper):
        broadcast.refresh_from_db()


def test_a_kill_while_the_audience_is_written_leaves_a_list_that_is_finished_later(juniper, outbox):
    with workspace(juniper):
        news = ListFactory()
        for number in range(20):
            subscriber(news, email=f"reader-{number}@example.com")
        broadcast = BroadcastFactory(list=news, state=Broadcast.State.PREPARING)
        broadcast.edition = broadcasts.emails.freeze(broadcast.email)
        broadcast.save()
        # As a worker leaves it that dies after its first commit.
        broadcasts.audience.write_chunk(broadcast, at=clock.now(), limit=8)
    broadcasts.prepare.function(workspace_id=juniper.id, broadcast_id=broadcast.id)
    finish(broadcast)
    refresh(juniper, broadcast)
    assert sorted(outbox.recipients) == sorted(f"reader-{number}@example.com" for number in range(20))
    assert (broadcast.state, broadcast.audience, broadcast.accepted) == (Broadcast.State.COMPLETE, 20, 20)
