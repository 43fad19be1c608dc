"""Limits for pages that anybody may post to: so many times an hour from one place, counted for all processes together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache

from plainsail.kernel.crypto import keyed_hash


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
        """Count one more. False where it is one too many.

        Two at the same moment may count as one: this keeps machines out and is no lock.
        """
        key = self._key(who, at)
        used = cache.get(key, 0) + 1
        cache.set(key, used, self.seconds)
        return bool(used <= self.limit)

    def _key(self, who: str, at: datetime) -> str:
        window = int(at.timestamp()) // self.seconds
        return f"throttle:{self.purpose}:{window}:{keyed_hash('throttle', who)}"
