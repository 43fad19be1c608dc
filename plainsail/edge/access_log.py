"""What was asked and answered, as one JSON object a line; written in batches, so that a line costs next to nothing.

Addresses are shortened, and what follows `?`, or a token, is not written: both may say who somebody is.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections import deque
from datetime import UTC, datetime
from functools import lru_cache
from time import perf_counter, time
from typing import Any

import orjson

from plainsail.edge.request import METHODS, Request
from plainsail.edge.visitors import shortened
from plainsail.kernel.redaction import redacted, shown_path, without_addresses

FLUSH_AFTER = 0.2
LONGEST_PATH = 200
SECRET = {"/c/": "/c/…", "/o/": "/o/…"}
"""What is written of paths that hold a token."""
_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}


class AccessLog:
    """Collects lines and writes them together. `target` is `-` for standard output, `off`, or a file's path.

    Made inside the event loop; lines may come from any thread.
    """

    def __init__(self, target: str) -> None:
        self._file: int | None = None
        if target == "-":
            self._file = sys.stdout.fileno()
        elif target != "off":
            self._file = os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        self._lines: deque[str] = deque()
        self._loop = asyncio.get_running_loop()
        self._is_flush_due = False

    def answered(self, request: Request) -> None:
        """Note a request that has been answered, or whose client left (status 499)."""
        if self._file is None:
            return
        method = request.method
        self._lines.append(
            f'{{"at":"{_second(int(time()))}","level":"info","logger":"plainsail.edge.access","message":"answered",'
            f'"request_id":"{request.id}","method":"{method if method in METHODS else _plain(method)}",'
            f'{request.asked or _asked_of(request)},"status":{request.status or 499},"ms":{(perf_counter() - request.started) * 1000:.2f},'
            f'"bytes":{request.sent},"from":"{shortened(request.peer)}"}}\n'
        )
        if not self._is_flush_due:
            self._is_flush_due = True
            self._loop.call_soon_threadsafe(self._loop.call_later, FLUSH_AFTER, self.flush)

    def flush(self) -> None:
        """Write what was collected. A log that can't be written never stops the service."""
        self._is_flush_due = False  # before the lines are taken: what comes meanwhile asks for a flush of its own
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        if lines and self._file is not None:
            try:
                os.write(self._file, "".join(lines).encode())
            except OSError as error:
                logging.getLogger("plainsail.edge").warning("access log not written", extra={"error": str(error)})


def _asked_of(request: Request) -> str:
    path = request.path
    return asked(request.host, SECRET.get(path[:3], path))


@lru_cache(maxsize=4096)
def asked(host: str, path: str) -> str:
    """The part of a line that many requests share: which host and path."""
    shown = shown_path(path, LONGEST_PATH)
    if not shown.isprintable():
        shown = shown.encode("ascii", "backslashreplace").decode()
    return orjson.dumps({"host": host, "path": shown}).decode()[1:-1]


@lru_cache(maxsize=64)
def _plain(method: str) -> str:
    """A method that nobody knows, fit to stand in a line."""
    return orjson.dumps(method[:20]).decode()[1:-1]


@lru_cache(maxsize=4)
def _second(whole: int) -> str:
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class JsonFormatter(logging.Formatter):
    """Other log lines in the same shape: `{"at", "level", "logger", "message", …extra}`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": _second(int(record.created)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_addresses(record.getMessage()),
        }
        line |= {key: redacted(value) for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            line["trace"] = without_addresses(self.formatException(record.exc_info))
        return orjson.dumps(line).decode()


def configure_logging() -> None:
    """Send the edge's own lines to standard error as JSON, unless somebody has configured them already."""
    logger = logging.getLogger("plainsail")
    if logger.handlers:
        return
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
