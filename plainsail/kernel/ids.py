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


def new_ids(many: int) -> list[UUID]:
    """So many fresh ones, made of one asking for randomness; those of a set are told apart by 32 bits that count."""
    first = new_id().int >> 32 << 32
    return [UUID(int=first + number) for number in range(many)]


def in_a_row() -> str:
    """SQL for the ids of a set that never comes to Python: each time another, for one SELECT of at most 2³¹ rows.

    A UUIDv7 whose last 32 bits count: 48 bits of milliseconds and 42 random ones tell this set from all others. PostgreSQL's
    own functions ask the system for random bits row by row, which takes longer than to write the row.
    """
    # Counted from 0x10000000 on, so that there are always eight digits.
    return f"('{start_of_row()}' || to_hex({0x10000000} + row_number() OVER ()))::uuid"


def start_of_row() -> str:
    """The first 24 hex digits of ids that go on with a number of eight."""
    return new_id().hex[:24]
