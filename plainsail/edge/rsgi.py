"""The server's side of a request, as types: what granian's RSGI hands to an application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

from granian.rsgi import ProtocolClosed, ProtocolError  # type: ignore[attr-defined]  # re-exported without saying so

__all__ = ["Connection", "Headers", "ProtocolClosed", "ProtocolError", "RequestHeaders", "Scope", "Transport"]

Headers = list[tuple[str, str]]
"""Response headers, in order; a name may come twice."""


class RequestHeaders(Protocol):
    """Request headers; names are lower case, values that are not ASCII have been left out by the server."""

    def get(self, key: str, default: Any = None) -> Any: ...

    def items(self) -> list[tuple[str, str]]: ...


class Scope(Protocol):
    """One request. `path` comes percent-decoded; bytes that are not UTF-8 appear in it as U+FFFD."""

    @property
    def proto(self) -> str: ...
    @property
    def http_version(self) -> str: ...
    @property
    def client(self) -> str: ...
    @property
    def scheme(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def query_string(self) -> str: ...
    @property
    def authority(self) -> str | None: ...
    @property
    def headers(self) -> RequestHeaders: ...


class Transport(Protocol):
    """A response whose body is sent bit by bit."""

    async def send_bytes(self, data: bytes) -> None: ...


class Connection(Protocol):
    """The other end: its body (iterated), its leaving, and the ways to answer it."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def client_disconnect(self) -> None: ...

    def response_empty(self, status: int, headers: Headers) -> None: ...

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None: ...

    def response_stream(self, status: int, headers: Headers) -> Transport: ...
