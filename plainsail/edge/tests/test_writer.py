"""The landing table's writer by itself: one bad row harms no other, a full buffer turns away, retries don't double."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

import psycopg
import pytest

from plainsail.edge import intake, landing
from plainsail.edge.intake import Intake, IntakeDown, Unstorable
from plainsail.edge.tests.factories import EdgeDatabase
from plainsail.edge.visitors import NOBODY, Visitor
from plainsail.kernel.landing import COLUMNS


class StubHeaders:
    def __init__(self, **given: str) -> None:
        self._given = {name.replace("_", "-"): text for name, text in given.items()}

    def get(self, key: str, default: Any = None) -> Any:
        return self._given.get(key, default)

    def items(self) -> list[tuple[str, str]]:
        return list(self._given.items())


class StubRequest:
    def __init__(self, peer: str = "", **headers: str) -> None:
        self.headers = StubHeaders(**headers)
        self.agent = self.headers.get("user-agent", "")
        self.peer = peer


def line(workspace_id: UUID, *, payload: dict[str, Any] | None = None, peer: str = "", **headers: str) -> str:
    about = landing.subject(workspace_id=workspace_id.hex, kind="visit", host="h", path="/")
    request: Any = StubRequest(peer, **headers)
    return landing.line(request, about, visitor=NOBODY, payload=landing.payload(request, **(payload or {})))


def run(url: str, work: Any, *, capacity: int = 1000) -> Any:
    """Run `work(intake)` beside the writer."""

    async def both() -> Any:
        made = Intake(url, capacity=capacity)
        writer = asyncio.ensure_future(made.run())
        try:
            return await work(made)
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    return asyncio.run(both())


def outcomes(made: Intake, lines: list[str]) -> Coroutine[Any, Any, list[Any]]:
    return asyncio.gather(*(made.commit(each, patience=10) for each in lines), return_exceptions=True)  # type: ignore[return-value]


def test_one_bad_row_harms_no_other(database: EdgeDatabase, workspace_id: UUID):
    lines = [line(workspace_id) for _ in range(50)]
    lines[17] = lines[17].replace("{}", "{not json")
    lines[33] = "too few columns\n"
    found = run(database.edge_url, lambda made: outcomes(made, lines))
    assert [number for number, each in enumerate(found) if isinstance(each, Unstorable)] == [17, 33]
    assert len(database.landed(workspace_id)) == 48


def test_a_batch_whose_commit_was_not_heard_of_is_not_doubled(
    database: EdgeDatabase, workspace_id: UUID, monkeypatch: pytest.MonkeyPatch
):
    copy, attempts = Intake._copy, []

    async def torn_copy(self: Intake, batch: Any) -> None:
        await copy(self, batch)
        attempts.append(len(batch))
        if len(attempts) == 1:
            raise psycopg.OperationalError("the connection broke after the commit")

    monkeypatch.setattr(Intake, "_copy", torn_copy)
    found = run(database.edge_url, lambda made: outcomes(made, [line(workspace_id) for _ in range(5)]))
    assert (found, len(database.landed(workspace_id))) == ([None] * 5, 5)


def test_views_are_stored_together_and_once_though_a_commit_was_not_heard_of(
    database: EdgeDatabase, workspace_id: UUID, monkeypatch: pytest.MonkeyPatch
):
    connected, attempts = Intake._connected, []

    class Torn:
        """A connection that breaks after its first commit."""

        def __init__(self, whole: Any) -> None:
            self._whole = whole

        async def execute(self, *args: Any) -> None:
            await self._whole.execute(*args)
            attempts.append(args)
            if len(attempts) == 1:
                raise psycopg.OperationalError("the connection broke after the commit")

    async def torn(self: Intake) -> Any:
        return Torn(await connected(self))

    monkeypatch.setattr(Intake, "_connected", torn)

    async def work(made: Intake) -> None:
        for _ in range(700):
            made.add(line(workspace_id))
        assert await made.drain(5) == 0

    run(database.edge_url, work)
    assert len(attempts) == 1  # the second try found its own row and raised
    assert database.run(
        "SELECT count(*) AS n FROM tracking_viewbundle WHERE position(%s IN lines) > 0", [str(workspace_id.hex)]
    ) == [{"n": 1}]
    assert len(database.landed(workspace_id)) == 700


def test_a_full_buffer_turns_away_and_counts(workspace_id: UUID):
    async def work(made: Intake) -> tuple[int, bool]:
        for _ in range(15):
            made.add(line(workspace_id))
        with pytest.raises(IntakeDown):
            await made.commit(line(workspace_id), patience=0.1)
        return made.dropped, made.is_full

    assert run("postgresql://nobody@/nowhere?host=/nonexistent", work, capacity=10) == (5, True)


def test_many_views_press_until_they_are_written(database: EdgeDatabase, workspace_id: UUID):
    async def work(made: Intake) -> list[bool]:
        seen = []
        for count in (20, 10):
            for _ in range(count):
                made.add(line(workspace_id))
            seen.append(made.is_pressed)
        await made.drain(5)
        return [*seen, made.is_pressed]

    assert run(database.edge_url, work, capacity=100) == [False, True, False]


def test_a_row_given_up_is_withdrawn(database: EdgeDatabase, workspace_id: UUID, monkeypatch: pytest.MonkeyPatch):
    copy, is_blocked = Intake._copy, asyncio.Event()

    async def blocked_copy(self: Intake, batch: Any) -> None:
        await is_blocked.wait()
        await copy(self, batch)

    monkeypatch.setattr(Intake, "_copy", blocked_copy)

    async def work(made: Intake) -> None:
        first = asyncio.ensure_future(made.commit(line(workspace_id), patience=10))
        await asyncio.sleep(0.05)
        with pytest.raises(IntakeDown):
            await made.commit(line(workspace_id), patience=0.05)
        with pytest.raises(IntakeDown):
            await made.commit(line(workspace_id), patience=0.05, keep=True)
        is_blocked.set()
        await first
        await made.drain(5)

    run(database.edge_url, work)
    assert len(database.landed(workspace_id)) == 2


def test_a_row_given_up_before_it_could_be_sent_is_withdrawn(
    database: EdgeDatabase, workspace_id: UUID, monkeypatch: pytest.MonkeyPatch
):
    connect, is_away = psycopg.AsyncConnection.connect, [True]

    async def refused(*args: Any, **kwargs: Any) -> Any:
        if is_away[0]:
            raise psycopg.OperationalError("nobody there")
        return await connect(*args, **kwargs)

    monkeypatch.setattr(psycopg.AsyncConnection, "connect", refused)

    async def work(made: Intake) -> None:
        given_up = made.commit(line(workspace_id), patience=0.1)
        kept = made.commit(line(workspace_id, user_agent="kept"), patience=0.1, keep=True)
        found = await asyncio.gather(given_up, kept, return_exceptions=True)
        assert [type(each) for each in found] == [IntakeDown, IntakeDown]
        is_away[0] = False
        await made.drain(5)

    run(database.edge_url, work)
    assert [row["user_agent"] for row in database.landed(workspace_id)] == ["kept"]


@pytest.mark.parametrize(
    "nasty",
    [
        "\\",
        "\\N",
        "\\.",
        "tab\there",
        "line\nbreak\r",
        "\x00nul",
        "é€😀",
        "\u2028",
        "'; DROP TABLE x",
        "x" * 10_000,
        "\x7f\x1b",
    ],
)
def test_any_text_can_be_stored(database: EdgeDatabase, workspace_id: UUID, nasty: str):
    rows = [line(workspace_id, referer=nasty, user_agent=nasty, payload={"utm_source": nasty.replace("\0", "")})]
    assert run(database.edge_url, lambda made: outcomes(made, rows)) == [None]
    (row,) = database.landed(workspace_id)
    kept = "".join(character for character in nasty if character >= " " and character != "\x7f")
    assert (row["referrer"], row["user_agent"]) == (kept[:500], kept[:400])
    assert row["payload"]["utm_source"] == nasty.replace("\0", "")


@pytest.mark.parametrize(
    ("peer", "stored"),
    [("203.0.113.77", "203.0.113.0"), ("2001:db8:1:2:3::4", "2001:db8:1::"), ("", None), ("::1", "::")],
)
def test_addresses_are_shortened(database: EdgeDatabase, workspace_id: UUID, peer: str, stored: str | None):
    run(database.edge_url, lambda made: outcomes(made, [line(workspace_id, peer=peer)]))
    (row,) = database.landed(workspace_id)
    assert (str(row["ip"]) if row["ip"] else None) == stored


def test_ids_are_version_7_and_distinct(workspace_id: UUID):
    ids = [UUID(line(workspace_id).split("\t")[0]) for _ in range(1000)]
    assert ({each.version for each in ids}, len(set(ids))) == ({7}, 1000)
    assert sorted(ids, key=lambda each: each.int >> 80) == ids


def test_the_line_has_a_value_for_every_column(workspace_id: UUID):
    about = landing.subject(
        workspace_id=workspace_id.hex, kind="click", host="h", contact_id="1" * 32, delivery_id="2" * 32
    )
    request: Any = StubRequest("::1")
    made = landing.line(request, about, visitor=Visitor("0" * 32, is_passing=False), payload="{}")
    assert len(made.rstrip("\n").split("\t")) == len(COLUMNS)


def test_page_views_linger_but_rows_that_are_waited_for_do_not(database: EdgeDatabase, workspace_id: UUID):
    async def work(made: Intake) -> float:
        await made.commit(line(workspace_id), patience=5)
        made.add(line(workspace_id))
        started = asyncio.get_running_loop().time()
        await made.commit(line(workspace_id), patience=5)
        return asyncio.get_running_loop().time() - started

    assert run(database.edge_url, work) < intake.LINGER
