"""A request's body: whole, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from plainsail.edge import body as bodies
from plainsail.edge.body import IN_MEMORY, Body, CutShort, LengthRequired, TooLarge, TooSlow, announced_length


class StubRequest:
    """Sends its parts one by one, each after a pause."""

    def __init__(self, parts: list[bytes], *, pause: float = 0.0, **headers: str) -> None:
        self.parts, self.pause = parts, pause
        self.headers = {name.replace("_", "-"): text for name, text in headers.items()}
        self.connection = self

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._parts()

    async def _parts(self) -> AsyncIterator[bytes]:
        for part in self.parts:
            await asyncio.sleep(self.pause)
            yield part


def received(request: Any, *, limit: int = 10_000_000) -> bytes:
    async def work() -> bytes:
        with Body() as body:
            await body.receive(request, limit=limit)
            streamed = b"".join([chunk async for chunk in body.chunks()])
            assert streamed == body.whole()
            return streamed

    return asyncio.run(work())


@pytest.mark.parametrize("size", [0, 1, IN_MEMORY, IN_MEMORY + 1, 5_000_000])
def test_a_body_comes_back_as_it_was_sent(size: int):
    assert received(StubRequest([b"ab", b"", b"x" * size], content_length=str(size + 2))) == b"ab" + b"x" * size


def test_no_body_is_an_empty_one():
    assert received(StubRequest([])) == b""


def test_what_is_announced_too_large_is_not_read():
    request = StubRequest([b"x"], content_length="11")
    with pytest.raises(TooLarge):
        received(request, limit=10)


def test_a_torn_body_is_none():
    with pytest.raises(CutShort):
        received(StubRequest([b"half"], content_length="8"))


def test_a_sender_that_pauses_is_cut_off(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bodies, "LONGEST_PAUSE", 0.02)
    with pytest.raises(TooSlow):
        received(StubRequest([b"x"], pause=1, content_length="8"))


def test_a_sender_that_dawdles_is_cut_off(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bodies, "LONGEST_PAUSE", 0.05)
    monkeypatch.setattr(bodies, "LEAST_BYTES_A_SECOND", 100_000)
    with pytest.raises(TooSlow):
        received(StubRequest([b"x"] * 1000, pause=0.01, content_length="1000"))


@pytest.mark.parametrize(
    "headers",
    [{"transfer_encoding": "chunked"}, {"content_length": "-1"}, {"content_length": "٣"}, {"content_length": ""}],
)
def test_a_length_must_be_announced(headers: dict[str, str]):
    request: Any = StubRequest([], **headers)
    with pytest.raises(LengthRequired):
        announced_length(request)
