"""Several processes count together: a limit holds for a key, whichever of them answers."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from django.db import connection

from plainsail.accounts.tests.factories import program
from plainsail.api.views import door
from plainsail.kernel import clock
from plainsail.kernel.throttle import Throttle

AT = datetime(2026, 11, 27, 9, tzinfo=UTC)
OTHER = """
import django, sys
from datetime import datetime
django.setup()
from plainsail.api.views import door
from plainsail.kernel.testing.web import Program
from plainsail.kernel import clock
door.RATE = door.Throttle(purpose="api", limit=3, seconds=60)
with clock.fixed(datetime.fromisoformat(sys.argv[2])):
    answer = Program(sys.argv[1]).ask("get", "contacts")
print(answer.status_code, answer["RateLimit-Remaining"])
"""


@pytest.mark.two_processes
@pytest.mark.django_db(transaction=True)
def test_two_processes_share_the_limit_of_a_key(juniper, monkeypatch):
    monkeypatch.setattr(door, "RATE", Throttle(purpose="api", limit=3, seconds=60))
    shop = program(juniper)
    found = []
    with clock.fixed(AT):
        for elsewhere in (False, True, False, True):
            found.append(in_another_process(shop.secret) if elsewhere else here(shop))
    assert found == ["200 2", "200 1", "200 0", "429 0"]


def here(shop) -> str:
    answer = shop.ask("get", "contacts")
    return f"{answer.status_code} {answer['RateLimit-Remaining']}"


def in_another_process(secret: str) -> str:
    url = os.environ["DATABASE_URL"]
    database = connection.settings_dict["NAME"]
    head, _slash, tail = url.rpartition("/")
    arguments = tail.partition("?")[2]
    surroundings = os.environ | {
        "DATABASE_URL": f"{head}/{database}" + (f"?{arguments}" if arguments else ""),
        "PLAINSAIL_OWNER": "0",
    }
    done = subprocess.run(
        [sys.executable, "-c", OTHER, secret, AT.isoformat()],
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]
