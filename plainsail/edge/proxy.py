"""Everything that is not the edge's own goes to web, over a unix socket.

Web may restart at any time: a request waits until it is back. It is sent again only while web can't have acted on it:
when no connection was made, when the method is safe, or when web left before asking for the body
(`Expect: 100-continue`). Requests that change things never travel on a kept connection, which might be stale.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from time import monotonic

import aiohttp
from yarl import URL

from plainsail.edge import notices
from plainsail.edge.addresses import location
from plainsail.edge.body import Body
from plainsail.edge.request import Request
from plainsail.edge.rsgi import Headers, ProtocolClosed, Transport
from plainsail.edge.visitors import visitor_of
from plainsail.kernel import passers

log = logging.getLogger("plainsail.edge")

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# RFC 9110 §7.6.1; what Connection names goes too.
HOP_BY_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization"),
        *("te", "trailer", "trailers", "transfer-encoding", "upgrade"),
    }
)
OURS = frozenset(
    {"host", "content-length", "expect", "cookie", "forwarded", "x-real-ip", "x-request-id", "proxy", passers.HEADER}
)
WHOLE = 256 * 1024
"""Answers up to this size are passed on in one piece."""
ANSWER_WITHIN = 120.0
LARGEST_HEADERS = 64 * 1024
MOST_RETRIES = 5


class Gone(Exception):
    """The client left, or can't be told any more: half of an answer is out and the rest won't come."""


class _Sending:
    """A body on its way, which knows whether any of it has left."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self.has_begun = False

    async def chunks(self) -> AsyncIterator[bytes]:
        self.has_begun = True
        async for chunk in self._body.chunks():
            yield chunk


class Proxy:
    """Passes requests to web. Open it inside the event loop."""

    def __init__(self, socket: Path, *, patience: float = 30.0, connections: int = 100) -> None:
        self._socket = str(socket)
        self._patience = patience
        self._connections = connections
        self._kept: aiohttp.ClientSession | None = None
        self._fresh: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        self._kept = self._session(force_close=False)
        self._fresh = self._session(force_close=True)

    async def close(self) -> None:
        for session in (self._kept, self._fresh):
            if session is not None:
                await session.close()

    def _session(self, *, force_close: bool) -> aiohttp.ClientSession:
        connector = aiohttp.UnixConnector(path=self._socket, limit=self._connections, force_close=force_close)
        return aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            requote_redirect_url=False,
            skip_auto_headers=("user-agent", "accept", "accept-encoding", "content-type"),
            timeout=aiohttp.ClientTimeout(total=None, connect=self._patience, sock_read=ANSWER_WITHIN),
            max_line_size=LARGEST_HEADERS,
            max_field_size=LARGEST_HEADERS,
        )

    async def pass_on(self, request: Request, body: Body) -> None:
        """Have web answer. A client that leaves meanwhile ends the request to web too."""
        work = asyncio.ensure_future(self._exchange(request, body))
        left = asyncio.ensure_future(request.connection.client_disconnect())
        try:
            await asyncio.wait({work, left}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise Gone
        finally:
            left.cancel()
            if not work.done():
                work.cancel()
                with suppress(asyncio.CancelledError):
                    await work
        await work

    async def is_reachable(self, *, within: float = 2.0) -> bool:
        """Whether web answers its own health check."""
        assert self._fresh is not None
        timeout = aiohttp.ClientTimeout(total=within)
        try:
            async with self._fresh.get(
                "http://web/healthz", headers={"Host": "localhost"}, timeout=timeout, allow_redirects=False
            ) as answer:
                return answer.status < 500
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    async def _exchange(self, request: Request, body: Body) -> None:
        until = monotonic() + self._patience
        pause, failures = 0.02, 0
        while True:
            sending = _Sending(body)
            try:
                await self._attempt(request, body, sending)
                return
            except aiohttp.ClientConnectorError:
                if monotonic() > until:
                    notices.web_away(request)
                    return
            except aiohttp.ConnectionTimeoutError:
                notices.web_away(request)  # all connections were taken for as long as we wait
                return
            except TimeoutError:
                self._give_up(request, notices.web_too_slow)
                return
            except (aiohttp.ClientError, OSError) as error:
                failures += 1
                is_harmless = request.method in SAFE or (body.size > 0 and not sending.has_begun)
                if request.status or not is_harmless or failures > MOST_RETRIES or monotonic() > until:
                    log.warning("web failed", extra={"request_id": request.id, "error": repr(error)})
                    self._give_up(request, notices.web_failed)
                    return
            await asyncio.sleep(pause)
            pause = min(0.5, pause * 1.5)

    @staticmethod
    def _give_up(request: Request, notice: object) -> None:
        if request.status:
            # Half of the answer is out: breaking off is the only honest way to say that the rest is missing. It shows
            # where the length was announced; granian ends a stream of unknown length as if it were whole.
            raise Gone
        assert callable(notice)
        notice(request)

    async def _attempt(self, request: Request, body: Body, sending: _Sending) -> None:
        session = self._kept if request.method in SAFE and not body.size else self._fresh
        assert session is not None
        headers = forwarded_headers(request)
        if body.size or request.method not in SAFE:
            headers.append(("content-length", str(body.size)))
        url = URL("http://web" + location(request.path, request.scope.query_string), encoded=True)
        async with session.request(
            request.method,
            url,
            headers=headers,
            data=sending.chunks() if body.size else None,
            expect100=body.size > 0,
            allow_redirects=False,
        ) as answer:
            await self._pass_back(request, answer)

    async def _pass_back(self, request: Request, answer: aiohttp.ClientResponse) -> None:
        headers = returned_headers(answer)
        length = answer.content_length
        if request.method == "HEAD" or answer.status in {204, 304}:
            request.status = answer.status
            request.connection.response_empty(answer.status, [*headers, ("x-request-id", request.id)])
        elif length is not None and length <= WHOLE:
            content = await answer.read()
            request.answer(answer.status, [header for header in headers if header[0] != "content-length"], content)
        else:
            await self._stream_back(request, request.stream(answer.status, headers), answer)

    @staticmethod
    async def _stream_back(request: Request, transport: Transport, answer: aiohttp.ClientResponse) -> None:
        try:
            async for chunk in answer.content.iter_any():
                await transport.send_bytes(chunk)
                request.sent += len(chunk)
        except ProtocolClosed:
            raise Gone from None
        finally:
            # The answer ends when the transport is gone; an exception's trace would keep it.
            del transport


def forwarded_headers(request: Request) -> list[tuple[str, str]]:
    """The client's headers as web gets them: without what only a proxy may say, and with what this one says."""
    given = request.headers.items()
    named = {name.strip().lower() for key, value in given if key == "connection" for name in value.split(",")}
    headers = [
        (name, value)
        for name, value in given
        # In WSGI an underscore and a hyphen are the same, so X_Forwarded_For would pass for ours.
        if name not in HOP_BY_HOP
        and name not in OURS
        and name not in named
        and "_" not in name
        and not name.startswith("x-forwarded-")
    ]
    host: str = request.headers.get("host") or request.host
    cookies = "; ".join(value for name, value in given if name == "cookie")
    if cookies:
        headers.append(("cookie", cookies))
    headers += [
        ("host", host),
        ("x-forwarded-for", request.peer or "127.0.0.1"),
        ("x-forwarded-proto", request.scheme),
        ("x-forwarded-host", host),
        ("x-request-id", request.id),
    ]
    if (visitor := visitor_of(request)).is_passing:
        headers.append((passers.HEADER, visitor.id))
    return headers


def returned_headers(answer: aiohttp.ClientResponse) -> Headers:
    """Web's headers as the client gets them; date and server are said by whoever owns the port."""
    named = {name.strip().lower() for value in answer.headers.getall("connection", []) for name in value.split(",")}
    return [
        (lowered, value.encode("utf-8", "surrogateescape").decode("latin-1"))
        for name, value in answer.headers.items()
        if (lowered := name.lower()) not in HOP_BY_HOP
        and lowered not in named
        and lowered not in {"date", "server", "x-request-id"}
    ]
