"""Limits for pages that anybody may post to: so many times an hour from one place, counted for all processes together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.db import connection, transaction

from plainsail.kernel.crypto import keyed_hash


@dataclass(frozen=True, kw_only=True)
class Count:
    """How things stand in a window: so many of `limit` are used, and it ends in `seconds`."""

    used: int
    limit: int
    seconds: int

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def is_over(self) -> bool:
        """One too many."""
        return self.used > self.limit


@dataclass(frozen=True, kw_only=True)
class Throttle:
    """At most `limit` times in each window of `seconds`. Who it was is kept as a keyed hash, and no longer than that."""

    purpose: str
    limit: int
    seconds: int = 3600

    def is_spent(self, who: str, *, at: datetime) -> bool:
        """Whether nothing is left in this window."""
        return bool(cache.get(self._key(who, at), 0) >= self.limit)

    def spend(self, who: str, *, at: datetime) -> bool:
        """Count one more. False where it is one too many. As `count`."""
        return not self.count(who, at=at).is_over

    def count(self, who: str, *, at: datetime) -> Count:
        """Count one more, and say how things stand.

        Many at the same moment wait for each other, until the transaction around ends: none escapes the count.
        """
        key = self._key(who, at)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
            used = cache.get(key, 0) + 1
            cache.set(key, used, self.seconds)
        return Count(used=used, limit=self.limit, seconds=self.seconds - int(at.timestamp()) % self.seconds)

    def _key(self, who: str, at: datetime) -> str:
        window = int(at.timestamp()) // self.seconds
        return f"throttle:{self.purpose}:{window}:{keyed_hash('throttle', who)}"
