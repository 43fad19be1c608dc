"""Whether a mail server takes whole messages faster by DATA or by BDAT: measured while mail is sent, and remembered. Django-free.

DATA goes unless BDAT was clearly faster: on a stock Postfix it is slower, on others much faster.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from plainsail.kernel import environment
from plainsail.mail.services.pipelines import Pool
from plainsail.mail.services.smtp import Server

TRIALS = 3
"""Chunks sent each way before one is chosen."""
LEAST = 100
"""Messages in a chunk that says anything about speed."""
CLEARLY = 1.15
REMEMBERED = 7 * 24 * 3600.0
"""Seconds after which a server is measured again: it may have been replaced."""


def path() -> Path:
    return environment.current().data_dir / "mail-servers.json"


class Meter:
    """Sets a pool's way of handing over, chunk by chunk, and learns from how long each took."""

    def __init__(self, server: Server, pool: Pool) -> None:
        self.key = f"{server.host}:{server.port}"
        self.pool = pool
        self.per_second: dict[bool, list[float]] = {False: [], True: []}
        self._choice = remembered(self.key)
        pool.uses_chunks = bool(self._choice)

    @contextmanager
    def chunk(self, messages: int) -> Iterator[None]:
        """Time around the handing over of so many messages."""
        if self._choice is not None or (not self.pool.can_chunk and self.pool.has_opened):
            yield
            return
        if messages >= LEAST and self.pool.has_opened:
            self.pool.uses_chunks = len(self.per_second[False]) > len(self.per_second[True])
        started = time.perf_counter()
        yield
        if messages >= LEAST and not self.pool.troubles:
            self.per_second[self.pool.uses_chunks].append(messages / (time.perf_counter() - started))
            self._choose()

    def _choose(self) -> None:
        if all(len(found) >= TRIALS for found in self.per_second.values()):
            # The best of each: what else the machine did in between only ever makes it slower.
            data, chunks = (max(self.per_second[way]) for way in (False, True))
            self._choice = chunks > data * CLEARLY
            self.pool.uses_chunks = self._choice
            remember(self.key, data=data, chunks=chunks, uses_chunks=self._choice)


def remembered(key: str) -> bool | None:
    """Whether BDAT was faster at this server; None where nobody measured lately."""
    found = _read().get(key)
    if found is None or time.time() - found["measured_at"] > REMEMBERED:
        return None
    return bool(found["uses_chunks"])


def remember(key: str, *, data: float, chunks: float, uses_chunks: bool) -> None:
    """Keep what was measured, in messages per second."""
    measured = {
        "data": round(data),
        "bdat": round(chunks),
        "uses_chunks": uses_chunks,
        "measured_at": int(time.time()),
    }
    draft = path().with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps({**_read(), key: measured}, indent=1))
    draft.replace(path())


def _read() -> dict[str, Any]:
    with suppress(FileNotFoundError, ValueError):
        found: dict[str, Any] = json.loads(path().read_text())
        return found
    return {}
