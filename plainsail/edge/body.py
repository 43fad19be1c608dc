"""A request's body, read whole before web sees a byte: a slow sender costs the edge a coroutine, not web a thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from tempfile import SpooledTemporaryFile
from types import TracebackType

from plainsail.edge.request import Request
from plainsail.edge.rsgi import ProtocolClosed, ProtocolError

IN_MEMORY = 1024 * 1024
CHUNK = 64 * 1024
LONGEST_PAUSE = 30.0
LEAST_BYTES_A_SECOND = 8 * 1024


class TooLarge(Exception):
    """More than fits."""


class TooSlow(Exception):
    """The sender paused or dawdled."""


class CutShort(Exception):
    """The sender left before the end."""


class LengthRequired(Exception):
    """The length was not announced, so nobody could tell a whole body from a torn one."""


class Body(AbstractContextManager["Body"]):
    """A spooled body: in memory while small, in a temporary file beyond 1 MB."""

    def __init__(self) -> None:
        self.size = 0
        self._file: SpooledTemporaryFile[bytes] | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    async def receive(self, request: Request, *, limit: int) -> None:
        """Read the body to its end, `limit` bytes at most. Raises TooLarge, TooSlow, CutShort, LengthRequired."""
        announced = announced_length(request)
        if announced == 0:
            return
        if announced > limit:
            raise TooLarge
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed by __exit__
        chunks = aiter(request.connection)
        try:
            async with asyncio.timeout(LONGEST_PAUSE + announced / LEAST_BYTES_A_SECOND):
                while self.size < announced:
                    async with asyncio.timeout(LONGEST_PAUSE):
                        # Never `anext(chunks, default)`: CPython 3.11 crashes when the server's awaitable fails in it.
                        chunk = await anext(chunks)
                    self.size += len(chunk)
                    self._file.write(chunk)
        except TimeoutError:
            raise TooSlow from None
        except (StopAsyncIteration, ProtocolError, ProtocolClosed):
            raise CutShort from None

    def whole(self) -> bytes:
        """All of it; for bodies known to be small."""
        if self._file is None:
            return b""
        self._file.seek(0)
        return self._file.read()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body from its beginning, in pieces of at most 64 KB."""
        if self._file is None:
            return
        self._file.seek(0)
        while chunk := self._file.read(CHUNK):
            yield chunk


def announced_length(request: Request) -> int:
    """Bytes that the request says it brings; 0 for none. Raises LengthRequired for a chunked body.

    The server reads a torn chunked body as if it had ended there, so one can't be told from a whole one.
    """
    length = request.headers.get("content-length")
    if length is not None and length.isascii() and length.isdigit():
        return int(length)
    if request.headers.get("transfer-encoding") is not None or length is not None:
        raise LengthRequired
    return 0
