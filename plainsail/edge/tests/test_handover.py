"""Requests come in a thread of the server's own, and what memory can answer is answered there."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from plainsail.edge import entropy, handover
from plainsail.edge.access_log import AccessLog
from plainsail.edge.tests.factories import EdgeDatabase, Served
from plainsail.edge.tests.test_writer import line, run


class StubWatcher:
    """What granian gives with a request."""

    def __init__(self, path: str) -> None:
        self.scope = self.proto = path
        self.happened: list[Any] = []

    def taskref(self, task: asyncio.Task[None]) -> None:
        self.happened.append(task)

    def done(self) -> None:
        self.happened.append("done")


def test_the_server_still_makes_its_schedulers_where_they_are_replaced(edge: Served):
    assert edge.get("/healthz", host="localhost").status == 200
    assert "hands requests over" not in edge.log.read_text()


def test_a_server_that_hands_over_otherwise_is_spoken_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.delattr(handover.granian_workers, "_new_cbscheduler")
    handover.first_to(lambda _scope, _connection: False)
    assert "hands requests over" in caplog.text


def test_only_what_is_not_answered_at_once_becomes_a_task():
    async def work() -> tuple[list[Any], ...]:
        answered: list[Any] = []

        async def long_way(watcher: StubWatcher) -> None:
            watcher.happened.append("long way")

        def at_once(scope: Any, _connection: Any) -> bool:
            answered.append((scope, threading.current_thread() is threading.main_thread()))
            return bool(scope == "/kept")

        schedule = handover.schedule_by(asyncio.get_running_loop(), long_way, at_once)
        kept, other = StubWatcher("/kept"), StubWatcher("/other")
        for watcher in (kept, other):
            await asyncio.to_thread(schedule, watcher)
        await asyncio.sleep(0.01)
        return answered, kept.happened, other.happened[1:]

    assert asyncio.run(work()) == ([("/kept", False), ("/other", False)], [], ["long way"])


def test_a_request_that_fails_is_ended_and_the_next_one_taken(caplog: pytest.LogCaptureFixture):
    def at_once(scope: Any, _connection: Any) -> bool:
        if scope == "/bad":
            raise ValueError
        return True

    bad, good = StubWatcher("/bad"), StubWatcher("/good")
    no_loop: Any = None
    schedule = handover.schedule_by(no_loop, None, at_once)
    for watcher in (bad, good):
        schedule(watcher)
    assert (bad.happened, good.happened) == (["done"], [])
    assert [record.message for record in caplog.records] == ["a request was not answered"]


def test_rows_from_several_threads_are_all_written_once(database: EdgeDatabase, workspace_id: UUID):
    told: list[Exception | None] = []

    def send(made: Any) -> None:
        for _ in range(500):
            made.add(line(workspace_id))
            made.take(line(workspace_id), tell=told.append, patience=30)

    async def work(made: Any) -> None:
        with ThreadPoolExecutor(4) as pool:
            await asyncio.gather(*(asyncio.get_running_loop().run_in_executor(pool, send, made) for _ in range(4)))
        assert await made.drain(20) == 0

    run(database.edge_url, work, capacity=10_000)
    assert (told, len(database.landed(workspace_id))) == ([None] * 2000, 4000)


def test_identifiers_drawn_by_several_threads_are_never_the_same():
    draw = entropy.supply(16)
    with ThreadPoolExecutor(8) as pool:
        drawn = [each for part in pool.map(lambda _: [draw() for _ in range(5000)], range(8)) for each in part]
    assert len(set(drawn)) == len(drawn) == 40_000


def test_lines_of_the_log_from_several_threads_are_all_written(tmp_path):
    class StubRequest:
        id, method, asked, status, started, sent, peer = "1" * 16, "GET", '"host":"h"', 200, 0.0, 0, ""

    async def work() -> None:
        log = AccessLog(str(tmp_path / "log"))
        request: Any = StubRequest()

        def write() -> None:
            for _ in range(2000):
                log.answered(request)

        await asyncio.gather(*(asyncio.to_thread(write) for _ in range(4)))
        log.flush()

    asyncio.run(work())
    assert len((tmp_path / "log").read_text().splitlines()) == 8000
