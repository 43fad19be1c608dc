"""Row ids: UUID version 7 (RFC 9562 §5.7), so that rows made together lie together in an index."""

from __future__ import annotations

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """A fresh UUIDv7: 48 bits of Unix milliseconds, 74 random bits. No security rests on its being unguessable."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & 0xFFFFFFFFFFFF) << 80 | 0x7 << 76 | (random >> 68 & 0xFFF) << 64 | 0b10 << 62
    return UUID(int=value | random & 0x3FFFFFFFFFFFFFFF)


def made_by_database(version: int) -> str:
    """SQL for a fresh id, for sets that never come to Python. Before PostgreSQL 18 such ids lie apart in an index."""
    return "uuidv7()" if version >= 180000 else "gen_random_uuid()"
