"""Caches: bounded, loaded once for all who wait, never older than the last notification."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from plainsail.edge.flight import Flights
from plainsail.edge.hosts import Host, Hosts
from plainsail.edge.negotiation import is_unchanged
from plainsail.edge.snapshots import OVERHEAD, Snapshots


class StubDatabase:
    """Counts reads; answers when allowed to."""

    def __init__(self, size: int = 1000) -> None:
        self.reads: list[Any] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.body = b"x" * size
        self.is_empty = False

    async def read(self, query: str, params: list[Any], *, workspace_id: UUID | None = None) -> list[tuple[Any, ...]]:
        self.reads.append(params)
        body = self.body
        await self.gate.wait()
        if self.is_empty:
            return []
        if "accounts_host" in query:
            return [("site", uuid4(), False, "")]
        return [(uuid4(), "etag", "text/html", {}, {}, b"", body)]


HOST = Host("juniper.localhost", UUID(int=1))


def test_pages_take_no_more_than_their_bound():
    async def work() -> None:
        database: Any = StubDatabase(size=10_000)
        snapshots = Snapshots(database, capacity=100_000)
        for number in range(50):
            await snapshots.page(HOST, f"/{number}", "gzip")
            assert snapshots.bytes <= 100_000
        assert len(snapshots._pages) == 100_000 // (10_000 + OVERHEAD)
        await snapshots.page(HOST, "/49", "gzip")
        assert len(database.reads) == 50

    asyncio.run(work())


def test_a_page_that_is_asked_for_stays():
    async def work() -> None:
        database: Any = StubDatabase(size=10_000)
        snapshots = Snapshots(database, capacity=60_000)
        for number in range(20):
            await snapshots.page(HOST, "/often", "gzip")
            await snapshots.page(HOST, f"/{number}", "gzip")
        assert [params[1] for params in database.reads].count("/often") == 1

    asyncio.run(work())


def test_a_page_larger_than_its_share_is_served_and_not_kept():
    async def work() -> None:
        database: Any = StubDatabase(size=50_000)
        snapshots = Snapshots(database, capacity=100_000)
        page = await snapshots.page(HOST, "/", "gzip")
        assert page is not None
        assert (len(page.body), snapshots.bytes) == (50_000, 0)

    asyncio.run(work())


def test_guessed_addresses_are_remembered_only_so_far():
    async def work() -> None:
        database: Any = StubDatabase()
        database.is_empty = True
        snapshots = Snapshots(database, capacity=100_000, unknown_capacity=10)
        for number in range(100):
            assert await snapshots.page(HOST, f"/{number}", "br") is None
        assert len(snapshots._unknown) == 10
        await snapshots.page(HOST, "/99", "br")
        assert len(database.reads) == 100

    asyncio.run(work())


def test_many_who_ask_at_once_cost_one_read():
    async def work() -> None:
        database: Any = StubDatabase()
        snapshots = Snapshots(database, capacity=100_000)
        pages = await asyncio.gather(*(snapshots.page(HOST, "/", "br") for _ in range(100)))
        assert (len({id(page) for page in pages}), len(database.reads)) == (1, 1)

    asyncio.run(work())


@pytest.mark.parametrize(
    "payload", [f"{HOST.workspace_id}:/", f"{HOST.workspace_id}:", str(HOST.workspace_id), "", "x:y"]
)
def test_what_was_loaded_before_a_notification_is_not_kept_after_it(payload: str):
    async def work() -> None:
        database: Any = StubDatabase()
        database.gate.clear()
        snapshots = Snapshots(database, capacity=100_000)
        early = asyncio.ensure_future(snapshots.page(HOST, "/", "br"))
        await asyncio.sleep(0.01)
        database.body = b"new"
        snapshots.forget(payload)
        late = asyncio.ensure_future(snapshots.page(HOST, "/", "br"))
        await asyncio.sleep(0)
        database.gate.set()
        assert ((await early).body[:1], (await late).body) == (b"x", b"new")  # type: ignore[union-attr]
        kept = await snapshots.page(HOST, "/", "br")
        assert kept is not None
        assert (kept.body, len(database.reads)) == (b"new", 2)

    asyncio.run(work())


def test_a_notification_for_another_page_changes_nothing():
    async def work() -> None:
        database: Any = StubDatabase()
        snapshots = Snapshots(database, capacity=100_000)
        await snapshots.page(HOST, "/", "br")
        snapshots.forget(f"{HOST.workspace_id}:/other")
        snapshots.forget(f"{UUID(int=2)}:/")
        await snapshots.page(HOST, "/", "br")
        assert len(database.reads) == 1
        snapshots.forget(f"{HOST.workspace_id}:/")
        assert snapshots.bytes == 0

    asyncio.run(work())


def test_hosts_are_remembered_only_so_far():
    async def work() -> None:
        database: Any = StubDatabase()
        hosts = Hosts(database, own=frozenset(), capacity=10)
        for number in range(100):
            await hosts.find(f"{number}.example")
        await hosts.find("99.example")
        assert (len(hosts._known), len(database.reads)) == (10, 100)
        hosts.forget("99.example")
        await hosts.find("99.example")
        assert len(database.reads) == 101

    asyncio.run(work())


def test_who_gives_up_does_not_stop_the_load_for_others():
    async def work() -> None:
        flights: Flights[str, str] = Flights()
        gate, kept = asyncio.Event(), {}

        async def load() -> str:
            await gate.wait()
            return "loaded"

        first = asyncio.ensure_future(flights.join("key", load, kept.__setitem__))
        second = asyncio.ensure_future(flights.join("key", load, kept.__setitem__))
        await asyncio.sleep(0)
        first.cancel()
        gate.set()
        assert (await second, kept) == ("loaded", {"key": "loaded"})

    asyncio.run(work())


def test_a_failed_load_is_tried_anew_by_the_next():
    async def work() -> None:
        flights: Flights[str, str] = Flights()
        loads = []

        async def load() -> str:
            loads.append(1)
            if len(loads) == 1:
                raise OSError("away")
            return "loaded"

        with pytest.raises(OSError, match="away"):
            await flights.join("key", load, lambda _key, _found: None)
        assert await flights.join("key", load, lambda _key, _found: None) == "loaded"

    asyncio.run(work())


@pytest.mark.parametrize(
    ("given", "is_same"),
    [('W/"a"', True), ('"a"', True), ("*", True), ('"b", W/"a"', True), ("a", False), ('"ab"', False)],
)
def test_versions_are_compared_weakly(given: str, is_same: bool):
    assert is_unchanged(given, 'W/"a"') is is_same
