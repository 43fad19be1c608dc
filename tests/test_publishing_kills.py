"""A worker or web process is killed while it publishes: what was acknowledged is live, and nothing half is ever shown.

On a server of its own, which keeps what it committed, as an installation's does.
"""

from __future__ import annotations

import gzip
import os
import random
import signal
import subprocess
import sys
import time

import brotli
import pytest

from plainsail.accounts.tests.factories import WorkspaceFactory
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace
from plainsail.pages.models import Page, PublishedSnapshot
from plainsail.pages.services import publishing
from plainsail.pages.tests.factories import PageFactory
from tests.test_mail_kills import own_server  # noqa: F401  # the server of its own

KILLS = 40 if os.environ.get("PLAINSAIL_DEEP") else 4

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.two_processes, pytest.mark.long]

PUBLISHER = """
import sys, django
django.setup()
from plainsail.kernel import clock
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import workspace
from plainsail.pages.models import Page
from plainsail.pages.services import editing, publishing
business = Workspace.objects.get(slug="killed")
number = int(sys.argv[1])
while True:
    number += 1
    with workspace(business):
        page = Page.objects.select_related("workspace").get(path="/course")
        change = {"op": "set", "block": page.document.blocks[0].id, "path": ["heading"], "value": f"Edition {number}."}
        editing.apply(page, [change], revision=page.revision, by=None, at=clock.now())
        publishing.publish(page, by=None, at=clock.now())
    print(number, flush=True)
"""


def test_what_was_acknowledged_is_live_and_whole_after_every_kill(own_server):  # noqa: F811  # the fixture
    business = WorkspaceFactory(slug="killed", name="Killed")
    with workspace(business):
        page = PageFactory(workspace=business, path="/course")
        publishing.publish(page, by=None, at=clock.now())
    environment = os.environ | {"DATABASE_URL": own_server.dsn("app"), "PLAINSAIL_OWNER": "", "PLAINSAIL_DEBUG": "1"}
    chance, last = random.Random(os.getpid()), 0
    for _kill in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", PUBLISHER, str(last)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        ) as publisher:
            assert publisher.stdout is not None
            lines = [publisher.stdout.readline() for _line in range(chance.randint(1, 4))]
            time.sleep(chance.random() * 0.05)
            publisher.send_signal(signal.SIGKILL)
            lines += publisher.stdout.read().splitlines()
        acknowledged = [int(line) for line in lines if line.strip()]
        last = shown(business)
        assert acknowledged
        assert max(acknowledged) <= last <= max(acknowledged) + 1


def shown(business) -> int:
    """Which edition visitors see, once everything about it fits together."""
    with workspace(business):
        page = Page.objects.get(path="/course")
        snapshot = PublishedSnapshot.objects.get(path="/course")
        live = publishing.live_document(page)
    body = bytes(snapshot.body)
    assert gzip.decompress(bytes(snapshot.body_gzip)) == brotli.decompress(bytes(snapshot.body_br)) == body
    heading = live.blocks[0].headline
    assert heading.encode() in body
    return int(heading.removeprefix("Edition ").removesuffix("."))
