"""How much a sender may send now: per day with a warm-up, per hour, per mailbox provider; and leaving alone who asks for it.

The buckets lie in PostgreSQL, so that all sending processes together keep to them. Django-free: a cursor and SQL.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from plainsail.contacts.services.setwise import Cursor
from plainsail.kernel.ids import new_id

Message = TypeVar("Message")
"""Whatever tells messages apart."""

RAMP = (50, 100, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000)
"""Messages on each day of a warm-up; after the last, what the sender's own limits say."""
BURST = 1 / 60
"""Of an hour: a bucket holds what a minute allows, so that nothing leaves in one thrust."""
LONGEST_BLOCK = timedelta(hours=1)
ENOUGH_STRIKES = 3
"""Times that a provider asks to be left alone within one chunk until the rest of it isn't even tried."""
# RFC 5321 §4.2.1: 421 closes; RFC 3463: 4.7.x is policy, which for mail to many means “slow down”.
SLOW_DOWN = re.compile(r"^421\b|^4\d\d[ -]4\.7\.\d+")


@dataclass(frozen=True)
class Limits:
    """A sender's settings; None is no limit."""

    most_a_day: int | None = None
    most_an_hour: int | None = None
    most_an_hour_each: int | None = None
    warms_up_since: date | None = None

    def most_on(self, day: date) -> int | None:
        """Messages on a day (UTC): the warm-up's step or the daily limit, whichever is less."""
        step = (day - self.warms_up_since).days if self.warms_up_since is not None else len(RAMP)
        ramp = RAMP[max(step, 0)] if step < len(RAMP) else None
        known = [each for each in (ramp, self.most_a_day) if each is not None]
        return min(known) if known else None


@dataclass(frozen=True)
class Leave:
    """How many may be claimed now; where none, from when on there may be some."""

    many: int
    until: datetime | None = None


def allowed(cursor: Cursor, workspace_id: UUID, sender_id: UUID, wanted: int, *, at: datetime) -> Leave:
    """Take leave for up to `wanted` messages from the sender's own limits. One statement where it has none."""
    limits = _limits(cursor, workspace_id, sender_id)
    most = limits.most_on(at.astimezone(UTC).date())
    if most is None and limits.most_an_hour is None:
        return Leave(wanted)
    bucket = _locked(cursor, workspace_id, sender_id, [""], at=at)[""]
    many = wanted
    if limits.most_an_hour is not None:
        bucket.fill(limits.most_an_hour, at=at)
        many = min(many, int(bucket.tokens))
    today = at.astimezone(UTC).date()
    used = bucket.used if bucket.day == today else 0
    if most is not None:
        many = min(many, most - used)
    if many <= 0:
        if most is not None and used >= most:
            return Leave(0, datetime.combine(today + timedelta(days=1), datetime.min.time(), UTC))
        assert limits.most_an_hour is not None
        return Leave(0, at + timedelta(seconds=min(60.0, 3600 / limits.most_an_hour)))
    bucket.tokens -= many
    bucket.day, bucket.used = today, used + many
    _store(cursor, workspace_id, [bucket], at=at)
    return Leave(many)


def give_back(cursor: Cursor, workspace_id: UUID, sender_id: UUID, many: int, *, at: datetime) -> None:
    """Leave that was taken and not used."""
    cursor.execute(
        "UPDATE mail_bucket SET tokens = tokens + %(many)s, "
        "  used = CASE WHEN day = %(day)s THEN GREATEST(0, used - %(many)s) ELSE used END "
        "WHERE workspace_id = %(workspace)s AND sender_id = %(sender)s AND provider = ''",
        {"many": many, "day": at.astimezone(UTC).date(), "workspace": workspace_id, "sender": sender_id},
    )


def providers(cursor: Cursor, workspace_id: UUID, domains: Iterable[str]) -> dict[str, str]:
    """Domain to mailbox provider; a domain that nobody looked up is one of its own."""
    asked = sorted(set(domains))
    cursor.execute(
        "SELECT domain, provider FROM mail_exchange WHERE workspace_id = %s AND domain = ANY(%s)", [workspace_id, asked]
    )
    return {domain: domain for domain in asked} | dict(cursor.fetchall())


def held_back(
    cursor: Cursor, workspace_id: UUID, sender_id: UUID, recipients: Mapping[Message, str], *, at: datetime
) -> dict[Message, datetime]:
    """Which of some messages (with their providers) may not go there now, and when they may."""
    groups = sorted(set(recipients.values()))
    each = _limits(cursor, workspace_id, sender_id).most_an_hour_each
    found: dict[Message, datetime] = {}
    if each is None:
        cursor.execute(
            "SELECT provider, blocked_until FROM mail_bucket WHERE workspace_id = %s AND sender_id = %s "
            "AND provider = ANY(%s) AND blocked_until > %s",
            [workspace_id, sender_id, groups, at],
        )
        blocked = dict(cursor.fetchall())
        return (
            {row: blocked[provider] for row, provider in recipients.items() if provider in blocked} if blocked else {}
        )
    locked = _locked(cursor, workspace_id, sender_id, groups, at=at)
    excess: Counter[str] = Counter()
    for bucket in locked.values():
        bucket.fill(each, at=at)
    for row, provider in recipients.items():
        bucket = locked[provider]
        if bucket.blocked_until is not None and bucket.blocked_until > at:
            found[row] = bucket.blocked_until
        elif bucket.tokens >= 1:
            bucket.tokens -= 1
        else:
            excess[provider] += 1
            found[row] = at + timedelta(seconds=excess[provider] * 3600 / each)
    _store(cursor, workspace_id, list(locked.values()), at=at)
    return found


def wants_less(reply: str) -> bool:
    """Whether a server's words ask to be left alone for a while, rather than saying something of one mailbox."""
    return bool(SLOW_DOWN.match(reply))


def learn(
    cursor: Cursor,
    workspace_id: UUID,
    sender_id: UUID,
    *,
    struck: Iterable[str],
    accepted: Iterable[str],
    at: datetime,
) -> None:
    """Leave providers alone that asked for it: a minute, and twice as long each time. One that accepts is forgiven."""
    struck = sorted(set(struck))
    if struck:
        cursor.execute(
            "INSERT INTO mail_bucket AS b (id, created_at, workspace_id, sender_id, provider, tokens, filled_at, "
            "  blocked_until, strikes, used) "
            "SELECT t.id, %(at)s, %(workspace)s, %(sender)s, t.provider, 0, %(at)s, %(at)s + interval '1 minute', 1, 0 "
            "FROM unnest(%(ids)s::uuid[], %(providers)s::text[]) AS t(id, provider) ORDER BY t.provider "
            "ON CONFLICT (workspace_id, sender_id, provider) DO UPDATE SET strikes = LEAST(b.strikes + 1, 100), "
            "  blocked_until = %(at)s + LEAST(interval '1 minute' * power(2, LEAST(b.strikes, 10)), %(longest)s) "
            # Two processes that were told the same thing count it once.
            "WHERE b.blocked_until IS NULL OR b.blocked_until <= %(at)s",
            {
                "at": at,
                "workspace": workspace_id,
                "sender": sender_id,
                "ids": [new_id() for _one in struck],
                "providers": struck,
                "longest": LONGEST_BLOCK,
            },
        )
    if forgiven := sorted(set(accepted) - set(struck)):
        cursor.execute(
            "UPDATE mail_bucket SET strikes = 0 WHERE workspace_id = %s AND sender_id = %s AND provider = ANY(%s) "
            "AND strikes > 0 AND blocked_until <= %s",
            [workspace_id, sender_id, forgiven, at],
        )


@dataclass
class _Bucket:
    id: UUID
    provider: str
    tokens: float
    filled_at: datetime
    blocked_until: datetime | None
    day: date | None
    used: int

    def fill(self, an_hour: int, *, at: datetime) -> None:
        """What has come in since it was counted last, up to what it holds."""
        seconds = max((at - self.filled_at).total_seconds(), 0.0)
        self.tokens = min(max(1.0, an_hour * BURST), self.tokens + seconds * an_hour / 3600)
        self.filled_at = at


def _limits(cursor: Cursor, workspace_id: UUID, sender_id: UUID) -> Limits:
    cursor.execute(
        "SELECT most_a_day, most_an_hour, most_an_hour_each, warms_up_since FROM mail_sender "
        "WHERE workspace_id = %s AND id = %s",
        [workspace_id, sender_id],
    )
    found = cursor.fetchall()
    return Limits(*found[0]) if found else Limits()


def _locked(
    cursor: Cursor, workspace_id: UUID, sender_id: UUID, groups: Sequence[str], *, at: datetime
) -> dict[str, _Bucket]:
    """Buckets, made full where they are new, and ours until the transaction ends; always in the same order."""
    known = {"workspace": workspace_id, "sender": sender_id, "providers": sorted(groups), "at": at}
    cursor.execute(
        "INSERT INTO mail_bucket (id, created_at, workspace_id, sender_id, provider, tokens, filled_at, strikes, used) "
        "SELECT t.id, %(at)s, %(workspace)s, %(sender)s, t.provider, 0, %(at)s - interval '1 minute', 0, 0 "
        "FROM unnest(%(ids)s::uuid[], %(providers)s::text[]) AS t(id, provider) ORDER BY t.provider "
        "ON CONFLICT (workspace_id, sender_id, provider) DO NOTHING",
        {**known, "ids": [new_id() for _one in groups]},
    )
    cursor.execute(
        "SELECT id, provider, tokens, filled_at, blocked_until, day, used FROM mail_bucket "
        "WHERE workspace_id = %(workspace)s AND sender_id = %(sender)s AND provider = ANY(%(providers)s) "
        "ORDER BY provider FOR UPDATE",
        known,
    )
    return {row[1]: _Bucket(*row) for row in cursor.fetchall()}


def _store(cursor: Cursor, workspace_id: UUID, buckets: Sequence[_Bucket], *, at: datetime) -> None:
    cursor.execute(
        "UPDATE mail_bucket b SET tokens = t.tokens, filled_at = %(at)s, day = t.day, used = t.used "
        "FROM unnest(%(ids)s::uuid[], %(tokens)s::float8[], %(days)s::date[], %(used)s::int[]) AS t(id, tokens, day, used) "
        "WHERE b.id = t.id AND b.workspace_id = %(workspace)s",
        {
            "at": at,
            "workspace": workspace_id,
            "ids": [bucket.id for bucket in buckets],
            "tokens": [bucket.tokens for bucket in buckets],
            "days": [bucket.day for bucket in buckets],
            "used": [bucket.used for bucket in buckets],
        },
    )
