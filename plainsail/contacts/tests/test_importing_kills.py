"""Wherever the worker is killed, the next one goes on where the last whole chunk ended, and two at once do it once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from plainsail.contacts.models import Contact, ContactTag, Import, ImportedContact
from plainsail.contacts.services import importing
from plainsail.contacts.services.importing import Wishes
from plainsail.contacts.tests.factories import ContactFactory
from plainsail.contacts.tests.test_importing import MAY
from plainsail.kernel.tenancy import workspace

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.two_processes]

ROWS = 450
STATEMENTS = 110
"""About as many as an import of this size takes, in chunks of 100 rows."""
ROUNDS = 60 if os.environ.get("PLAINSAIL_DEEP") else 4


@contextmanager
def forking(made: Import) -> Iterator[Callable[..., list[int]]]:
    """What has workers go at an import at once, each until it ends or reaches its last statement; it says how they ended."""
    parts = connection.settings_dict
    url = f"postgresql://{parts['USER']}:{parts['PASSWORD']}@/{parts['NAME']}?host={parts['HOST']}&port={parts['PORT'] or 5432}"
    module = "plainsail.contacts.tests.importing_process"
    with subprocess.Popen(
        [sys.executable, "-m", module, str(made.workspace_id), str(made.id)],
        env=os.environ | {"DATABASE_URL": url, "PLAINSAIL_OWNER": ""},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as forks:
        assert forks.stdin is not None
        assert forks.stdout is not None

        def work(*dies_at: int) -> list[int]:
            forks.stdin.write(" ".join(map(str, dies_at)) + "\n")
            forks.stdin.flush()
            said = forks.stdout.readline()
            assert said, "workers do not end"
            return [int(end) for end in said.split()]

        yield work
        forks.stdin.close()


def under_way(juniper) -> Import:
    lines = [f"p{number % 400}@example.com,P{number},VIP" for number in range(ROWS)]
    lines[7] = "nobody,X,VIP"
    with workspace(juniper):
        made = importing.receive(
            juniper, name="p.csv", chunks=["\n".join(["email,first_name,tags", *lines]).encode()], by=None, at=MAY
        )
        importing.define(made, Wishes(targets=made.targets), at=MAY)
    importing.check.function(workspace_id=juniper.pk, import_id=made.pk)
    with workspace(juniper):
        importing.start(made, at=MAY)
    return made


def test_killing_the_worker_again_and_again_loses_no_row_and_counts_none_twice(juniper):
    made, chance, kills = under_way(juniper), random.Random(), 0
    with forking(made) as work:
        for _round in range(ROUNDS):
            kills += work(*(chance.randint(1, STATEMENTS) for _worker in range(2))).count(-signal.SIGKILL)
        assert work(10**9) == [0]
    with workspace(juniper):
        done = Import.objects.get()
        assert (done.state, done.rows_done, done.tally) == ("done", ROWS, done.forecast)
        assert done.tally["created"] == Contact.objects.count() == ImportedContact.objects.count() == 400
        assert (ContactTag.objects.count(), done.faults.count()) == (400, 1)
    assert kills > 0


def test_killed_when_the_file_is_gone_it_is_done_all_the_same(juniper):
    made = under_way(juniper)
    with forking(made) as work:
        assert work(-1) == [-signal.SIGKILL]
        assert work(10**9) == [0]
    with workspace(juniper):
        assert Import.objects.get().state == "done"


def test_who_is_made_by_somebody_else_at_that_moment_is_known_at_the_second_try(juniper):
    made, is_there = under_way(juniper), threading.Event()

    def make_one_of_them() -> None:
        try:
            with workspace(juniper):
                ContactFactory(email="p3@example.com")
                is_there.set()
                wait_until_somebody_waits()
        finally:
            connection.close()

    other = threading.Thread(target=make_one_of_them)
    other.start()
    is_there.wait(10)
    importing.run.function(workspace_id=made.workspace_id, import_id=made.id)
    other.join()
    with workspace(juniper):
        done = Import.objects.get()
        assert (done.state, done.tally["created"], done.tally["changed"]) == ("done", 399, 1)
        assert Contact.objects.count() == ImportedContact.objects.count() == 400


def wait_until_somebody_waits() -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
