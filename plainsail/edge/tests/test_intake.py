"""Nothing that was acknowledged is lost, whatever is killed; nothing is acknowledged that was not stored."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID, uuid4

import psycopg
import pytest

from plainsail.cli.postgres import Postgres
from plainsail.edge.tests.factories import FORM, FORM_ID, EdgeDatabase, Served, edge_process, free_port
from plainsail.edge.tests.test_published import eventually
from plainsail.kernel import tokens

SITE = "juniper.localhost"
KILLS = 10
"""Of the edge, and as many of the database."""


class Cluster:
    """A PostgreSQL of our own, which may be killed."""

    def __init__(self, folder: Path) -> None:
        self.postgres = Postgres(folder)
        self.urls = self.postgres.start()

    def kill(self) -> None:
        """End the server as a crash would: all of it at once, committing nothing."""
        assert self.postgres.process is not None
        pid = self.postgres.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for one in (pid, *map(int, children)):
            os.kill(one, signal.SIGKILL)
        self.postgres.process.wait()

    def start(self) -> None:
        self.postgres.stop()
        self.postgres.start()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    yield made
    made.postgres.stop()


@pytest.fixture(scope="module")
def mortal(cluster: Cluster) -> EdgeDatabase:
    database = EdgeDatabase(cluster.urls["owner"], cluster.urls["edge"], "mortal")
    database.create()
    return database


@pytest.fixture
def business(mortal: EdgeDatabase) -> UUID:
    workspace_id = uuid4()
    mortal.run("DELETE FROM accounts_host")
    mortal.add_host(SITE, workspace_id)
    mortal.publish(workspace_id, "/", forms={FORM_ID: FORM})
    return workspace_id


@pytest.fixture
def server(mortal: EdgeDatabase, business: UUID, tmp_path: Path) -> Iterator[Served]:
    served = edge_process(mortal, tmp_path / "no-web.sock", port=free_port(), workers=2)
    served.start()
    served.wait()
    yield served
    served.stop()


class Senders:
    """People who fill in a form again and again, each time with another address."""

    def __init__(self, server: Served, count: int = 12) -> None:
        self._server = server
        self._stop = threading.Event()
        self.acknowledged: list[str] = []
        self.others: Counter[object] = Counter()
        self._pool = ThreadPoolExecutor(count)
        self._sending = [self._pool.submit(self._send) for _ in range(count)]

    def _send(self) -> None:
        while not self._stop.is_set():
            email = f"{uuid4().hex}@example.com"
            try:
                status = post(self._server, email)
            except (OSError, ValueError) as error:
                self.others[type(error).__name__] += 1
                time.sleep(0.02)
                continue
            if status == 303:
                self.acknowledged.append(email)
            else:
                self.others[status] += 1

    def stop(self) -> None:
        self._stop.set()
        for each in self._sending:
            each.result()
        self._pool.shutdown()


def post(server: Served, email: str) -> int:
    import http.client

    body = urlencode({"_page": "/", "email": email, "terms": "on"}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        return server.ask("POST", f"/f/{FORM_ID}", host=SITE, headers=headers, body=body, timeout=30).status
    except http.client.HTTPException as error:
        raise OSError from error


def stored(database: EdgeDatabase, workspace_id: UUID) -> Counter[str]:
    rows = database.run(
        "SELECT payload->'values'->>'email' AS email FROM tracking_landing WHERE workspace_id = %s AND kind = 'form'",
        [workspace_id],
    )
    return Counter(row["email"] for row in rows)


def test_kills_of_edge_and_database_lose_and_double_nothing(
    cluster: Cluster, mortal: EdgeDatabase, business: UUID, server: Served
):
    senders = Senders(server)
    for kill in range(2 * KILLS):
        time.sleep(random.uniform(0.1, 0.5))
        if kill % 2:
            cluster.kill()
            cluster.start()
        else:
            server.kill()
            server.start()
            server.wait()
    time.sleep(0.5)
    senders.stop()
    found = stored(mortal, business)
    assert len(senders.acknowledged) > 100
    assert [email for email in senders.acknowledged if not found[email]] == []
    assert {email: times for email, times in found.items() if times > 1} == {}


def test_a_database_that_restarts_is_waited_for(cluster: Cluster, mortal: EdgeDatabase, business: UUID, server: Served):
    assert post(server, "before@example.com") == 303
    cluster.kill()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(post, server, "during@example.com")
        time.sleep(0.5)
        cluster.start()
        assert waiting.result() == 303
    assert stored(mortal, business) == {"before@example.com": 1, "during@example.com": 1}


def test_without_database_nothing_is_acknowledged_and_pages_stay(
    cluster: Cluster, mortal: EdgeDatabase, business: UUID, server: Served, monkeypatch: pytest.MonkeyPatch
):
    mail = {"workspace_id": business, "delivery_id": uuid4(), "contact_id": uuid4()}
    for _ in range(20):
        assert server.get("/", host=SITE).status == 200
    cluster.kill()
    try:
        with ThreadPoolExecutor(3) as pool:
            form = pool.submit(post, server, "lost@example.com")
            click = pool.submit(server.get, f"/c/{tokens.click_token(url='https://a.example/', **mail)}", host=SITE)
            unknown = pool.submit(server.get, "/never-seen", host=SITE)
            assert server.get("/", host=SITE).status == 200
            assert (unknown.result().status, unknown.result().headers["retry-after"]) == (503, "5")
            assert (click.result().status, form.result()) == (302, 503)
        ready = server.get("/readyz", host=SITE)
        assert (ready.status, ready.json["database"]) == (503, False)
    finally:
        cluster.start()
    # The click happened, so it is written once that is possible. The form was not taken, so it isn't.
    eventually(lambda: [row["kind"] for row in mortal.landed(business) if row["kind"] != "visit"] == ["click"])


def test_what_changed_while_the_ear_was_deaf_is_seen_afterwards(
    cluster: Cluster, mortal: EdgeDatabase, business: UUID, server: Served
):
    assert "Slow-grown" in server.get("/", host=SITE).text
    cluster.kill()
    cluster.start()
    mortal.publish(business, "/", "<p>new", notify=False)
    eventually(lambda: {server.get("/", host=SITE).text for _ in range(10)} == {"<p>new"}, within=8)


def test_a_clean_stop_writes_what_waits(mortal: EdgeDatabase, business: UUID, server: Served):
    for _ in range(200):
        server.get("/", host=SITE)
    time.sleep(1)  # granian forgets a signal that reaches a worker before it has quite started
    server.stop()
    assert len(mortal.landed(business)) == 200


def test_rows_of_many_senders_share_commits(mortal: EdgeDatabase, business: UUID, server: Served):
    with psycopg.connect(mortal.owner_url) as connection:
        query = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        (before,) = connection.execute(query).fetchone() or (0,)
    senders = Senders(server, count=32)
    time.sleep(1.5)
    senders.stop()
    time.sleep(1.2)  # the server's statistics arrive a second late
    with psycopg.connect(mortal.owner_url) as connection:
        (after,) = connection.execute(query).fetchone() or (0,)
    assert stored(mortal, business).keys() == set(senders.acknowledged)
    assert after - before < len(senders.acknowledged)
